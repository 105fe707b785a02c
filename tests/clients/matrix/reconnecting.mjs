// Outages and restarts, for clients that ask for no replay.

import assert from "node:assert/strict";
import { assertAscending, assertChained, heardChange, sequencesIn } from "./heard.mjs";

export const reconnecting = {
  async "keeps its session through a short outage"(lane) {
    const listener = await lane.listen();
    const made = await lane.change(2);
    await heardChange(lane, listener);
    await lane.outage(
      async () => made.push(...(await lane.change(1))),
      async () => made.push(...(await lane.change(2))),
    );
    made.push(...(await lane.change(1)));
    await heardChange(lane, listener);
    assert.equal(listener.handshakes.length, 1, `the session has survived; ${listener.describe()}`);
    assertAscending(listener);
    assertChained(listener, made);
    if (lane.client.ack) {
      assert.deepEqual(sequencesIn(listener), made, "nothing is lost, not even what nobody heard");
    }
  },

  async "begins again after an outage that its session does not survive"(lane) {
    const listener = await lane.listen();
    await lane.change(1);
    await heardChange(lane, listener);
    await lane.outageBeyondSession(() => lane.change(2));
    await assertBack(lane, listener);
  },

  async "comes back by itself after kill -9"(lane) {
    const listener = await lane.listen();
    await lane.change(1);
    await heardChange(lane, listener);
    await lane.server.kill();
    await lane.server.run();
    await lane.change(1);
    await assertBack(lane, listener);
  },

  async "comes back by itself after the server was stopped in good order"(lane) {
    const listener = await lane.listen();
    await lane.change(1);
    await heardChange(lane, listener);
    assert.equal(await lane.server.terminate(), 0);
    await lane.server.run();
    await lane.change(1);
    await assertBack(lane, listener);
  },
};

/** A new session, told how things are now and then what happens next. */
async function assertBack(lane, listener) {
  await heardChange(lane, listener);
  await listener.subscribed(2);
  assert.match(listener.refusals.find(({ channel }) => channel === "/meta/connect").error, /^402:/);
  const [first, ...later] = listener.handshakes.map(({ clientId }) => clientId);
  assert.ok(later.length >= 1 && !later.includes(first), "its session is another");
  const [next] = await lane.change(1);
  const told = await heardChange(lane, listener);
  assert.equal(told.sequence, next);
  assertAscending(listener);
}
