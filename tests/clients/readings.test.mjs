// What the monitor makes of /metrics, which needs no browser.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CHARTS } from "../../static/src/ui/monitor/charts.js";
import { Interval, parse } from "../../static/src/ui/monitor/readings.js";

const reading = (at, text) => ({ at, samples: parse(text) });
const histogram = (...counts) => {
  const bounds = ["0.1", "0.5", "1", "+Inf"];
  return counts.map((count, index) => `took_seconds_bucket{operation="Accept",le="${bounds[index]}"} ${count}`).join("\n");
};

describe("the text of Prometheus", () => {
  it("is read with its labels, whatever is in them", () => {
    const text = [
      "# HELP queue What waits", "# TYPE queue gauge",
      String.raw`queue{centre="demo",queue="a \"b\", {c}\\ \n d"} 3`,
      "resident 1.5e+3", "least -Inf", "",
    ].join("\n");
    assert.deepEqual(parse(text), {
      queue: [{ labels: { centre: "demo", queue: 'a "b", {c}\\ \n d' }, value: 3 }],
      resident: [{ labels: {}, value: 1500 }],
      least: [{ labels: {}, value: -Infinity }],
    });
  });

  it("may be of another kind", () => {
    assert.deepEqual(parse("<!doctype html>\n<p>unavailable</p>"), {});
  });
});

describe("between two readings", () => {
  const before = reading(0, 'asked{code="0"} 10\nasked{code="6"} 1');

  it("counters grow by so much a second", () => {
    const interval = new Interval(before, reading(10_000, 'asked{code="0"} 60\nasked{code="6"} 2\nasked{code="9"} 4'));
    assert.equal(interval.rate("asked"), 5.5);
    assert.equal(interval.rate("asked", ({ code }) => code !== "0"), 0.5);
    assert.equal(interval.value("asked"), 66);
    assert.deepEqual(interval.by("asked", "code"), { 0: 60, 6: 2, 9: 4 });
  });

  it("a counter that became less began anew with the server", () => {
    assert.equal(new Interval(before, reading(2_000, 'asked{code="0"} 4')).rate("asked"), 2);
  });

  it("there is no rate of one reading, and no value of what is not told", () => {
    const first = new Interval(null, before);
    assert.equal(first.rate("asked"), null);
    assert.equal(first.quantile("took_seconds", 0.5), null);
    assert.equal(first.value("unknown"), null);
    assert.deepEqual(first.by("unknown", "code"), {});
  });

  it("shares of a histogram are estimated from its buckets alone that were filled meanwhile", () => {
    const interval = new Interval(reading(0, histogram(100, 100, 100, 100)), reading(1_000, histogram(100, 104, 108, 108)));
    assert.equal(interval.quantile("took_seconds", 0.5), 0.5);
    assert.equal(interval.quantile("took_seconds", 0.75), 0.75);
    assert.equal(interval.quantileSinceStart("took_seconds", 0.5, ({ operation }) => operation === "Accept").toFixed(3), "0.054");
    assert.equal(interval.quantileSinceStart("took_seconds", 0.5, ({ operation }) => operation === "Reject"), null);
  });

  it("what took longer than the last bound is shown as that bound", () => {
    const interval = new Interval(reading(0, histogram(0, 0, 0, 0)), reading(1_000, histogram(0, 0, 0, 5)));
    assert.equal(interval.quantile("took_seconds", 0.99), 1);
    const quiet = new Interval(reading(0, histogram(1, 1, 1, 1)), reading(1_000, histogram(1, 1, 1, 1)));
    assert.equal(quiet.quantile("took_seconds", 0.99), null);
  });
});

describe("the charts", () => {
  it("have lines also where the server says nothing yet", () => {
    const interval = new Interval(null, reading(0, ""));
    for (const { title, lines } of CHARTS) {
      assert.ok(Object.values(lines(interval)).every((value) => value === null || value === 0), title);
    }
  });
});
