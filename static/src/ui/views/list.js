import { html } from "../view.js";
import { titleOf } from "../interactions.js";
import { mine, selectedId } from "../store.js";
import { Icon } from "./icons.js";

export function InteractionList() {
  return html`<section class="card" aria-labelledby="mine-title">
    <h2 id="mine-title">My interactions <span class="count">${mine.value.length}</span></h2>
    ${mine.value.length === 0
      ? html`<p class="muted">Nothing on your desk. Go ready on a channel to be invited.</p>`
      : html`<ul class="list">${mine.value.map((interaction) => html`<${Row} key=${interaction.id} interaction=${interaction} />`)}</ul>`}
  </section>`;
}

function Row({ interaction }) {
  const current = interaction.id === selectedId.value;
  return html`<li>
    <button type="button" class="row" aria-current=${current ? "true" : undefined} onClick=${() => (selectedId.value = interaction.id)}>
      <${Icon} name=${interaction.mediaType} />
      <span class="row-title">${titleOf(interaction)}</span>
      <span class="state state-${interaction.state}">${interaction.state}</span>
    </button>
  </li>`;
}
