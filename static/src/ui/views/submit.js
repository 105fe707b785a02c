// Submits an interaction as a media server would, so that one person alone can try the desk.

import { html, useState } from "../view.js";
import { submit } from "../interactions.js";
import { addNotice, queues } from "../store.js";

export function SubmitForm() {
  const [pairs, setPairs] = useState(1);
  const [busy, setBusy] = useState(false);
  const names = queues.value.length ? queues.value.map(({ name }) => name) : ["chat", "email", "workitem"];

  async function send(event) {
    event.preventDefault();
    const form = new FormData(event.target);
    const userData = {};
    for (let at = 0; at < pairs; at += 1) {
      const key = form.get(`key${at}`);
      if (key) {
        userData[key] = form.get(`value${at}`);
      }
    }
    setBusy(true);
    try {
      await submit({ mediaType: form.get("mediaType"), queue: form.get("queue"), subject: form.get("subject"), userData });
    } catch (error) {
      addNotice("error", `Submit: ${error.message}`);
    }
    setBusy(false);
  }

  return html`<details class="card" open>
    <summary><h2>Submit a test interaction</h2></summary>
    <form class="stack" onSubmit=${send}>
      <label>Media type
        <select name="mediaType"><option>chat</option><option>email</option><option>workitem</option></select>
      </label>
      <label>Queue <select name="queue">${names.map((name) => html`<option key=${name}>${name}</option>`)}</select></label>
      <label>Subject <input name="subject" defaultValue="Where is my order?" autocomplete="off" /></label>
      <fieldset>
        <legend>Attached data</legend>
        ${Array.from({ length: pairs }, (_, at) => html`<div class="pair" key=${at}>
          <input name="key${at}" aria-label="Key ${at + 1}" placeholder="key" autocomplete="off" defaultValue=${at === 0 ? "customer" : ""} />
          <input name="value${at}" aria-label="Value ${at + 1}" placeholder="value" autocomplete="off" defaultValue=${at === 0 ? "Ada" : ""} />
        </div>`)}
        <button type="button" class="quiet small" onClick=${() => setPairs(pairs + 1)}>Another pair</button>
      </fieldset>
      <button class="primary" disabled=${busy}>Submit</button>
    </form>
  </details>`;
}
