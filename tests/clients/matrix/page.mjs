// A client in a page of Chromium. The browser thinks that the page and its scripts are the server's own, as the check of
// origins wants it; the page is empty, and the scripts are the files of this folder and those that the package ships.

import { readFile } from "node:fs/promises";
import { launch } from "../support/desk.mjs";

const FOLDER = new URL("../", import.meta.url);
const BASE = "/clients/";
/** A page with no scripts and no policy for them, which the server's own have. */
const PAGE = `${BASE}page.html`;

let browser;

/** Opens a window of its own with a client; the answer ends it. */
export async function openPage(client, options, tell) {
  browser ??= launch();
  const context = await (await browser).newContext();
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
  const { pathname } = new URL(route.request().url());
  if (pathname === PAGE) {
    return route.fulfill({ contentType: "text/html", body: "<!doctype html>" });
  }
  const path = pathname.slice(BASE.length);
  return route.fulfill({ contentType: "text/javascript", body: await readFile(new URL(path, FOLDER), "utf8") });
}
