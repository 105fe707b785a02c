// A client in a page of Chromium. The page is the server's own, as the check of origins wants it, and so is where the
// browser thinks its scripts come from; they are the files of this folder, and the library's those that its package ships.

import { readFile } from "node:fs/promises";
import { launch } from "../support/desk.mjs";

const FOLDER = new URL("../", import.meta.url);
const BASE = "/clients/";
/** A page of the server with no scripts: whatever it lets pages do, this one runs ours. */
const PAGE = "/health/live";

let browser;

/** Opens a window of its own with a client; the answer ends it. */
export async function openPage(client, options, tell) {
  browser ??= launch();
  const context = await (await browser).newContext({ bypassCSP: true });
  const page = await context.newPage();
  await context.route((url) => url.pathname.startsWith(BASE), serve);
  await page.goto(new URL(PAGE, options.url).href);
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
  return route.fulfill({ contentType: "text/javascript", body: await readFile(new URL(path, FOLDER), "utf8") });
}
