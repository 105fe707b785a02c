// What a listener has heard, looked at.

import assert from "node:assert/strict";

/** What was told as it happened; the state that a session begins with names no predecessor. */
export function changesIn({ heard }) {
  return heard.filter(({ previousSequence }) => previousSequence !== undefined);
}

export function sequencesIn(listener) {
  return changesIn(listener).map(({ sequence }) => sequence);
}

export function lastSequence({ heard }) {
  return heard.at(-1)?.sequence;
}

/** The listener hears of the latest change, be it as a change or as the state of things. */
export function heardChange({ changes }, listener) {
  return listener.hear(`change ${changes}`, ({ interaction }) => interaction?.userData?.change === changes);
}

/** Every change names the one before it, heard or not: a loss shows. */
export function assertChained(listener, made) {
  for (const { sequence, previousSequence } of changesIn(listener).filter((change) => change.sequence !== made[0])) {
    assert.equal(previousSequence, made[made.indexOf(sequence) - 1]);
  }
}

/** Nothing is heard twice, and nothing late. */
export function assertAscending(listener) {
  const sequences = sequencesIn(listener);
  assert.deepEqual(sequences, [...new Set(sequences)].sort((one, other) => one - other));
}
