// The page in Chromium, used as people use it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { useWindows } from "./support/windows.mjs";

const windows = useWindows();

describe("logging in", () => {
  it("says so when the password is wrong, and lets one try again", async () => {
    const desk = await windows.open();
    await desk.fillLogIn("agent1", "wrong");
    await desk.page.getByRole("alert").filter({ hasText: "password is wrong" }).waitFor();
    assert.equal(await desk.channel("chat").count(), 0);
    await desk.fillLogIn("agent1", "demo");
    await desk.connection("Connected").waitFor();
  });

  it("starts a session on every channel, not ready, and survives a reload", async () => {
    const desk = await windows.logIn("agent1");
    for (const channel of ["chat", "email", "workitem"]) {
      await desk.page.getByRole("switch", { name: new RegExp(`${channel}.*Not Ready`, "i"), checked: false }).waitFor();
    }
    await desk.ready("email");
    await desk.page.reload();
    await desk.connection("Connected").waitFor();
    await desk.page.getByRole("switch", { name: "email", checked: true }).waitFor();
  });

  it("ends at log out, for the cookie too", async () => {
    const desk = await windows.logIn("agent1");
    await desk.button("Log out").click();
    await desk.button("Log in").waitFor();
    const status = await desk.page.evaluate(async () => (await fetch("api/v2/me")).status);
    assert.equal(status, 401);
  });

  it("ends in every tab of the browser", async () => {
    const desk = await windows.logIn("agent1");
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
    const desk = await windows.logIn("supervisor");
    await desk.page.getByRole("heading", { name: "No desk for this user" }).waitFor();
    assert.equal(await desk.channel("chat").count(), 0);
  });
});

describe("working", () => {
  it("takes an interaction from invitation over a transfer to completion", async () => {
    const one = await windows.logIn("agent1");
    const two = await windows.logIn("agent2", { colorScheme: "dark" });
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
    await one.channel("chat").locator(".channel-load", { hasText: /^1/ }).waitFor();

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
    const one = await windows.logIn("agent1");
    const two = await windows.logIn("agent2");
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
    const one = await windows.logIn("agent1");
    const two = await windows.logIn("agent2");
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
    const one = await windows.logIn("agent1");
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
    const one = await windows.logIn("agent1");
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

  it("shows both values when data changes while it is being edited", async () => {
    const one = await windows.logIn("agent1");
    await one.ready("chat");
    await one.submit("Edited twice");
    await one.accept("Edited twice");
    await one.button("Edit customer").click();
    await one.page.getByLabel("Value of customer").fill("mine");
    const agent = windows.server.as("agent1");
    const { interactions: [{ id }] } = await agent.get("/me/interactions?fields=*");
    await agent.operate(id, "UpdateUserData", { userData: { customer: "theirs" } });
    await one.notice("Changed meanwhile to: theirs").waitFor();
    assert.equal(await one.page.getByLabel("Value of customer").inputValue(), "mine");
    await one.page.keyboard.press("Escape");
    await one.dataRow("customer").getByText("theirs").waitFor();
  });

  it("shows news of one window in the other of the same agent", async () => {
    const one = await windows.logIn("agent1");
    const other = await windows.logIn("agent1");
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
