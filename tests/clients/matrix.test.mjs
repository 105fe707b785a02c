// Real clients against the server, through outages and restarts. `CLIENTS=all` runs all of them, otherwise a sample.

import { availableParallelism } from "node:os";
import { after, afterEach, before, describe, it } from "node:test";
import { clients } from "./matrix/clients.mjs";
import { Lane } from "./matrix/lane.mjs";
import { closeBrowser } from "./matrix/page.mjs";
import { scenarios } from "./matrix/scenarios.mjs";

const { CLIENTS } = process.env;
const isWanted = ({ name, isSample }) => (CLIENTS ? CLIENTS === "all" || name.includes(CLIENTS) : isSample);

// The lanes mostly wait: for outages to pass and for clients to come back.
const LANES_PER_CORE = 3;

describe("real clients", { concurrency: LANES_PER_CORE * availableParallelism() }, () => {
  for (const client of clients.filter(isWanted)) {
    describe(client.name, { concurrency: 1 }, () => {
      let lane;
      before(async () => (lane = await Lane.start(client)));
      afterEach(() => lane.clear());
      after(() => lane?.stop());

      for (const [name, check] of Object.entries(scenarios)) {
        it(name, () => check(lane));
      }
    });
  }
});

after(closeBrowser);
