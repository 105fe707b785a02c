// The page's rules for attached data, which need no browser.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { mapAt, rowsOf, valueAt, valueOf } from "../../static/src/ui/userdata.js";

describe("attached data", () => {
  const userData = { customer: "Ada", address: { city: "Bonn", geo: { lat: 50.7 } }, tags: ["a"], none: {}, "a.b": null };

  it("is shown one row a leaf, nested keys by their path", () => {
    assert.deepEqual(rowsOf(userData), [
      { path: ["customer"], value: "Ada" },
      { path: ["address", "city"], value: "Bonn" },
      { path: ["address", "geo", "lat"], value: 50.7 },
      { path: ["tags"], value: ["a"] },
      { path: ["none"], value: {} },
      { path: ["a.b"], value: null },
    ]);
    assert.deepEqual(rowsOf(undefined), []);
  });

  it("names one leaf alone in an operation", () => {
    assert.deepEqual(mapAt(["address", "geo", "lat"], 51), { address: { geo: { lat: 51 } } });
    for (const { path, value } of rowsOf(userData)) {
      assert.deepEqual(valueAt(mapAt(path, value), path), value);
    }
    assert.equal(valueAt({ address: "a text now" }, ["address", "city"]), undefined);
  });

  it("keeps the type of a value that is edited", () => {
    assert.equal(valueOf("7", 5), 7);
    assert.equal(valueOf("7", "5"), "7");
    assert.equal(valueOf("many", 5), "many");
    assert.equal(valueOf("true", false), true);
    assert.deepEqual(valueOf('["b"]', ["a"]), ["b"]);
  });

  it("takes a new value as text, unless it is a map", () => {
    assert.equal(valueOf("0123"), "0123");
    assert.equal(valueOf("true"), "true");
    assert.deepEqual(valueOf('{"city":"Bonn"}'), { city: "Bonn" });
    assert.equal(valueOf("{not json"), "{not json");
  });
});
