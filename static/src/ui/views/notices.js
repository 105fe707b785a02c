// What happened, told politely; what failed, told at once and kept until it is dismissed.

import { html } from "../view.js";
import { dismissNotice, notices } from "../store.js";
import { Icon } from "./icons.js";

export function Notices() {
  return html`<div class="notices">
    <div role="status" aria-live="polite">${notices.value.filter(({ kind }) => kind === "info").map(item)}</div>
    <div role="alert">${notices.value.filter(({ kind }) => kind === "error").map(item)}</div>
  </div>`;
}

function item({ key, kind, text }) {
  return html`<p key=${key} class="notice notice-${kind}">
    <span>${text}</span>
    <button type="button" class="quiet" aria-label="Dismiss: ${text}" onClick=${() => dismissNotice(key)}>
      <${Icon} name="close" />
    </button>
  </p>`;
}
