// Interactions: what the notifications say of them, and what I ask to be done with them.

import { batch } from "./view.js";
import * as api from "./api.js";
import {
  addEndedOffer, addNotice, channels, connection, dropInteraction, interactions, isKept, keepInteraction,
  nextNumber, selectedId, workbinContents,
} from "./store.js";

/** Operations under way or just done by this window, by interaction: an ending of mine needs no explanation. */
const asked = new Map();
/** When each interaction was last heard of, so that an older answer does not overwrite newer news. */
const heardAt = new Map();

/** The last sequence heard of on the interactions' channel. */
let lastSequence = null;

/** One CometD notification. */
export function hear(channel, data) {
  if (channel === "/v2/me/channels" && Array.isArray(data.channels)) {
    channels.value = mergeChannels(data.channels);
  } else if (channel === "/v2/me/workbins") {
    hearOfWorkbin(data);
  } else if (channel === "/v2/me/interactions") {
    hearOfInteraction(data);
  }
}

function hearOfInteraction(data) {
  const isGap = lastSequence !== null && data.previousSequence > lastSequence;
  lastSequence = data.sequence ?? lastSequence;
  if (data.notificationType === "Error") {
    addNotice("error", data.errorMessage || "The request failed");
  } else if (data.interaction) {
    heardAt.set(data.interaction.id, nextNumber());
    batch(() => learn(data.interaction, data.cause));
  }
  if (isGap) {
    takeSnapshot().catch(() => {});
  }
}

function hearOfWorkbin(data) {
  if (Array.isArray(data.interactions)) {
    workbinContents.value = { ...workbinContents.value, [data.workbin.name]: data.interactions };
  } else {
    Object.keys(workbinContents.value).forEach(readWorkbin);
  }
}

/** Reads all my interactions; what vanished while there was no connection ends visibly. */
export async function takeSnapshot() {
  const askedAt = nextNumber();
  const answer = await api.get("/me/interactions?fields=*");
  const told = answer.interactions ?? [];
  const ids = new Set(told.map((interaction) => interaction.id));
  const isOlder = (id) => (heardAt.get(id) ?? 0) > askedAt;
  batch(() => {
    for (const interaction of told.filter(({ id }) => !isOlder(id))) {
      learn(interaction);
    }
    for (const old of Object.values(interactions.value)) {
      if (!ids.has(old.id) && !isOlder(old.id)) {
        leave(old, { ...old, state: "Gone" });
      }
    }
  });
}

/** Performs an operation; resolves to the server's answer or shows why not and resolves to null. */
export async function perform(id, operationName, parameters = {}) {
  asked.set(id, operationName);
  try {
    const answer = await api.post(`/me/interactions/${encodeURIComponent(id)}`, { operationName, ...parameters });
    await catchUpIfDeaf();
    return answer;
  } catch (error) {
    asked.delete(id);
    if (error.httpStatus !== 401) {
      addNotice("error", `${operationName}: ${error.message}`);
      // The page may be wrong about it. A notification knows the cause, so it goes first.
      setTimeout(() => takeSnapshot().catch(() => {}), 1000);
    }
    return null;
  }
}

/** Without a connection no notification tells what an operation has done. */
async function catchUpIfDeaf() {
  if (connection.value !== "connected") {
    await takeSnapshot().catch(() => {});
  }
}

export async function accept(id) {
  if (await perform(id, "Accept")) {
    selectedId.value = id;
  }
}

export async function reply(id, operationName) {
  const answer = await perform(id, operationName);
  if (answer?.id) {
    selectedId.value = answer.id;
  }
}

export function readWorkbin(name) {
  return perform(name, "GetWorkbinContent", { workbin: name });
}

export async function pull(workbin, interactionId) {
  try {
    await api.post("/requests", { request: "RequestPull", referenceId: nextNumber(), workbin, interactionId });
    selectedId.value = interactionId;
    await catchUpIfDeaf();
  } catch (error) {
    addNotice("error", `Pull: ${error.message}`);
  }
  await readWorkbin(workbin);
}

export async function submit(interaction) {
  const answer = await api.post("/interactions", interaction);
  addNotice("info", `Submitted “${interaction.subject || answer.id}”`);
  return answer;
}

function learn(interaction, cause) {
  const before = interactions.value[interaction.id];
  if (isKept(interaction)) {
    keepInteraction(interaction);
    if (before?.state === "Invited" && interaction.state !== "Invited" && !asked.has(interaction.id)) {
      addNotice("info", `“${titleOf(interaction)}” was accepted in another window`);
    }
    if (interaction.state === "Processing" && !selectedId.value) {
      selectedId.value = interaction.id;
    }
    if (!before && interaction.state === "Invited") {
      asked.delete(interaction.id);
    }
  } else if (before) {
    leave(before, interaction, cause);
  }
}

/** An interaction left my hands: an offer ends with its cause on its card, the rest with a notice. */
function leave(before, after, cause) {
  dropInteraction(before.id);
  if (selectedId.value === before.id) {
    selectedId.value = null;
  }
  const operation = asked.get(before.id);
  asked.delete(before.id);
  if (before.state === "Invited") {
    addEndedOffer(before, offerEnding(after, cause, operation));
  } else {
    addNotice("info", `“${titleOf(before)}” ${ending(after, before, operation)}`);
  }
  const parkedIn = nameOf(after.workbin);
  if (workbinContents.value[parkedIn]) {
    readWorkbin(parkedIn);
  }
}

const CAUSES = {
  Expired: "Expired: not accepted in time",
  Stopped: "Revoked: processing was stopped",
  Rejected: "Rejected",
  NotReady: "Revoked: the channel is not ready any more",
  LoggedOut: "Revoked: logged out",
};

function offerEnding(after, cause, operation) {
  if (operation === "Reject") {
    return "You rejected it";
  }
  if (cause) {
    return CAUSES[cause] ?? `Revoked: ${cause}`;
  }
  if (after.state === "Gone") {
    return connection.value === "connected" ? "No longer offered to you" : "Ended while there was no connection";
  }
  return after.state === "Completed" ? "Rejected in another window" : "Revoked by the server";
}

/** For him who loses it the server says "Completed", wherever it goes; the rest of the resource says where. */
function ending(after, before, operation) {
  const parkedIn = nameOf(after.workbin);
  if (operation === "Cancel") {
    return "was discarded";
  }
  if (operation === "Transfer" || before.state === "Transferring") {
    return "was transferred";
  }
  if (operation === "PlaceInWorkbin" || after.state === "InWorkbin") {
    return `was placed in workbin ${parkedIn}`.trim();
  }
  if (operation === "PlaceInQueue" || after.state === "Queued") {
    return `was placed in queue ${after.interactionQueue ?? ""}`.trim();
  }
  if (after.state === "Completed" && after.completedAt !== null) {
    return "is completed";
  }
  return after.state === "Revoked" ? "was taken away by the server" : "is no longer yours";
}

function nameOf(workbin) {
  return workbin?.name ?? workbin ?? "";
}

export function titleOf(interaction) {
  return interaction.subject || interaction.externalId || interaction.id;
}

function mergeChannels(told) {
  const byName = new Map(channels.value.map((channel) => [channel.channel, channel]));
  for (const channel of told) {
    byName.set(channel.channel, { ...byName.get(channel.channel), ...channel });
  }
  return [...byName.values()];
}
