// The page in Chromium under conditions: invitations that end, connections that break, keyboards, small windows.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Server } from "./support/server.mjs";
import { useWindows } from "./support/windows.mjs";

const windows = useWindows();

describe("an invitation", () => {
  it("ends visibly when nobody accepts it in time", async () => {
    const hasty = await Server.start({ BATON_DELIVERY_TIMEOUT_MS: "1500" });
    try {
      const desk = await windows.logIn("agent1", {}, hasty);
      await desk.ready("chat");
      await desk.submit("Too late");
      await desk.offer("Too late").waitFor();
      await desk.notice("Expired: not accepted in time").waitFor();
      await desk.screenshot("expired");
    } finally {
      await hasty.stop();
    }
  });

  it("can be accepted by the keyboard alone", async () => {
    const desk = await windows.open();
    await desk.page.getByLabel("User name").focus();
    await desk.page.keyboard.type("agent1");
    await desk.page.keyboard.press("Tab");
    await desk.page.keyboard.type("demo");
    await desk.page.keyboard.press("Enter");
    await desk.connection("Connected").waitFor();
    await desk.page.keyboard.press("Alt+KeyR");
    await desk.page.getByRole("switch", { name: "chat", checked: true }).waitFor();

    await windows.server.as("mediaserver").submit("By Tab and Enter");
    const offer = desk.offer("By Tab and Enter");
    await offer.waitFor();
    // Nobody was typing, so the card has the focus; its first control is Accept.
    await desk.page.waitForFunction(() => document.activeElement?.getAttribute("role") === "alertdialog");
    await desk.page.keyboard.press("Tab");
    await desk.page.keyboard.press("Enter");
    await desk.work("By Tab and Enter", "Processing").waitFor();
    await desk.page.keyboard.press("Alt+KeyE");
    await desk.notice("is completed").first().waitFor();

    await windows.server.as("mediaserver").submit("By its key");
    await desk.offer("By its key").waitFor();
    await desk.page.keyboard.press("Alt+KeyA");
    await desk.work("By its key", "Processing").waitFor();
    await desk.page.keyboard.press("Alt+KeyE");
    await desk.row("By its key").waitFor({ state: "detached" });
  });

  it("takes no keystroke from one who is typing", async () => {
    const desk = await windows.logIn("agent1");
    await desk.ready("chat");
    const subject = desk.page.getByLabel("Subject");
    await subject.fill("");
    await subject.focus();
    await desk.page.keyboard.type("before ");
    await windows.server.as("mediaserver").submit("Interrupting");
    await desk.offer("Interrupting").waitFor();
    await desk.page.keyboard.type("after");
    assert.equal(await subject.inputValue(), "before after");
    await desk.accept("Interrupting");
    await desk.button("Complete").click();
    await desk.notice("is completed").waitFor();
  });
});

describe("several invitations", () => {
  it("stand together, and the keys go from one interaction to the next", async () => {
    const desk = await windows.logIn("agent1");
    await desk.ready("chat");
    for (const subject of ["First", "Second"]) {
      await windows.server.as("mediaserver").submit(subject);
      await desk.offer(subject).waitFor();
    }
    await desk.offer("First").getByText("1 of 2").waitFor();
    await desk.offer("Second").getByText("2 of 2").waitFor();
    await desk.screenshot("two-invitations");
    await desk.page.keyboard.press("Alt+KeyA");
    await desk.work("First", "Processing").waitFor();
    await desk.page.keyboard.press("Alt+KeyA");
    await desk.work("Second", "Processing").waitFor();
    await desk.page.keyboard.press("Alt+KeyJ");
    await desk.work("First").waitFor();
    await desk.page.keyboard.press("Alt+KeyK");
    await desk.work("Second").waitFor();
  });
});

describe("the connection", () => {
  for (const transport of ["long-polling", "websocket"]) {
    it(`works over ${transport}`, async () => {
      const desk = await windows.logIn("agent1", { path: `/?transport=${transport}` });
      assert.equal(await desk.connection("Connected").getAttribute("title"), `by ${transport}`);
      await desk.ready("chat");
      await desk.submit(`Over ${transport}`);
      await desk.accept(`Over ${transport}`);
      await desk.button("Complete").click();
      await desk.notice("is completed").waitFor();
    });

    it(`comes back over ${transport} after the server was killed, with everything there`, async () => {
      const desk = await windows.logIn("agent1", { path: `/?transport=${transport}` });
      await desk.ready("chat");
      await desk.submit("Survivor");
      await desk.accept("Survivor");
      await windows.server.kill();
      await desk.connection("Reconnecting").waitFor();
      await desk.screenshot(`reconnecting-${transport}`);
      await windows.server.run();
      await desk.connection("Connected").waitFor();
      await desk.work("Survivor", "Processing").waitFor();
      await desk.page.getByLabel("New key").fill("still");
      await desk.page.getByLabel("New value").fill("here");
      await desk.button("Add").click();
      await desk.dataRow("still").getByText("here").waitFor();
      await desk.button("Complete").click();
      await desk.notice("is completed").waitFor();
    });
  }
});

describe("after an absence", () => {
  it("the desk shows what happened meanwhile", async () => {
    const desk = await windows.logIn("agent1", { path: "/?transport=long-polling" });
    await desk.ready("chat");
    await desk.submit("Done elsewhere");
    await desk.accept("Done elsewhere");
    const { interactions: [{ id }] } = await windows.server.as("agent1").get("/me/interactions?fields=*");
    await desk.goAway();
    await desk.connection("Reconnecting").waitFor();
    await windows.server.as("agent1").operate(id, "Complete");
    assert.equal(await desk.row("Done elsewhere").count(), 1);
    await desk.comeBack();
    await desk.connection("Connected").waitFor();
    await desk.row("Done elsewhere").waitFor({ state: "detached" });
    await desk.notice(/“Done elsewhere” is (completed|no longer yours)/).waitFor();
  });
});

describe("accessibility", () => {
  for (const colorScheme of ["light", "dark"]) {
    it(`has no serious violation in the ${colorScheme} scheme`, async () => {
      const desk = await windows.open({ colorScheme, reducedMotion: "reduce" });
      await desk.button("Log in").waitFor();
      assert.deepEqual(await desk.violations(), [], "log in");
      await desk.fillLogIn("agent1", "demo");
      await desk.connection("Connected").waitFor();
      await desk.ready("chat");
      await desk.submit("For axe");
      await desk.offer("For axe").waitFor();
      assert.deepEqual(await desk.violations(), [], "with an invitation");
      await desk.accept("For axe");
      await desk.button("Edit customer").click();
      assert.deepEqual(await desk.violations(), [], "with work and an open editor");
      await desk.screenshot(`work-${colorScheme}`);
      await desk.button("Complete").click();
      await desk.notice("is completed").waitFor();
    });
  }

  it("fits a window of 320 pixels", async () => {
    const desk = await windows.logIn("agent1", { viewport: { width: 320, height: 640 } });
    await desk.ready("chat");
    await desk.submit("A subject that is a good deal longer than such a window is wide");
    await desk.offer("A subject").waitFor();
    await desk.screenshot("narrow-offer");
    await desk.accept("A subject that is a good deal longer than such a window is wide");
    const overflow = await desk.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(overflow <= 0, `wider than the window by ${overflow} px`);
    await desk.screenshot("narrow-work");
    await desk.button("Complete").click();
    await desk.notice("is completed").waitFor();
  });
});

describe("the content policy", () => {
  for (const path of ["/", "/docs", "/monitor"]) {
    it(`of ${path} allows the server's own scripts and styles only`, async () => {
      const response = await fetch(windows.server.url + path);
      assert.match(response.headers.get("Content-Type"), /^text\/html/);
      const policy = response.headers.get("Content-Security-Policy") ?? "";
      assert.match(policy, /default-src 'none'/);
      assert.match(policy, /script-src 'self'(;|$)/);
      assert.match(policy, /style-src 'self'(;|$)/);
      assert.match(policy, /frame-ancestors 'none'/);
      assert.doesNotMatch(policy, /unsafe|\*|https?:/);
    });
  }
});

describe("the API documentation", () => {
  it("shows the operations of the server's own document, without asking anyone else", async () => {
    const desk = await windows.open({ path: "/docs" });
    const operation = desk.page.locator(".opblock").filter({ hasText: "/me/interactions/{id}" }).first();
    await operation.waitFor();
    await operation.getByRole("button").first().click();
    await operation.getByText("Responses", { exact: true }).waitFor();
    await desk.screenshot("docs");
  });
});
