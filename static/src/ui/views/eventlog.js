// The raw notifications, newest first.

import { html } from "../view.js";
import { log } from "../store.js";

export function EventLog() {
  return html`<section class="card log" aria-labelledby="log-title">
    <header class="log-head">
      <h2 id="log-title">Events <span class="count">${log.value.length}</span></h2>
      <button type="button" class="quiet small" onClick=${() => (log.value = [])}>Clear</button>
    </header>
    ${log.value.length === 0 && html`<p class="muted">No notification yet</p>`}
    <ol class="events" aria-label="Notifications, newest first" tabindex="0">
      ${log.value.map((entry) => html`<${Entry} key=${entry.key} entry=${entry} />`)}
    </ol>
  </section>`;
}

function Entry({ entry: { at, channel, data } }) {
  const what = data.event ?? data.notificationType ?? data.messageType ?? "notification";
  const about = [data.interaction?.state, data.cause].filter(Boolean).join(", ");
  return html`<li>
    <details>
      <summary>
        <time datetime=${at.toISOString()}>${at.toLocaleTimeString()}</time> <strong>${what}</strong>
        ${about && html` ${about}`} <span class="muted">${channel}${data.sequence !== undefined && ` #${data.sequence}`}</span>
      </summary>
      <pre tabindex="0">${JSON.stringify(data, null, 2)}</pre>
    </details>
  </li>`;
}
