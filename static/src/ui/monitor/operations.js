// Every operation since the start of the server: how often it was done and refused, by which codes, and how long it took.

import { html } from "../view.js";
import { shown } from "./chart.js";

export function Operations({ interval }) {
  const names = Object.keys(interval.by("baton_operations_total", "operation")).sort();
  return html`<section class="card wide">
    <h2>Operations since the start of the server</h2>
    <div class="scroll" tabindex="0" role="group" aria-label="Operations since the start of the server">
      <table class="data numbers">
        <thead><tr>
          <th scope="col">Operation</th><th scope="col">done</th><th scope="col">refused</th>
          <th scope="col">by statusCode</th><th scope="col">median, ms</th><th scope="col">99 %, ms</th>
        </tr></thead>
        <tbody>${names.map((name) => html`<${Row} key=${name} name=${name} interval=${interval} />`)}</tbody>
      </table>
      ${names.length === 0 && html`<p class="muted">Nothing was asked yet.</p>`}
    </div>
  </section>`;
}

function Row({ name, interval }) {
  const fits = ({ operation }) => operation === name;
  const { 0: done = 0, ...refused } = interval.by("baton_operations_total", "code", fits);
  const refusals = Object.values(refused).reduce((sum, count) => sum + count, 0);
  const within = (q) => {
    const seconds = interval.quantileSinceStart("baton_operation_duration_seconds", q, fits);
    return shown(seconds === null ? null : seconds * 1000);
  };
  return html`<tr>
    <th scope="row">${name}</th><td>${shown(done)}</td><td>${shown(refusals)}</td>
    <td>${Object.entries(refused).map(([code, count]) => `${code}: ${shown(count)}`).join(", ")}</td>
    <td>${within(0.5)}</td><td>${within(0.99)}</td>
  </tr>`;
}
