// The examples, as their readers run them.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { launch } from "./support/desk.mjs";
import { Server } from "./support/server.mjs";

const execute = promisify(execFile);
const example = (path) => fileURLToPath(new URL(`../../examples/${path}`, import.meta.url));
const python = fileURLToPath(new URL(".venv/bin/python", import.meta.url));
const TYPES = { ".html": "text/html", ".mjs": "text/javascript", ".js": "text/javascript" };

describe("the example", () => {
  let server, pages;

  before(async () => {
    pages = createServer(serve).listen(0, "127.0.0.1");
    await new Promise((resolve) => pages.once("listening", resolve));
    server = await Server.start({ BATON_ALLOWED_ORIGINS: `http://127.0.0.1:${pages.address().port}` });
  });
  after(async () => {
    pages?.close();
    await server?.stop();
  });

  const run = async (program, ...parameters) => {
    const options = { env: { ...process.env, BATON_URL: server.url }, timeout: 60_000 };
    return (await execute(program, parameters, options)).stdout;
  };

  it("by curl plays its story", async () => {
    const told = await run("bash", example("curl/desk.sh"));
    assert.match(told, /told: (\S+) is Invited\n[^]*told: \1 is Processing\n[^]*told: \1 is Completed\n/);
  });

  it("in Node plays its story", async () => {
    const told = await run("node", example("javascript/node.mjs"));
    assert.match(told, /^(\S+) is offered to the agent\n\1 is the agent's\n\1 is completed\n$/);
  });

  it("in Python plays its story", async () => {
    const told = await run(python, example("python/desk.py"));
    assert.match(told, /^(\S+) is Invited\n\1 is Processing\n\1 is Completed\n$/);
  });

  it("in a browser plays its story, on a page of another origin", async () => {
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${pages.address().port}/?url=${server.url}`);
      await page.getByRole("listitem").filter({ hasText: "the end" }).waitFor({ timeout: 20_000 });
      const told = (await page.getByRole("listitem").allTextContents()).join("\n");
      assert.match(told, /^(\S+) is offered to the agent\n\1 is the agent's\n\1 is completed\nthe end$/);
    } finally {
      await browser.close();
    }
  });
});

/** The folder of the example, as any server of files gives it. */
async function serve(request, response) {
  const { pathname } = new URL(request.url, "http://127.0.0.1");
  const path = join(example("javascript"), normalize(pathname === "/" ? "/index.html" : pathname));
  try {
    const body = await readFile(path);
    response.writeHead(200, { "Content-Type": TYPES[extname(path)] ?? "application/octet-stream" }).end(body);
  } catch {
    response.writeHead(404).end();
  }
}
