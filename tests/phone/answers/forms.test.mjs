// Forms: the phone reads and checks what a page sent as the server does; the vectors are shared with the server's test.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { check, describe, inWords, readValues } from "../../../static/phone/forms.js";

const vectors = JSON.parse(readFileSync(new URL("../../parity/form_vectors.json", import.meta.url), "utf8"));
const fields = Object.entries(vectors.fields).map(([name, { shown_if, required_if, ...spec }]) => ({
  name,
  ...spec,
  shownIf: shown_if ?? null,
  requiredIf: required_if ?? null,
}));

for (const { name, body, values, kept, errors } of vectors.cases) {
  test(name, () => {
    const read = readValues(fields, new URLSearchParams(body), vectors.utc_offset);
    assert.deepEqual(read, values);
    assert.deepEqual(check(fields, read, vectors.words), { kept, errors });
  });
}

test("an error is told in the reader's language, with its numbers", () => {
  const words = { "At most %(max)d characters.": "最多 %(max)d 个字。" };
  const told = inWords(
    { note: [["At most %(max)d characters.", { max: 5 }]] },
    (text) => words[text] ?? text,
  );
  assert.deepEqual(told, { note: ["最多 5 个字。"] });
});

test("a template sees labels and choices in the reader's language", () => {
  const [colour, shades] = describe(fields, vectors.words, (text) => `«${text}»`);
  assert.deepEqual(colour.choices, [
    ["red", "«Red»"],
    ["green", "«Green»"],
    ["blue", "«Blue»"],
  ]);
  assert.equal(colour.label, "«Colour»");
  assert.equal(colour.required, true);
  assert.deepEqual(shades.shown_if, { colour: ["red", "green"] });
});
