// What the server tells Prometheus, read by a page: the text, and what has happened between two readings of it.

const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;
const ESCAPED = { n: "\n" };

/** The samples of a text in Prometheus' format 0.0.4, by their names. */
export function parse(text) {
  const samples = {};
  for (const line of text.split("\n")) {
    const [, name, labels = "", value] = SAMPLE.exec(line) ?? [];
    if (name) {
      (samples[name] ??= []).push({ labels: parseLabels(labels), value: number(value) });
    }
  }
  return samples;
}

function parseLabels(text) {
  const pairs = [...text.matchAll(LABEL)];
  return Object.fromEntries(pairs.map(([, name, value]) => [name, value.replace(/\\(.)/g, (_, c) => ESCAPED[c] ?? c)]));
}

function number(text) {
  return Number(text.replace(/^([+-]?)Inf$/, "$1Infinity"));
}

const always = () => true;

/** Two readings, `before` none at first. Counters begin anew where they have become less: the server has started again. */
export class Interval {
  constructor(before, after) {
    this.before = before;
    this.after = after;
  }

  /** The sum of the samples of a name whose labels fit; null where there is none. */
  value(name, fits = always) {
    return total(this.after.samples, name, fits);
  }

  /** The samples of a name, summed by one label. */
  by(name, label, fits = always) {
    return sumBy(this.after.samples, name, label, fits);
  }

  /** By how much a counter grew in a second; null while there is one reading only. */
  rate(name, fits = always) {
    if (!this.before) {
      return null;
    }
    const seconds = (this.after.at - this.before.at) / 1000;
    return grown(total(this.before.samples, name, fits) ?? 0, total(this.after.samples, name, fits) ?? 0) / seconds;
  }

  /**
   * What a share `q` of the observations between the readings did not exceed, as Prometheus' histogram_quantile estimates it;
   * null where there was none.
   */
  quantile(name, q) {
    return this.before && quantile(this.#buckets(name, this.before.samples), q);
  }

  /** The same of all observations since the start of the server that fit. */
  quantileSinceStart(name, q, fits) {
    return quantile(this.#buckets(name, {}, fits), q);
  }

  /** How many observations there were up to each bound, in order. */
  #buckets(name, beforeSamples, fits = always) {
    const before = sumBy(beforeSamples, `${name}_bucket`, "le", fits);
    const after = Object.entries(sumBy(this.after.samples, `${name}_bucket`, "le", fits));
    const buckets = after.map(([bound, count]) => [number(bound), grown(before[bound] ?? 0, count)]);
    return buckets.sort(([a], [b]) => a - b);
  }
}

function total(samples, name, fits) {
  const fitting = (samples[name] ?? []).filter(({ labels }) => fits(labels));
  return fitting.length ? fitting.reduce((sum, { value }) => sum + value, 0) : null;
}

function sumBy(samples, name, label, fits) {
  const sums = {};
  for (const { labels, value } of (samples[name] ?? []).filter(({ labels }) => fits(labels))) {
    sums[labels[label]] = (sums[labels[label]] ?? 0) + value;
  }
  return sums;
}

function grown(before, after) {
  return after < before ? after : after - before;
}

function quantile(buckets, q) {
  const count = buckets.at(-1)?.[1] ?? 0;
  if (count === 0) {
    return null;
  }
  const at = buckets.findIndex(([, below]) => below >= q * count);
  const [lower, below] = buckets[at - 1] ?? [0, 0];
  const [upper, upTo] = buckets[at];
  return Number.isFinite(upper) ? lower + ((upper - lower) * (q * count - below)) / (upTo - below) : lower;
}
