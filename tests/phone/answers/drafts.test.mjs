// Drafts: what Wang Fang typed is there again after the browser was killed.

import assert from "node:assert/strict";
import test from "node:test";
import { morning } from "./desk.mjs";

const FRESH = "019a0000-0000-7000-8000-000000000002";
const VISIT = "/households/home-201/visit";
const DRAFTS = `/drafts?for=${encodeURIComponent(VISIT)}`;
const keep = (desk, form) => desk.request(DRAFTS, { method: "PUT", form });
const formOf = async (desk) => JSON.parse(await (await desk.request(VISIT)).text()).form;

test("a draft is back after the browser was killed, without a signal", async () => {
  const desk = await morning();
  desk.online = false;
  const kept = await keep(desk, { outcome: "met", note: " half a sen", people: "x" });
  assert.equal(kept.status, 204);
  await desk.restart();
  const form = await formOf(desk);
  assert.equal(form.draft, true);
  assert.deepEqual(form.values, { outcome: "met", note: "half a sen", phone: "", people: "x" });
});

test("the save takes its draft away, also one that was still being written", async () => {
  const desk = await morning();
  const late = keep(desk, { outcome: "met", note: "late" });
  const saved = await desk.post(VISIT, { outcome: "met", fresh_id: FRESH });
  assert.equal(saved.status, 303);
  assert.equal((await late).status, 204);
  assert.equal((await formOf(desk)).draft, false);
});

test("a refused form keeps its draft", async () => {
  const desk = await morning();
  await keep(desk, { note: "typed" });
  assert.equal((await desk.post(VISIT, { note: "typed" })).status, 422);
  assert.equal((await formOf(desk)).values.note, "typed");
});

test("a draft can be thrown away, and belongs to one address", async () => {
  const desk = await morning();
  await keep(desk, { note: "typed" });
  const other = JSON.parse(await (await desk.request("/households/home-101/visit")).text());
  assert.equal(other.form.draft, false);
  assert.equal((await desk.request(DRAFTS, { method: "DELETE" })).status, 204);
  assert.equal((await formOf(desk)).draft, false);
});

test("a draft for no address is refused", async () => {
  const desk = await morning();
  assert.equal((await desk.request("/drafts", { method: "PUT", form: { a: "b" } })).status, 400);
});
