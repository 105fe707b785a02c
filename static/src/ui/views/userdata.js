// The attached data, one row a value. A value that changes while it is being edited shows both.

import { html, useEffect, useId, useRef, useState } from "../view.js";
import { perform } from "../interactions.js";
import { mapAt, rowsOf, textOf, valueAt, valueOf } from "../userdata.js";
import { Icon } from "./icons.js";

export function UserData({ interaction }) {
  const [edited, setEdited] = useState(null);
  const rows = rowsOf(interaction.userData);
  const can = (name) => interaction.capabilities?.includes(name);
  const section = useRef(null);

  function leaveEdit() {
    const label = `Edit ${JSON.parse(edited).join(" › ")}`;
    setEdited(null);
    focusSoon(() => section.current?.querySelector(`[aria-label="${CSS.escape(label)}"]`));
  }

  async function remove(path, value) {
    await perform(interaction.id, "DeleteUserData", { userData: mapAt(path, value) });
    focusSoon(() => section.current?.querySelector("h2"));
  }

  return html`<section aria-labelledby="data-title" ref=${section}>
    <h2 id="data-title" tabindex="-1">Attached data</h2>
    <table class="data">
      <thead><tr><th scope="col">Key</th><th scope="col">Value</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
      <tbody>
        ${rows.map(({ path, value }) => {
          const key = JSON.stringify(path);
          return key === edited
            ? html`<${EditRow} key=${key} interaction=${interaction} path=${path} value=${value} onDone=${leaveEdit} />`
            : html`<tr key=${key}>
                <th scope="row">${path.join(" › ")}</th>
                <td class="value">${textOf(value)}</td>
                <td class="tools">
                  ${can("UpdateUserData") &&
                  html`<button type="button" class="quiet" aria-label="Edit ${path.join(" › ")}" onClick=${() => setEdited(key)}><${Icon} name="edit" /></button>`}
                  ${can("DeleteUserData") &&
                  html`<button type="button" class="quiet" aria-label="Delete ${path.join(" › ")}"
                    onClick=${() => remove(path, value)}><${Icon} name="delete" /></button>`}
                </td>
              </tr>`;
        })}
        ${rows.length === 0 && html`<tr><td colspan="3" class="muted">No data attached</td></tr>`}
      </tbody>
    </table>
    ${(can("AttachUserData") || can("UpdateUserData")) && html`<${AddForm} interaction=${interaction} />`}
  </section>`;
}

/** After the view has changed: the focus must not fall back to the top of the page. */
function focusSoon(find) {
  requestAnimationFrame(() => find()?.focus());
}

function EditRow({ interaction, path, value, onDone }) {
  const [before] = useState(value);
  const field = useRef(null);
  const form = useId();
  const changed = textOf(valueAt(interaction.userData, path)) !== textOf(before);
  useEffect(() => field.current.select(), []);

  async function save(event) {
    event.preventDefault();
    const userData = mapAt(path, valueOf(field.current.value, before));
    if (await perform(interaction.id, "UpdateUserData", { userData })) {
      onDone();
    }
  }

  return html`<tr class="is-edited">
    <th scope="row">${path.join(" › ")}</th>
    <td>
      <form id=${form} onSubmit=${save}>
        <input ref=${field} aria-label="Value of ${path.join(" › ")}" defaultValue=${textOf(before)} autocomplete="off"
          onKeyDown=${(event) => event.key === "Escape" && onDone()} />
      </form>
      <p class="conflict" role="status">${changed && `Changed meanwhile to: ${textOf(value)}. Saving replaces it.`}</p>
    </td>
    <td class="tools">
      <button form=${form} class="primary">Save</button>
      <button type="button" aria-label="Cancel editing ${path.join(" › ")}" onClick=${onDone}>Cancel</button>
    </td>
  </tr>`;
}

function AddForm({ interaction }) {
  const operation = interaction.capabilities?.includes("UpdateUserData") ? "UpdateUserData" : "AttachUserData";
  async function add(event) {
    event.preventDefault();
    const form = event.target;
    const { key, value } = Object.fromEntries(new FormData(form));
    if (await perform(interaction.id, operation, { userData: { [key]: valueOf(value) } })) {
      form.reset();
      form.elements.key.focus();
    }
  }
  return html`<form class="add-data" onSubmit=${add}>
    <label>New key <input name="key" required autocomplete="off" /></label>
    <label>New value <input name="value" autocomplete="off" /></label>
    <button>Add</button>
  </form>`;
}
