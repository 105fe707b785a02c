// What every client goes through. A scenario gets the client's lane and throws if something is wrong.

import assert from "node:assert/strict";
import { assertChained, changesIn, heardChange, sequencesIn } from "./heard.mjs";
import { reconnecting } from "./reconnecting.mjs";
import { resuming } from "./resuming.mjs";

const CHANGES = 20;

export const scenarios = {
  async "connects on its carrier and is told the current state"(lane) {
    const listener = await lane.listen();
    const [state] = await listener.until("the current state", () => listener.heard.length > 0 && listener.heard);
    assert.equal(state.interaction.id, lane.id);
    assert.equal(state.previousSequence, undefined, "the state is no change");
    await lane.change(1);
    await heardChange(lane, listener);
    await listener.until("a held connect", () => listener.carriers.has(lane.client.transport));
    await listener.close();
  },

  async "hears every change once and in order"(lane) {
    const listener = await lane.listen();
    const made = await lane.change(CHANGES);
    await heardChange(lane, listener);
    assert.deepEqual(sequencesIn(listener), made);
    assert.deepEqual(
      changesIn(listener).map(({ interaction }) => interaction.userData.change),
      made.map((_, at) => lane.changes - CHANGES + 1 + at),
    );
    assertChained(listener, made);
    await listener.close();
  },

  ...reconnecting,
  ...resuming,

  async "has all the time disturbed nobody else, who has missed nothing"(lane) {
    await heardChange(lane, lane.reference);
    const [accepted, ...changes] = lane.sequences;
    assert.deepEqual(sequencesIn(lane.reference), changes);
    assert.ok(accepted < changes[0]);
  },
};
