// Keyboard: every key is Alt + a letter, so that nothing is in the way of typing.

import { accept, perform } from "./interactions.js";
import { setReady } from "./session.js";
import { addNotice, channels, mine, offers, selected, selectedId } from "./store.js";

export const KEYS = [
  { code: "KeyA", shown: "Alt+A", does: "Accept the earliest invitation", run: () => withOffer((offer) => accept(offer.id)) },
  { code: "KeyX", shown: "Alt+X", does: "Reject the earliest invitation", run: () => withOffer((offer) => perform(offer.id, "Reject")) },
  { code: "KeyJ", shown: "Alt+J", does: "Next interaction", run: () => step(1) },
  { code: "KeyK", shown: "Alt+K", does: "Previous interaction", run: () => step(-1) },
  { code: "KeyE", shown: "Alt+E", does: "Complete the interaction on the desk", run: complete },
  { code: "KeyR", shown: "Alt+R", does: "Ready on all channels, or not ready on all", run: toggleReady },
];

export function listenForKeys() {
  const listener = (event) => {
    const key = event.altKey && !event.ctrlKey && !event.metaKey && KEYS.find(({ code }) => code === event.code);
    if (key) {
      event.preventDefault();
      key.run();
    }
  };
  document.addEventListener("keydown", listener);
  return () => document.removeEventListener("keydown", listener);
}

function withOffer(act) {
  if (offers.value.length > 0) {
    act(offers.value[0]);
  }
}

function step(by) {
  const list = mine.value;
  if (list.length > 0) {
    const at = list.findIndex(({ id }) => id === selectedId.value);
    const next = at < 0 ? 0 : (at + by + list.length) % list.length;
    selectedId.value = list[next].id;
  }
}

function complete() {
  if (selected.value?.capabilities?.includes("Complete")) {
    perform(selected.value.id, "Complete");
  }
}

async function toggleReady() {
  const ready = !channels.value.every((channel) => channel.userState?.state === "Ready");
  try {
    await Promise.all(channels.value.map(({ channel }) => setReady(channel, ready)));
  } catch (error) {
    addNotice("error", error.message);
  }
}
