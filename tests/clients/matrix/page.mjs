// A client in a page of Chromium. The page's address is the server's, as the check of origins wants it; what it loads
// is this folder, so that the library is the file its package ships.

import { readFile } from "node:fs/promises";
import { launch } from "../support/desk.mjs";

const FOLDER = new URL("../", import.meta.url);
const BASE = "/clients/";
const TYPES = { js: "text/javascript", mjs: "text/javascript" };

let browser;

/** Opens a window of its own with a client; the answer ends it. */
export async function openPage(client, options, tell) {
  browser ??= launch();
  const context = await (await browser).newContext();
  const page = await context.newPage();
  await context.route((url) => url.pathname.startsWith(BASE), serve);
  await page.goto(new URL(BASE, options.url).href);
  page.on("console", (message) => tell({ kind: "console", text: message.text() }));
  page.on("pageerror", ({ message }) => tell({ kind: "console", text: message }));
  await page.exposeFunction("tell", tell);
  for (const script of client.scripts ?? []) {
    await page.addScriptTag({ url: `${BASE}node_modules/${script}` });
  }
  await page.evaluate(begin, { base: BASE, driver: client.driver, module: client.module, options });
  return async ({ abruptly }) => {
    if (!abruptly) {
      await page.evaluate(() => window.end());
    }
    await context.close();
  };
}

export async function closeBrowser() {
  await (await browser)?.close();
  browser = undefined;
}

/** Runs in the page. Libraries that are no modules have left themselves in the page's globals. */
async function begin({ base, driver, module, options }) {
  const { live } = await import(`${base}drivers/${driver}`);
  const library = module ? await import(`${base}node_modules/${module}`) : window.org?.cometd ?? window.Faye;
  window.end = live(library, options, window.tell);
}

async function serve(route) {
  const path = new URL(route.request().url()).pathname.slice(BASE.length);
  const type = TYPES[path.split(".").at(-1)];
  if (!type) {
    return route.fulfill({ contentType: "text/html", body: "<!doctype html><title>A client</title>" });
  }
  return route.fulfill({ contentType: type, body: await readFile(new URL(path, FOLDER), "utf8") });
}
