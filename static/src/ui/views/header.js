// Who I am, on which channels I am ready, and whether the page hears the server.

import { html, useRef, useState } from "../view.js";
import { KEYS } from "../keys.js";
import { isAdministrator, logOut, setReady } from "../session.js";
import { addNotice, channels, connection, loads, transport, user } from "../store.js";
import { Icon } from "./icons.js";

export function Header() {
  const { firstName, lastName, userName, place, contactCenterId } = user.value;
  const name = [firstName, lastName].filter(Boolean).join(" ");
  return html`<header class="bar">
    <a class="brand" href="./"><img src="ui/icon.svg" alt="" width="28" height="28" />Baton</a>
    <p class="who">
      <strong>${userName}</strong>
      <span class="muted">${[name, place && place !== userName && `place ${place}`, contactCenterId].filter(Boolean).join(" · ")}</span>
    </p>
    <div class="channels" role="group" aria-label="My channels">
      ${channels.value.map((channel) => html`<${ChannelSwitch} key=${channel.channel} channel=${channel} />`)}
    </div>
    <div class="bar-end">
      <${ConnectionPill} />
      <${KeyHelp} />
      ${isAdministrator() && html`<a class="button" href="monitor">Monitor</a>`}
      <a class="button" href="docs">API</a>
      <button type="button" onClick=${logOut}>Log out</button>
    </div>
  </header>`;
}

function ChannelSwitch({ channel }) {
  const [busy, setBusy] = useState(false);
  const name = channel.channel;
  const ready = channel.userState?.state === "Ready";
  const shown = channel.userState?.displayName ?? channel.userState?.state ?? "Unknown";

  async function toggle() {
    setBusy(true);
    try {
      await setReady(name, !ready);
    } catch (error) {
      addNotice("error", `${name}: ${error.message}`);
    }
    setBusy(false);
  }

  return html`<button
    type="button" role="switch" aria-checked=${ready} aria-busy=${busy}
    class="channel ${ready ? "is-ready" : "is-not-ready"}" onClick=${toggle}
    title=${ready ? `Go not ready for ${name}` : `Go ready for ${name}`}
  >
    <${Icon} name=${name} />
    <span class="channel-name">${name}</span>
    <span class="channel-state"><${Icon} name=${ready ? "ready" : "notready"} />${shown}</span>
    ${channel.capacity !== undefined &&
    html`<span class="channel-load">${loads.value[name] ?? 0}<span aria-hidden="true">/</span><span class="hidden"> of </span>${channel.capacity}</span>`}
  </button>`;
}

const CONNECTION_TEXTS = {
  "offline": "Offline",
  "connecting": "Connecting …",
  "connected": "Connected",
  "reconnecting": "Reconnecting …",
  "catching-up": "Catching up …",
};

function ConnectionPill() {
  const state = connection.value;
  return html`<p class="pill pill-${state}" role="status" title=${transport.value && `by ${transport.value}`}>
    <span class="dot" aria-hidden="true"></span>${CONNECTION_TEXTS[state]}
  </p>`;
}

function KeyHelp() {
  const dialog = useRef(null);
  return html`
    <button type="button" aria-haspopup="dialog" onClick=${() => dialog.current.showModal()}>Keys</button>
    <dialog ref=${dialog} aria-labelledby="keys-title">
      <h2 id="keys-title">Keyboard</h2>
      <dl class="keys">
        ${KEYS.map(({ shown, does }) => html`<div key=${shown}><dt><kbd>${shown}</kbd></dt><dd>${does}</dd></div>`)}
      </dl>
      <form method="dialog"><button class="primary">Close</button></form>
    </dialog>
  `;
}
