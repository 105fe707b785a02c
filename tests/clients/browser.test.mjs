// The page in Chromium, used as people use it.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { Desk, launch } from "./support/desk.mjs";
import { Server } from "./support/server.mjs";

let browser;
let server;
const desks = [];

before(async () => {
  browser = await launch();
  server = await Server.start({ BATON_COMETD_TIMEOUT_MS: "3000" });
});
afterEach(async () => {
  // All windows close before the first fault is reported, and nobody is left on duty for the next test.
  const closed = await Promise.allSettled(desks.splice(0).map((desk) => desk.close()));
  await Promise.all(["agent1", "agent2"].map((userName) => clearDesk(server.as(userName))));
  const failed = closed.find(({ status }) => status === "rejected");
  if (failed) {
    throw failed.reason;
  }
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

async function clearDesk(agent) {
  const { interactions } = await agent.get("/me/interactions?fields=*").catch(() => ({ interactions: [] }));
  for (const { id } of interactions.filter(({ state }) => state === "Processing")) {
    await agent.operate(id, "Complete").catch(() => {});
  }
  await agent.post("/me", { operationName: "EndContactCenterSession" }).catch(() => {});
}

async function logIn(userName, options, where = server) {
  const desk = await Desk.logIn(browser, where, userName, options);
  desks.push(desk);
  return desk;
}

async function open(options) {
  const desk = await Desk.open(browser, server, options);
  desks.push(desk);
  return desk;
}

describe("logging in", () => {
  it("says so when the password is wrong, and lets one try again", async () => {
    const desk = await open();
    await desk.fillLogIn("agent1", "wrong");
    await desk.page.getByRole("alert").filter({ hasText: "password is wrong" }).waitFor();
    assert.equal(await desk.channel("chat").count(), 0);
    await desk.fillLogIn("agent1", "demo");
    await desk.connection("Connected").waitFor();
  });

  it("starts a session on every channel, not ready, and survives a reload", async () => {
    const desk = await logIn("agent1");
    for (const channel of ["chat", "email", "workitem"]) {
      await desk.page.getByRole("switch", { name: new RegExp(`${channel}.*Not Ready`, "i"), checked: false }).waitFor();
    }
    await desk.ready("email");
    await desk.page.reload();
    await desk.connection("Connected").waitFor();
    await desk.page.getByRole("switch", { name: "email", checked: true }).waitFor();
  });

  it("ends at log out, for the cookie too", async () => {
    const desk = await logIn("agent1");
    await desk.button("Log out").click();
    await desk.button("Log in").waitFor();
    const status = await desk.page.evaluate(async () => (await fetch("api/v2/me")).status);
    assert.equal(status, 401);
  });

  it("ends in every tab of the browser", async () => {
    const desk = await logIn("agent1");
    const tab = await desk.openTab();
    await tab.connection("Connected").waitFor();
    await desk.button("Log out").click();
    await desk.button("Log in").waitFor();
    await tab.channel("chat").click().catch(() => {}); // it may have noticed already
    await tab.notice("Your session has ended").waitFor();
    await tab.button("Log in").waitFor();
  });
});

describe("who is not an agent", () => {
  it("is told that the desk is for agents", async () => {
    const desk = await logIn("supervisor");
    await desk.page.getByRole("heading", { name: "No desk for this user" }).waitFor();
    assert.equal(await desk.channel("chat").count(), 0);
  });
});

describe("the content policy", () => {
  for (const path of ["/", "/docs"]) {
    it(`of ${path} allows the server's own scripts and styles only`, async () => {
      const response = await fetch(server.url + path);
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

describe("working", () => {
  it("takes an interaction from invitation over a transfer to completion", async () => {
    const one = await logIn("agent1");
    const two = await logIn("agent2", { colorScheme: "dark" });
    await one.ready("chat");
    await one.submit("Where is my order?");

    const offer = one.offer("Where is my order?");
    await offer.waitFor();
    const left = Number.parseInt(await offer.locator(".countdown").textContent(), 10);
    assert.ok(left > 20 && left <= 30, `counts down from 30 s: ${left}`);
    await one.page.waitForFunction((from) => Number.parseInt(document.querySelector(".countdown").textContent, 10) < from, left);
    await one.screenshot("invitation");
    await one.accept("Where is my order?");
    await offer.waitFor({ state: "detached" });

    await one.button("Edit customer").click();
    await one.page.getByLabel("Value of customer").fill("Grace");
    await one.screenshot("editing");
    await one.button("Save").click();
    await one.dataRow("customer").getByText("Grace").waitFor();
    await one.page.getByLabel("New key").fill("address");
    await one.page.getByLabel("New value").fill('{"city":"Bonn","street":"Am Hof"}');
    await one.button("Add").click();
    await one.dataRow("address › city").getByText("Bonn").waitFor();
    await one.button("Delete address › street").click();
    await one.dataRow("address › street").waitFor({ state: "detached" });

    await two.ready("chat");
    await one.page.getByLabel("Transfer to").fill("agent2");
    await one.button("Transfer").click();
    await one.work("Where is my order?", "Transferring").waitFor();
    await one.screenshot("transferring");
    await two.offer("Where is my order?").waitFor();
    await two.screenshot("transfer-offered");
    await two.accept("Where is my order?");
    await one.row("Where is my order?").waitFor({ state: "detached" });
    await one.notice("was transferred").waitFor();

    await two.dataRow("customer").getByText("Grace").waitFor();
    await two.dataRow("address › city").getByText("Bonn").waitFor();
    assert.equal(await two.dataRow("address › street").count(), 0);
    await two.button("Complete").click();
    await two.notice("is completed").waitFor();
    assert.equal(await two.row("Where is my order?").count(), 0);
  });

  it("tells the sender when a transfer is rejected, and leaves it with him", async () => {
    const one = await logIn("agent1");
    const two = await logIn("agent2");
    await one.ready("chat");
    await one.submit("Not for me");
    await one.accept("Not for me");
    await two.ready("chat");
    await one.page.getByLabel("Transfer to").fill("agent2");
    await one.button("Transfer").click();
    await two.offer("Not for me").getByRole("button", { name: "Reject" }).click();
    await two.notice("You rejected it").waitFor();
    await one.work("Not for me", "Processing").waitFor();
    await one.page.getByRole("alert").filter({ hasText: /\w/ }).waitFor();
    await one.button("Complete").click();
    await one.notice("is completed").waitFor();
  });

  it("places in a workbin and pulls from it", async () => {
    const one = await logIn("agent1");
    const two = await logIn("agent2");
    await one.ready("workitem");
    await one.submit("Contract 12", { mediaType: "workitem" });
    await one.accept("Contract 12");
    await one.page.getByRole("combobox", { name: "Place in workbin" }).selectOption("team");
    await one.button("Place in workbin").click();
    await one.notice("was placed in workbin").waitFor();

    await two.page.locator("summary").filter({ hasText: /team/i }).click();
    await two.button("Pull Contract 12").click();
    await two.work("Contract 12", "Processing").waitFor();
    await two.button("Pull Contract 12").waitFor({ state: "detached" });
    await two.screenshot("pulled");
    await two.button("Complete").click();
    await two.notice("is completed").waitFor();
  });

  it("places in another queue, for the next who is ready", async () => {
    const one = await logIn("agent1");
    await one.ready("email");
    await one.submit("Moved", { mediaType: "email" });
    await one.accept("Moved");
    await one.notReady("email");
    await one.page.getByRole("combobox", { name: "Place in queue" }).selectOption("workitem");
    await one.button("Place in queue").click();
    await one.notice("was placed in queue workitem").waitFor();
    assert.equal(await one.row("Moved").count(), 0);

    await one.ready("email");
    await one.offer("Moved").getByText("workitem").waitFor();
    await one.accept("Moved");
    await one.button("Complete").click();
    await one.notice("is completed").waitFor();
  });

  it("drafts a reply and discards it", async () => {
    const one = await logIn("agent1");
    await one.ready("email");
    await one.submit("Question", { mediaType: "email" });
    await one.accept("Question");
    await one.button("Reply").click();
    await one.page.getByRole("article").filter({ hasText: "Composing" }).waitFor();
    assert.equal(await one.button("Complete").count(), 0, "a draft is not completed");
    await one.button("Cancel").click();
    await one.notice("was discarded").waitFor();
    await one.row("Question").click();
    await one.button("Complete").click();
    await one.notice("is completed").waitFor();
  });

  it("shows news of one window in the other of the same agent", async () => {
    const one = await logIn("agent1");
    const other = await logIn("agent1");
    await one.ready("chat");
    await one.submit("Two windows");
    await other.offer("Two windows").waitFor();
    await one.accept("Two windows");
    await other.offer("Two windows").waitFor({ state: "detached" });
    await other.notice("accepted in another window").waitFor();
    await other.row("Two windows").click();
    await other.button("Complete").click();
    await one.row("Two windows").waitFor({ state: "detached" });
  });
});

describe("an invitation", () => {
  it("ends visibly when nobody accepts it in time", async () => {
    const hasty = await Server.start({ BATON_DELIVERY_TIMEOUT_MS: "1500" });
    try {
      const desk = await logIn("agent1", {}, hasty);
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
    const desk = await open();
    await desk.page.getByLabel("User name").focus();
    await desk.page.keyboard.type("agent1");
    await desk.page.keyboard.press("Tab");
    await desk.page.keyboard.type("demo");
    await desk.page.keyboard.press("Enter");
    await desk.connection("Connected").waitFor();
    await desk.page.keyboard.press("Alt+KeyR");
    await desk.page.getByRole("switch", { name: "chat", checked: true }).waitFor();

    await server.as("mediaserver").submit("By Tab and Enter");
    const offer = desk.offer("By Tab and Enter");
    await offer.waitFor();
    // Nobody was typing, so the card has the focus; its first control is Accept.
    await desk.page.waitForFunction(() => document.activeElement?.getAttribute("role") === "alertdialog");
    await desk.page.keyboard.press("Tab");
    await desk.page.keyboard.press("Enter");
    await desk.work("By Tab and Enter", "Processing").waitFor();
    await desk.page.keyboard.press("Alt+KeyE");
    await desk.notice("is completed").first().waitFor();

    await server.as("mediaserver").submit("By its key");
    await desk.offer("By its key").waitFor();
    await desk.page.keyboard.press("Alt+KeyA");
    await desk.work("By its key", "Processing").waitFor();
    await desk.page.keyboard.press("Alt+KeyE");
    await desk.row("By its key").waitFor({ state: "detached" });
  });

  it("takes no keystroke from one who is typing", async () => {
    const desk = await logIn("agent1");
    await desk.ready("chat");
    const subject = desk.page.getByLabel("Subject");
    await subject.fill("");
    await subject.focus();
    await desk.page.keyboard.type("before ");
    await server.as("mediaserver").submit("Interrupting");
    await desk.offer("Interrupting").waitFor();
    await desk.page.keyboard.type("after");
    assert.equal(await subject.inputValue(), "before after");
    await desk.accept("Interrupting");
    await desk.button("Complete").click();
    await desk.notice("is completed").waitFor();
  });
});

describe("the connection", () => {
  for (const transport of ["long-polling", "websocket"]) {
    it(`works over ${transport}`, async () => {
      const desk = await logIn("agent1", { path: `/?transport=${transport}` });
      assert.equal(await desk.connection("Connected").getAttribute("title"), `by ${transport}`);
      await desk.ready("chat");
      await desk.submit(`Over ${transport}`);
      await desk.accept(`Over ${transport}`);
      await desk.button("Complete").click();
      await desk.notice("is completed").waitFor();
    });

    it(`comes back over ${transport} after the server was killed, with everything there`, async () => {
      const desk = await logIn("agent1", { path: `/?transport=${transport}` });
      await desk.ready("chat");
      await desk.submit("Survivor");
      await desk.accept("Survivor");
      await server.kill();
      await desk.connection("Reconnecting").waitFor();
      await desk.screenshot(`reconnecting-${transport}`);
      await server.run();
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
    const desk = await logIn("agent1", { path: "/?transport=long-polling" });
    await desk.ready("chat");
    await desk.submit("Done elsewhere");
    await desk.accept("Done elsewhere");
    const { interactions: [{ id }] } = await server.as("agent1").get("/me/interactions?fields=*");
    await desk.goAway();
    await desk.connection("Reconnecting").waitFor();
    await server.as("agent1").operate(id, "Complete");
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
      const desk = await open({ colorScheme, reducedMotion: "reduce" });
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
    const desk = await logIn("agent1", { viewport: { width: 320, height: 640 } });
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

describe("the API documentation", () => {
  it("shows the operations of the server's own document, without asking anyone else", async () => {
    const desk = await open({ path: "/docs" });
    const operation = desk.page.locator(".opblock").filter({ hasText: "/me/interactions/{id}" }).first();
    await operation.waitFor();
    await operation.getByRole("button").first().click();
    await operation.getByText("Responses", { exact: true }).waitFor();
    await desk.screenshot("docs");
  });
});
