// Workbins: what is parked, mine and my groups'.

import { html } from "../view.js";
import { pull, readWorkbin, titleOf } from "../interactions.js";
import { workbinContents, workbins } from "../store.js";
import { Icon } from "./icons.js";

export function Workbins() {
  return html`<section class="card" aria-labelledby="workbins-title">
    <h2 id="workbins-title">Workbins</h2>
    ${workbins.value.length === 0 && html`<p class="muted">No workbins</p>`}
    ${workbins.value.map((workbin) => html`<${Workbin} key=${workbin.id ?? workbin.name} workbin=${workbin} />`)}
  </section>`;
}

function Workbin({ workbin: { name, displayName, type } }) {
  const content = workbinContents.value[name];
  const shown = displayName ?? name;
  return html`<details class="workbin" onToggle=${(event) => event.target.open && readWorkbin(name)}>
    <summary>
      ${shown} <span class="muted small">${type === "AgentGroup" ? "shared" : "mine"}</span>
      ${content && html` <span class="count">${content.length}</span>`}
    </summary>
    ${!content && html`<p class="muted">Reading …</p>`}
    ${content?.length === 0 && html`<p class="muted">Empty</p>`}
    ${content?.length > 0 &&
    html`<ul class="list">
      ${content.map(
        (interaction) => html`<li key=${interaction.id} class="parked">
          <${Icon} name=${interaction.mediaType} />
          <span class="row-title">${titleOf(interaction)}</span>
          <button type="button" aria-label="Pull ${titleOf(interaction)}" onClick=${() => pull(name, interaction.id)}>Pull</button>
        </li>`,
      )}
    </ul>`}
    <button type="button" class="quiet small" aria-label="Refresh ${shown}" onClick=${() => readWorkbin(name)}>
      <${Icon} name="refresh" /> Refresh
    </button>
  </details>`;
}
