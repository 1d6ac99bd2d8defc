// Forms: the phone reads and checks what a page sent as the server does; the vectors are shared with the server's test.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { check, describe, inWords, readValues } from "../../../static/phone/forms.js";

/** @param {string} name */
const read = (name) =>
  JSON.parse(readFileSync(new URL(`../../parity/${name}.json`, import.meta.url), "utf8"));
/** @param {Record<string, any>} specs @returns {any[]} as the build exports them */
const exported = (specs) =>
  Object.entries(specs).map(([name, { shown_if, required_if, fields: parts, ...spec }]) => ({
    name,
    ...spec,
    ...(parts && { fields: exported(parts) }),
    shownIf: shown_if ?? null,
    requiredIf: required_if ?? null,
  }));
const vectors = read("form_vectors");
const fields = exported(vectors.fields);

for (const table of [vectors, read("row_vectors")]) {
  for (const { name, body, values, kept, errors } of table.cases) {
    test(name, () => {
      const specs = exported(table.fields);
      const sent = readValues(specs, new URLSearchParams(body), table.utc_offset);
      assert.deepEqual(sent, values);
      assert.deepEqual(check(specs, sent, table.words), { kept, errors });
    });
  }
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
