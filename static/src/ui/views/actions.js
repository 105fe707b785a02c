// The operations on one interaction. Only what `capabilities` names is shown.

import { html, useId, useState } from "../view.js";
import { perform, reply } from "../interactions.js";
import { addNotice, queues, user, users, workbins } from "../store.js";

export function Actions({ interaction }) {
  const { id, state } = interaction;
  const can = (...names) => names.some((name) => interaction.capabilities?.includes(name));
  return html`<section class="actions" aria-label="Actions">
    ${state === "Transferring" && html`<p class="muted">Waiting for the other agent to accept. It stays yours until then.</p>`}
    <div class="buttons">
      ${can("Complete") && html`<${Act} label="Complete" keys="Alt+E" primary run=${() => perform(id, "Complete")} />`}
      ${can("Reply") && html`<${Act} label="Reply" run=${() => reply(id, "Reply")} />`}
      ${can("ReplyAll") && html`<${Act} label="Reply to all" run=${() => reply(id, "ReplyAll")} />`}
      ${can("Cancel") && html`<${Act} label="Cancel" run=${() => perform(id, "Cancel")} />`}
    </div>
    <div class="moves">
      ${can("Transfer", "SingleStepTransfer") && html`<${TransferForm} id=${id} />`}
      ${can("PlaceInQueue") &&
      html`<${MoveForm} label="Place in queue" choices=${queues.value} run=${(queueName) => perform(id, "PlaceInQueue", { queueName })} />`}
      ${can("PlaceInWorkbin") &&
      html`<${MoveForm} label="Place in workbin" choices=${workbins.value} run=${(workbin) => perform(id, "PlaceInWorkbin", { workbin })} />`}
    </div>
  </section>`;
}

/** When the form or button that was used is gone, the keyboard goes on in the work area. */
function focusWorkIfLost() {
  requestAnimationFrame(() => {
    if (document.activeElement === document.body) {
      document.getElementById("work")?.focus();
    }
  });
}

function Act({ label, keys, primary, run }) {
  const [busy, setBusy] = useState(false);
  async function act() {
    setBusy(true);
    await run();
    setBusy(false);
    focusWorkIfLost();
  }
  return html`<button type="button" class=${primary ? "primary" : ""} aria-keyshortcuts=${keys} disabled=${busy} onClick=${act}>${label}</button>`;
}

function MoveForm({ label, choices, run }) {
  const field = useId();
  function submit(event) {
    event.preventDefault();
    run(new FormData(event.target).get("target")).then(focusWorkIfLost);
  }
  return html`<form class="move" onSubmit=${submit}>
    <label for=${field}>${label}</label>
    <span class="joined">
      <select id=${field} name="target">
        ${choices.map(({ id, name, displayName }) => html`<option key=${id ?? name} value=${name}>${displayName ?? name}</option>`)}
      </select>
      <button aria-label=${label} disabled=${choices.length === 0}>Place</button>
    </span>
  </form>`;
}

function TransferForm({ id }) {
  const field = useId();
  const others = users.value.filter(({ roles, userName }) => roles?.includes("agent") && userName !== user.value?.userName);
  function submit(event) {
    event.preventDefault();
    const typed = new FormData(event.target).get("target").trim();
    const target = others.find(({ userName }) => userName === typed);
    if (target) {
      perform(id, "Transfer", { userId: target.id });
    } else {
      addNotice("error", `There is no other agent “${typed}”`);
    }
  }
  return html`<form class="move" onSubmit=${submit}>
    <label for=${field}>Transfer to</label>
    <span class="joined">
      <input id=${field} name="target" list="${field}-users" required autocomplete="off" placeholder="user name" />
      <datalist id="${field}-users">
        ${others.map(({ id: key, userName, firstName, lastName }) =>
          html`<option key=${key} value=${userName}>${[firstName, lastName].filter(Boolean).join(" ")}</option>`)}
      </datalist>
      <button aria-label="Transfer">Transfer</button>
    </span>
  </form>`;
}
