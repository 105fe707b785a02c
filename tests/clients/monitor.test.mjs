// The monitor in Chromium: /metrics for an administrator's eyes.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { useWindows } from "./support/windows.mjs";

const windows = useWindows();
const BETWEEN_READINGS_MS = 10_000;

/** The monitor with a clock that is moved by hand. */
async function open(options) {
  const desk = await windows.open(options);
  await desk.page.clock.install();
  await desk.page.goto(`${windows.server.url}/monitor`);
  return desk;
}

const chart = (desk, title) => desk.page.getByRole("figure").filter({ has: desk.page.getByRole("heading", { name: title }) });
const line = (desk, title, name) =>
  chart(desk, title).locator("div").filter({ has: desk.page.getByText(name, { exact: true }) }).getByRole("definition");
const fact = (desk, name, value) =>
  desk.page.getByRole("region", { name: "At the moment" }).locator("div").filter({ hasText: name }).getByText(value, { exact: true });

describe("the monitor", () => {
  it("shows an administrator what is done, and how that goes on", async () => {
    const desk = await open();
    await desk.fillLogIn("admin", "demo");
    await fact(desk, "Contact centre", "demo").waitFor();
    await line(desk, "Agents", "ready").getByText("0").waitFor();
    assert.equal(await line(desk, "Operations", "done").textContent(), "–");

    await windows.server.as("agent1").startSession("email");
    for (let number = 0; number < 5; number += 1) {
      await windows.server.as("mediaserver").submit("Waiting");
    }
    await windows.server.as("agent1").operate("none", "Accept").catch(() => {});
    await desk.page.clock.runFor(BETWEEN_READINGS_MS);
    await line(desk, "Agents", "ready").getByText("1").waitFor();
    await line(desk, "Waiting in queues", "chat").getByText("5").waitFor();
    assert.ok(Number(await line(desk, "Operations", "done").textContent()) > 0);
    assert.ok(Number(await line(desk, "Time until durable", "median").textContent()) > 0);
    const submitted = desk.page.getByRole("row").filter({ hasText: "RequestSubmit" });
    await submitted.getByRole("cell", { name: "5", exact: true }).waitFor();
    await desk.screenshot("monitor");
  });

  it("says that the server cannot be reached, and goes on when it can", async () => {
    const desk = await open();
    await desk.fillLogIn("admin", "demo");
    await desk.connection("Ready").waitFor();
    await windows.server.kill();
    await desk.page.clock.runFor(BETWEEN_READINGS_MS);
    await desk.connection("The server cannot be reached").waitFor();
    await windows.server.run();
    await desk.page.clock.runFor(BETWEEN_READINGS_MS);
    await desk.connection("Ready").waitFor();
  });

  it("is for administrators, who find it from their desk", async () => {
    const desk = await open();
    await desk.fillLogIn("agent1", "wrong");
    await desk.page.getByRole("alert").getByText("wrong").waitFor();
    await desk.fillLogIn("agent1", "demo");
    await desk.page.getByText("The monitor is for administrators").waitFor();
    assert.equal(await desk.page.getByRole("figure").count(), 0);
    await desk.button("Log out").click();
    await desk.fillLogIn("admin", "demo");
    await desk.page.getByRole("figure").first().waitFor();
    await desk.page.getByRole("link", { name: "Baton" }).click();
    await desk.page.getByRole("link", { name: "Monitor" }).click();
    await desk.page.getByRole("figure").first().waitFor();
  });

  for (const colorScheme of ["light", "dark"]) {
    it(`has no serious violation in the ${colorScheme} scheme, and fits a window of 320 pixels`, async () => {
      const desk = await open({ colorScheme, reducedMotion: "reduce", viewport: { width: 320, height: 640 } });
      await desk.fillLogIn("admin", "demo");
      await desk.page.getByRole("figure").first().waitFor();
      assert.deepEqual(await desk.violations(), []);
      const overflow = await desk.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `wider than the window by ${overflow} px`);
      await desk.screenshot(`monitor-${colorScheme}`);
    });
  }
});
