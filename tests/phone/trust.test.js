// What Wang Fang's phone keeps of her own records, gives away as a file, and clears; and a session that ends half-way.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { attach, confirm } from "../../static/phone/attachments.js";
import { clear } from "../../static/phone/clearing.js";
import { ownList } from "../../static/phone/own.js";
import { waiting } from "../../static/phone/standing.js";
import { openUser } from "../../static/phone/store.js";
import { morning as deskMorning } from "./answers/desk.mjs";
import { morning, WANG } from "./cast.js";

/** A promise to be kept from outside. */
function later() {
  const made = {};
  made.promise = new Promise((resolve) => {
    made.resolve = resolve;
  });
  return made;
}

const VISIT = "/households/home-101/visit";

test("the own list holds every save, page by page, newest first, with what became of each", async () => {
  const { phone } = await morning();
  for (let i = 0; i < 52; i++) await phone.visit("home-101", "no_answer");
  await phone.run();
  await phone.visit("home-101", "met", { note: "poison" });
  await phone.run();
  const { group } = await phone.visit("home-201", "met");
  await phone.undo(group);
  const first = await ownList(phone.store, "1");
  assert.deepEqual([first.count, first.rows.length, first.newer, first.older], [55, 50, null, 2]);
  assert.deepEqual(
    first.rows.slice(0, 4).map(({ verb, state, undone, reason }) => [verb, state, undone, reason]),
    [
      ["retract", "phone", false, null],
      ["create", "phone", true, null],
      ["create", "quarantined", false, "invalid"],
      ["create", "applied", false, null],
    ],
  );
  const second = await ownList(phone.store, "2");
  assert.deepEqual([second.rows.length, second.newer, second.older], [5, 1, null]);
  for (const odd of ["", "0", "-1", "99", "two", undefined])
    assert.equal((await ownList(phone.store, odd)).page, odd === "99" ? 2 : 1);
});

test("a visit that the centre holds back is not said to have changed its household", async () => {
  const { phone } = await morning();
  await phone.visit("home-101", "met", { note: "poison" });
  await phone.run();
  const home = await phone.one("household", "home-101");
  assert.equal(home.last_outcome, null);
  assert.equal(home._state.code, "quarantined");
});

test("a phone is cleared only when nothing waits, and an exchange under way brings nothing back", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  assert.equal(await clear(phone.store), false);
  assert.equal((await waiting(phone.store)).count, 1);
  await phone.run();
  const [door, asked] = [later(), later()];
  phone.fetch = async (url, init) => {
    const answer = await office.fetch(url, init);
    asked.resolve(null);
    await door.promise;
    return answer;
  };
  office.put("household", { id: "home-201", phone: "000-9" });
  const under = phone.run();
  await asked.promise;
  assert.equal(await clear(phone.store), true);
  door.resolve(null);
  assert.equal((await under).code, "elsewhere");
  assert.deepEqual(await phone.many("household"), []);
  assert.equal(await phone.store.get("meta", "sync"), undefined);
  phone.fetch = (url, init) => office.fetch(url, init);
  await phone.run();
  assert.equal((await phone.many("household")).length, 4);
});

test("a phone is not cleared while a photo is on its way, nor before a pull has confirmed it", async () => {
  const { phone } = await morning();
  const hash = await attach(phone.store, "/form", "photos", new TextEncoder().encode("a lamp").buffer);
  await phone.visit("home-101", "met");
  await phone.run();
  const told = (change) =>
    phone.store.write(["blobs"], async (tx) => {
      const { draft, due, sent, ...blob } = await tx.objectStore("blobs").get(hash);
      await tx.objectStore("blobs").put({ ...blob, ...change });
    });
  for (const change of [{ due: 1 }, { due: 1, to: "/uploads/1" }, { sent: 1 }]) {
    await told(change);
    assert.equal(await clear(phone.store), false);
    assert.equal((await phone.store.get("bytes", hash)).byteLength, 6);
    assert.equal((await phone.many("visit")).length, 1);
  }
  await phone.store.write(["blobs", "bytes"], (tx) => confirm(tx, [hash], [hash], phone.clock));
  assert.equal(await clear(phone.store), true);
  assert.equal(await phone.store.get("bytes", hash), undefined);
});

test("a database thrown away while the connection rests is noticed at the next save", async () => {
  const { phone } = await morning();
  await phone.visit("home-101", "met");
  const gone = phone.factory.deleteDatabase(`fieldapp:${WANG.id}`);
  await new Promise((resolve, reject) => Object.assign(gone, { onsuccess: resolve, onblocked: reject }));
  assert.equal((await waiting(phone.store)).count, 0);
  assert.equal(phone.store.lost.count, 1);
  const again = await openUser(WANG.id, phone.data, phone.device, phone.factory);
  assert.equal(again.lost.count, 1);
});

test("the rescue file holds what waits of everyone, in order, under its hash, whoever is signed in", async () => {
  const desk = await deskMorning();
  desk.online = false;
  await desk.post(VISIT, { outcome: "met", note: "<狗>\ud800", people: "3" });
  const file = async () => {
    const answer = await desk.request("/rescue/file", { mode: "navigate" });
    assert.match(answer.headers.get("Content-Disposition"), /^attachment; filename="[\d-]+\.fieldrescue"$/);
    const whole = JSON.parse(await answer.text());
    assert.equal(createHash("sha256").update(whole.content).digest("hex"), whole.sha256);
    return JSON.parse(whole.content).persons;
  };
  const [own] = await file();
  assert.equal(own.user, WANG.id);
  assert.deepEqual(
    own.ops.map(({ seq, kind, verb }) => [seq, kind, verb]),
    [
      [1, "visit", "create"],
      [2, "household", "patch"],
    ],
  );
  assert.equal("says" in own.ops[0], false);
  await desk.identity.doubt(true); // signed out, and no signal
  assert.deepEqual(await file(), [own]);
  const gate = await desk.request("/units/unit-1", { mode: "navigate" });
  assert.deepEqual([gate.status, JSON.parse(await gate.text()).status.others], [503, 2]);
});

test("a session that ends between two batches keeps the second on the phone and sends it once", async () => {
  const { phone, office } = await morning();
  for (let i = 0; i < 150; i++) await phone.visit("home-101", "no_answer");
  let asked = 0;
  phone.fetch = (url, init) => (++asked === 2 ? office.refuse(401, "signed_out") : office.fetch(url, init));
  assert.equal((await phone.run()).code, "signed_out");
  assert.equal(office.ops.size, 100);
  assert.equal((await waiting(phone.store)).count, 50);
  assert.equal((await phone.run()).code, "done");
  assert.equal(office.ops.size, 150);
  assert.equal((await phone.many("visit")).length, 150);
});
