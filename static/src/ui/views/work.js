// The interaction on the desk: its facts, its data, and what the server allows to be done with it.

import { html } from "../view.js";
import { titleOf } from "../interactions.js";
import { selected } from "../store.js";
import { Actions } from "./actions.js";
import { Icon } from "./icons.js";
import { timeOf } from "./offers.js";
import { UserData } from "./userdata.js";

export function WorkArea() {
  const interaction = selected.value;
  if (!interaction) {
    return html`<section class="card empty">
      <h1>Nothing selected</h1>
      <p class="muted">Accept an invitation or choose one of your interactions.</p>
    </section>`;
  }
  return html`<article class="card work" aria-labelledby="work-title" key=${interaction.id}>
    <header class="work-head">
      <span class="medium"><${Icon} name=${interaction.mediaType} />${interaction.mediaType}</span>
      <span class="state state-${interaction.state}">${interaction.state}</span>
    </header>
    <h1 id="work-title">${titleOf(interaction)}</h1>
    <dl class="facts">
      ${factsOf(interaction).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
    <${Actions} interaction=${interaction} />
    <${UserData} interaction=${interaction} />
    <details class="raw">
      <summary>As the server tells it</summary>
      <pre tabindex="0">${JSON.stringify(interaction, null, 2)}</pre>
    </details>
  </article>`;
}

function factsOf(interaction) {
  const people = (interaction.participants ?? []).map(({ userName, userId }) => userName ?? userId);
  return [
    ["Id", html`<code>${interaction.id}</code>`],
    ["Received", timeOf(interaction.receivedDate)],
    ["Queue", interaction.interactionQueue],
    ["Kind", [interaction.interactionType, interaction.interactionSubtype].filter(Boolean).join(" · ")],
    ["Parent", interaction.parentId && html`<code>${interaction.parentId}</code>`],
    ["External id", interaction.externalId],
    ["With", people.join(", ")],
  ].filter(([, value]) => value);
}
