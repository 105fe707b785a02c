// The page as a person uses it: by the names of things, not by their markup.

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";
import { chromium } from "playwright-core";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const WAIT_MS_MAX = 15_000;

export function launch() {
  if (!existsSync(executablePath)) {
    throw new Error(`${executablePath} is not there: install Chromium, or name it in CHROMIUM`);
  }
  return chromium.launch({
    executablePath,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--no-first-run",
    ],
  });
}

export class Desk {
  /** A window of its own, with its own cookies. */
  static async open(browser, server, { path = "/", ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", ...options });
    context.setDefaultTimeout(WAIT_MS_MAX);
    return Desk.#openPage(context, server.url + path, []);
  }

  /** A tab of the same browser: it shares the cookies, and closes with the window. */
  openTab() {
    return Desk.#openPage(this.context, this.page.url(), this.faults);
  }

  static async #openPage(context, url, faults) {
    const desk = new Desk();
    desk.context = context;
    desk.faults = faults;
    desk.page = await context.newPage();
    desk.page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
    desk.page.on("console", (message) => {
      if (/Content Security Policy/i.test(message.text())) {
        faults.push(message.text());
      }
    });
    desk.page.on("request", (request) => {
      if (/^(https?|wss?):/.test(request.url()) && new URL(request.url()).host !== new URL(url).host) {
        faults.push(`foreign request: ${request.url()}`);
      }
    });
    await desk.page.goto(url);
    return desk;
  }

  static async logIn(browser, server, userName, options) {
    const desk = await Desk.open(browser, server, options);
    await desk.fillLogIn(userName, "demo");
    await desk.connection("Connected").waitFor();
    return desk;
  }

  async fillLogIn(userName, password) {
    await this.page.getByLabel("User name").fill(userName);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Log in" }).click();
  }

  /** Closes the window; whatever went wrong in it fails the test. */
  async close() {
    await this.context.close();
    assert.deepEqual(this.faults, []);
  }

  /** The window's requests for notifications fail from now on, once the one under way has ended. */
  goAway() {
    return this.page.route("**/notifications**", (route) => route.abort());
  }

  comeBack() {
    return this.page.unroute("**/notifications**");
  }

  connection(text) {
    return this.page.getByRole("status").filter({ hasText: text });
  }

  channel(name) {
    return this.page.getByRole("switch", { name });
  }

  async ready(name) {
    await this.channel(name).click();
    await this.page.getByRole("switch", { name, checked: true }).waitFor();
  }

  async notReady(name) {
    await this.channel(name).click();
    await this.page.getByRole("switch", { name, checked: false }).waitFor();
  }

  offer(subject) {
    return this.page.getByRole("alertdialog", { name: subject });
  }

  async accept(subject) {
    await this.offer(subject).getByRole("button", { name: "Accept" }).click();
    await this.work(subject, "Processing").waitFor();
  }

  work(subject, state) {
    const article = this.page.getByRole("article", { name: subject, exact: true });
    return state ? article.filter({ hasText: state }) : article;
  }

  row(subject) {
    return this.page.getByRole("region", { name: /My interactions/ }).getByRole("button", { name: subject });
  }

  button(name) {
    return this.page.getByRole("button", { name, exact: true });
  }

  dataRow(key) {
    return this.page.getByRole("row").filter({ has: this.page.getByRole("rowheader", { name: key, exact: true }) });
  }

  notice(text) {
    return this.page.getByText(text);
  }

  async submit(subject, { mediaType = "chat", queue = mediaType } = {}) {
    await this.page.getByRole("combobox", { name: "Media type" }).selectOption(mediaType);
    await this.page.getByRole("combobox", { name: "Queue", exact: true }).selectOption(queue);
    await this.page.getByLabel("Subject").fill(subject);
    await this.button("Submit").click();
  }

  async screenshot(name) {
    const folder = process.env.BATON_SCREENSHOTS;
    if (folder) {
      await mkdir(folder, { recursive: true });
      await this.page.screenshot({ path: join(folder, `${name}.png`), animations: "disabled" });
    }
  }

  /** Serious and critical violations of the accessibility rules, as axe-core sees the page now. */
  async violations() {
    await this.page.evaluate(axe.source);
    const found = await this.page.evaluate(() => window.axe.run());
    assert.ok(found.passes.length > 10, "axe has looked at something");
    return found.violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`);
  }
}
