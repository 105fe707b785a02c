// One chart: lines over time, and what they are at now in words, which says all that the drawing does.

import { html } from "../view.js";

const WIDTH = 300;
const HEIGHT = 90;
/** Lines differ by colour and stroke; `monitor.css` has as many of both. */
const STYLES = 7;

/** `points` are `{ at, lines }` in order, with null where a line has no value. */
export function Chart({ title, unit, points }) {
  const names = Object.keys(points.at(-1).lines);
  const top = ceiling(Math.max(0, ...points.flatMap(({ lines }) => Object.values(lines))));
  const [first, last] = [points[0].at, points.at(-1).at];
  const x = (at) => (last === first ? WIDTH : ((at - first) / (last - first)) * WIDTH);
  const y = (value) => HEIGHT - (value / top) * HEIGHT;
  const now = (name) => shown(points.at(-1).lines[name]);

  return html`<figure class="card chart">
    <figcaption><h2>${title}</h2><span class="muted small">${unit}</span></figcaption>
    <div class="plot">
      <span class="axis top" aria-hidden="true">${shown(top)}</span>
      <svg viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title} over time">
        <path class="grid" d="M0 ${HEIGHT / 2}H${WIDTH}" />
        ${names.map((name, index) => html`<path key=${name} class="line line-${index % STYLES}" d=${path(points, name, x, y)} />`)}
      </svg>
      <span class="axis" aria-hidden="true">${time(first)}</span>
      <span class="axis end" aria-hidden="true">${time(last)}</span>
    </div>
    <dl class="legend">
      ${names.map((name, index) => html`<div key=${name}>
        <dt><svg class="swatch" viewBox="0 0 16 4" aria-hidden="true"><path class="line line-${index % STYLES}" d="M0 2H16" /></svg>${name}</dt>
        <dd>${now(name)}</dd>
      </div>`)}
    </dl>
  </figure>`;
}

/** A line with a gap where there is no value. */
function path(points, name, x, y) {
  let drawn = "";
  let isBroken = true;
  for (const { at, lines } of points) {
    const value = lines[name] ?? null;
    if (value !== null) {
      drawn += `${isBroken ? "M" : "L"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    }
    isBroken = value === null;
  }
  return drawn;
}

/** The next round number: 1, 2 or 5 times a power of ten. */
function ceiling(value) {
  if (value <= 0) {
    return 1;
  }
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].find((step) => value <= step * power) * power;
}

/** A number in three digits or so. */
export function shown(value) {
  if (value === null || value === undefined) {
    return "–";
  }
  const digits = value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2;
  return value.toLocaleString("en-GB", { maximumFractionDigits: digits });
}

function time(at) {
  return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}
