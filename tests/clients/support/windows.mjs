// One browser and one server for the tests of a file, and windows that are closed after each test.

import { after, afterEach, before } from "node:test";
import { Desk, launch } from "./desk.mjs";
import { Server } from "./server.mjs";

/** Registers the hooks; the answer's `browser` and `server` are there once a test runs. */
export function useWindows() {
  const desks = [];
  const windows = {
    async logIn(userName, options, server = windows.server) {
      const desk = await Desk.logIn(windows.browser, server, userName, options);
      desks.push(desk);
      return desk;
    },

    async open(options) {
      const desk = await Desk.open(windows.browser, windows.server, options);
      desks.push(desk);
      return desk;
    },
  };

  before(async () => {
    windows.browser = await launch();
    windows.server = await Server.start({ BATON_COMETD_TIMEOUT_MS: "3000" });
  });
  afterEach(async () => {
    // All windows close before the first fault is reported, and nobody is left on duty for the next test.
    const closed = await Promise.allSettled(desks.splice(0).map((desk) => desk.close()));
    await Promise.all(["agent1", "agent2"].map((userName) => clearDesk(windows.server.as(userName))));
    const failed = closed.find(({ status }) => status === "rejected");
    if (failed) {
      throw failed.reason;
    }
  });
  after(async () => {
    await windows.browser?.close();
    await windows.server?.stop();
  });
  return windows;
}

async function clearDesk(agent) {
  const { interactions } = await agent.get("/me/interactions?fields=*").catch(() => ({ interactions: [] }));
  for (const { id } of interactions.filter(({ state }) => state === "Processing")) {
    await agent.operate(id, "Complete").catch(() => {});
  }
  await agent.post("/me", { operationName: "EndContactCenterSession" }).catch(() => {});
}
