// Replay: what came after a sequence is told again and then what happens next, without gap or repeat; or the client is
// told to begin anew.

import assert from "node:assert/strict";
import { heardChange, lastSequence, sequencesIn } from "./heard.mjs";
import { CHANNEL } from "./lane.mjs";

const FOREIGN_EPOCH = "00000000000000000000000000000000";
const SEQUENCE_AHEAD = 1_000_000_000;

export const resuming = {
  "resumes where it was killed": (lane) => resumes(lane, async () => lane.change(4)),

  "resumes where it was killed, though the server was killed as well": (lane) =>
    resumes(lane, async () => {
      const before = await lane.change(3);
      await lane.server.kill();
      await lane.server.run();
      return [...before, ...(await lane.change(2))];
    }),

  async "misses nothing, though outages end its sessions"(lane) {
    const listener = await lane.listen({ replay: {} });
    const made = await lane.change(2);
    await heardChange(lane, listener);
    await lane.outageBeyondSession(async () => made.push(...(await lane.change(2))));
    await listener.subscribed(2);
    made.push(...(await lane.change(1)));
    await heardChange(lane, listener);
    await lane.server.kill();
    await lane.server.run();
    made.push(...(await lane.change(2)));
    await heardChange(lane, listener);
    assert.deepEqual(sequencesIn(listener), made, listener.describe());
    assert.equal(listener.heard.length, made.length + 1, "the current state was told once, at the beginning");
  },

  async "hears all that is kept, or only what is new, as it likes"(lane) {
    const everything = await lane.listen({ replay: { after: { [CHANNEL]: "-2" } } });
    const news = await lane.listen({ replay: { after: { [CHANNEL]: -1 } } });
    const made = await lane.change(2);
    await Promise.all([heardChange(lane, everything), heardChange(lane, news)]);
    assert.deepEqual(news.heard.map(({ sequence }) => sequence), made);
    const sequences = everything.heard.map(({ sequence }) => sequence);
    assert.deepEqual(sequences.filter((sequence) => sequence >= lane.sequences[0]), lane.sequences);
  },

  "begins anew in another epoch": (lane) => beginsAnew(lane, () => ({ epoch: FOREIGN_EPOCH, after: { [CHANNEL]: 1 } })),

  "begins anew if it is ahead of the server": (lane) =>
    beginsAnew(lane, ({ epoch }) => ({ epoch, after: { [CHANNEL]: SEQUENCE_AHEAD } })),
};

/** A client is gone from one moment to the next; another goes on with its cursor. */
async function resumes(lane, meanwhile) {
  const first = await lane.listen({ replay: {} });
  await lane.change(3);
  await heardChange(lane, first);
  await first.kill();
  const made = await meanwhile();
  const second = await lane.listen({ replay: cursorOf(first) });
  made.push(...(await lane.change(2)));
  await Promise.all([heardChange(lane, second), heardChange(lane, lane.reference)]);
  assert.deepEqual(second.heard.map(({ sequence }) => sequence), made, second.describe());
  assert.deepEqual(second.heard, lane.reference.heard.slice(-made.length), "it hears what was heard by who never went away");
}

async function beginsAnew(lane, cursorFrom) {
  const listener = await lane.listen({ replay: cursorFrom(cursorOf(lane.reference)) });
  await heardChange(lane, listener);
  const [resync, state] = listener.heard;
  assert.equal(resync.messageType, "ResyncMessage");
  assert.equal(resync.notificationType, "Resync");
  assert.equal(state.interaction.id, lane.id);
  assert.equal(state.sequence, resync.sequence, "the sequence that the state is valid at");
  const made = await lane.change(1);
  await heardChange(lane, listener);
  assert.deepEqual(sequencesIn(listener), made);
}

/** Where another client can go on. */
function cursorOf(listener) {
  return { epoch: listener.handshakes.at(-1).ext.epoch, after: { [CHANNEL]: lastSequence(listener) } };
}
