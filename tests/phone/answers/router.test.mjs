// Router: which screen a path belongs to.

import assert from "node:assert/strict";
import test from "node:test";
import { createRouter, fill } from "../../../static/phone/router.js";

const patterns = ["/", "/places", "/places/<place>", "/places/new", "/<kind>/list", "/places/<place>/notes"];
const router = createRouter(patterns.map((pattern) => ({ pattern })));
const found = (path) => {
  const match = router.match(path);
  return match && [match.screen.pattern, match.params];
};

test("a path finds its screen and the values of its parameters", () => {
  assert.deepEqual(found("/"), ["/", {}]);
  assert.deepEqual(found("/places/7"), ["/places/<place>", { place: "7" }]);
  assert.deepEqual(found("/places/7/notes"), ["/places/<place>/notes", { place: "7" }]);
});

test("a word wins over a parameter, whatever was declared first", () => {
  assert.deepEqual(found("/places/new"), ["/places/new", {}]);
  assert.deepEqual(found("/places/list"), ["/places/<place>", { place: "list" }]);
});

test("what was encoded arrives decoded", () => {
  assert.deepEqual(found("/places/%E5%BA%95%E5%95%862"), ["/places/<place>", { place: "底商2" }]);
});

test("nothing else is answered", () => {
  for (const path of [
    "/places/",
    "/places//notes",
    "/nowhere",
    "/places/a%2Fb",
    "/places/%E5",
    "/places/7/notes/8",
  ]) {
    assert.equal(found(path), null, path);
  }
});

test("a pattern that is more than whole segments is refused at once", () => {
  assert.throws(() => createRouter([{ pattern: "/places/<place>.html" }]), /whole segment/);
});

test("the address after a save is filled in and encoded", () => {
  const names = { "place.unit": "u 1", "saved.id": "x" };
  assert.equal(
    fill("/units/{place.unit}/{saved.id}", (name) => names[name]),
    "/units/u%201/x",
  );
});
