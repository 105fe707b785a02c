// What the page knows. Modules change it by the functions below; views only read.

import { batch, computed, signal } from "./view.js";

const LOG_LEN_MAX = 200;
const MINE = new Set(["Processing", "Composing", "Transferring"]);

/** "unknown" until the first answer of the server, then null (nobody) or the user. */
export const user = signal("unknown");
/** offline, connecting, connected, reconnecting or catching-up. */
export const connection = signal("offline");
export const transport = signal("");
export const channels = signal([]);
export const queues = signal([]);
export const users = signal([]);
export const workbins = signal([]);
/** Contents by workbin name, as last told by the server. */
export const workbinContents = signal({});
/** Every interaction the server shows me as mine or offered, by id. */
export const interactions = signal({});
/** Invitations that ended, with their cause, until dismissed. */
export const endedOffers = signal([]);
export const selectedId = signal(null);
export const notices = signal([]);
export const log = signal([]);

export const offers = computed(() =>
  Object.values(interactions.value)
    .filter((interaction) => interaction.state === "Invited")
    .sort((a, b) => expiry(a).localeCompare(expiry(b))),
);
export const mine = computed(() =>
  Object.values(interactions.value)
    .filter((interaction) => MINE.has(interaction.state))
    .sort((a, b) => String(a.receivedDate).localeCompare(String(b.receivedDate)) || a.id.localeCompare(b.id)),
);
/** How many interactions I have of each medium, as the server counts them: invitations too, drafts not. */
export const loads = computed(() => {
  const counts = {};
  for (const interaction of Object.values(interactions.value)) {
    if (interaction.state !== "Composing") counts[interaction.mediaType] = (counts[interaction.mediaType] ?? 0) + 1;
  }
  return counts;
});
export const selected = computed(() => {
  const interaction = interactions.value[selectedId.value];
  return interaction && MINE.has(interaction.state) ? interaction : null;
});

let lastNumber = 0;
/** Numbers that only grow: keys of list entries and reference ids of requests. */
export function nextNumber() {
  lastNumber += 1;
  return lastNumber;
}

export function isKept(interaction) {
  return interaction.state === "Invited" || MINE.has(interaction.state);
}

export function keepInteraction(interaction) {
  interactions.value = { ...interactions.value, [interaction.id]: interaction };
}

export function dropInteraction(id) {
  const { [id]: dropped, ...rest } = interactions.value;
  interactions.value = rest;
  return dropped;
}

export function addNotice(kind, text) {
  const notice = { key: nextNumber(), kind, text };
  notices.value = [...notices.value, notice].slice(-5);
  if (kind === "info") {
    setTimeout(() => dismissNotice(notice.key), 8000);
  }
}

export function dismissNotice(key) {
  notices.value = notices.value.filter((notice) => notice.key !== key);
}

export function addEndedOffer(interaction, cause) {
  const ended = { key: nextNumber(), interaction, cause };
  endedOffers.value = [...endedOffers.value, ended].slice(-5);
  setTimeout(() => dismissEndedOffer(ended.key), 12000);
}

export function dismissEndedOffer(key) {
  endedOffers.value = endedOffers.value.filter((ended) => ended.key !== key);
}

export function addLogEntry(channel, data) {
  const entry = { key: nextNumber(), at: new Date(), channel, data };
  log.value = [entry, ...log.value].slice(0, LOG_LEN_MAX);
}

/** Forgets everything of the user who left. */
export function clear() {
  batch(() => {
    for (const list of [channels, queues, users, workbins, endedOffers, notices, log]) {
      list.value = [];
    }
    interactions.value = {};
    workbinContents.value = {};
    selectedId.value = null;
    connection.value = "offline";
    transport.value = "";
  });
}

function expiry(interaction) {
  return interaction.invitation?.expiresAt ?? "";
}
