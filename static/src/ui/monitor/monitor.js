// The monitor: /metrics of one's own contact centre for the eyes, for as long as the page is open.

import * as api from "../api.js";
import { html, render, signal, useEffect } from "../view.js";
import { LogIn } from "../views/login.js";
import { Chart, shown } from "./chart.js";
import { CHARTS } from "./charts.js";
import { Operations } from "./operations.js";
import { Interval, parse } from "./readings.js";

/** Counting costs the server: ten seconds between readings are plenty. */
const READ_EVERY_MS = 10_000;
/** An hour. */
const POINTS_MAX = 360;

/** "asking", then "reading", "nobody" without a login, "denied" to who is no administrator. */
const state = signal("asking");
/** Why the last reading failed; empty where it did not. */
const failure = signal("");
const interval = signal(null);
/** Points of each chart, in the order of CHARTS. */
const points = signal(CHARTS.map(() => []));

async function read() {
  try {
    const reading = { at: Date.now(), samples: parse(await api.getText("/metrics")) };
    interval.value = new Interval(interval.value?.after ?? null, reading);
    points.value = CHARTS.map(({ lines }, index) =>
      [...points.value[index], { at: reading.at, lines: lines(interval.value) }].slice(-POINTS_MAX));
    failure.value = "";
    state.value = "reading";
  } catch (error) {
    failure.value = error.message;
    state.value = { 401: "nobody", 403: "denied" }[error.httpStatus] ?? state.value;
  }
}

async function logIn(userName, password) {
  await api.post("/login", { userName, password });
  await read();
}

async function logOut() {
  await api.post("/logout").catch(() => {});
  state.value = "nobody";
}

function Monitor() {
  useEffect(() => {
    const timer = setInterval(() => state.value !== "nobody" && read(), READ_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  if (state.value === "nobody") {
    return html`<${LogIn} logIn=${logIn} />`;
  }
  return html`
    <${Header} />
    <main class="monitor">
      ${state.value === "denied" && html`<p class="card empty">The monitor is for administrators: log out, and in as one.</p>`}
      ${interval.value && state.value === "reading" && html`
        <${Facts} interval=${interval.value} />
        ${CHARTS.map(({ title, unit }, index) =>
          html`<${Chart} key=${title} title=${title} unit=${unit} points=${points.value[index]} />`)}
        <${Operations} interval=${interval.value} />
      `}
    </main>
  `;
}

function Header() {
  const isReady = interval.value?.value("baton_ready") === 1;
  const [kind, text] = failure.value
    ? ["offline", failure.value]
    : isReady ? ["connected", "Ready"] : ["offline", "Not ready: see /health/ready"];
  return html`<header class="bar">
    <a class="brand" href="./"><img src="ui/icon.svg" alt="" width="28" height="28" />Baton</a>
    <h1 class="page-name">Monitor</h1>
    <div class="bar-end">
      ${interval.value && html`<p class="pill pill-${kind}" role="status"><span class="dot" aria-hidden="true"></span>${text}</p>`}
      <a class="button" href="docs">API</a>
      <button type="button" onClick=${logOut}>Log out</button>
    </div>
  </header>`;
}

function Facts({ interval }) {
  const named = (name, label) => Object.keys(interval.by(name, label)).join(", ");
  const facts = {
    "Contact centre": named("baton_journal_head", "centre"),
    "Version": named("baton_build_info", "version"),
    "Last sequence": shown(interval.value("baton_journal_head")),
    "In the archive": shown(interval.value("baton_archive_interactions")),
    "Users connected": shown(interval.value("baton_session_users")),
    "Requests waiting": shown(interval.value("baton_requests_waiting")),
    "Writes refused": shown(interval.value("baton_journal_groups_refused_total")),
    "Open files": shown(interval.value("process_open_fds")),
  };
  return html`<section class="card wide" aria-label="At the moment">
    <dl class="facts">
      ${Object.entries(facts).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
  </section>`;
}

const root = document.getElementById("app");
root.replaceChildren();
render(html`<${Monitor} />`, root);
read();
