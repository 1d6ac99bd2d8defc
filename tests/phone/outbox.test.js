// What Wang Fang saves on her phone: once, at once, in order, and through a dead battery (P1, P2, P3).

import assert from "node:assert/strict";
import { test } from "node:test";
import { header, list, waiting } from "../../static/phone/outbox.js";
import { morning, WANG } from "./cast.js";

test("a visit saved in the basement is on Wang Fang's board at once and changes the household", async () => {
  const { phone } = await morning();
  const { group, repeated, records } = await phone.visit("home-101", "met", { note: "All well" });
  assert.equal(repeated, false);
  assert.equal(records[0].outcome, "met");
  const [visit] = await phone.many("visit", { household: "home-101" });
  assert.equal(visit.grid, "grid-3");
  assert.equal(visit.door, "door-101");
  assert.equal(visit.author, "wang-fang");
  assert.equal(visit.seq, null);
  assert.equal(visit._state.code, "phone");
  const home = await phone.one("household", "home-101");
  assert.equal(home.last_outcome, "met");
  assert.equal(home.due_on, "2027-02-21");
  assert.equal(home._state.code, "phone");
  assert.deepEqual(await waiting(phone.store), { count: 1, oldest: "2026-11-23T02:00:00Z" });
  assert.equal((await header(phone.store))[2]?.group, group);
});

test("twenty doors saved before the battery died are all there after the restart", async () => {
  const { phone } = await morning({ doors: 20 });
  for (let i = 1; i <= 20; i++) {
    await phone.visit(`home-${i}01`, "no_answer");
    await phone.restart();
  }
  assert.equal((await phone.many("visit")).length, 20);
  assert.equal((await waiting(phone.store)).count, 20);
  const ops = await phone.store.read(["ops"], (tx) => tx.objectStore("ops").getAll());
  assert.deepEqual(
    ops.map((op) => op.n),
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

test("a form that Wang Fang submits twice is one save", async () => {
  const { phone } = await morning();
  const freshKey = "0192f0c1-2345-7abc-8def-0123456789ab";
  const first = await phone.visit("home-101", "met", {}, { freshKey });
  const second = await phone.visit("home-101", "met", {}, { freshKey });
  assert.equal(second.repeated, true);
  assert.equal(second.records[0].id, first.records[0].id);
  assert.equal((await phone.many("visit")).length, 1);
});

test("saving a visit with changed facts makes one group, and only what changed travels", async () => {
  const { phone } = await morning();
  const { group } = await phone.save([
    { verb: "create", kind: "visit", patch: { household: "home-101", outcome: "met" } },
    { verb: "patch", kind: "household", record: "home-101", patch: { phone: "000-1", people: null } },
  ]);
  const ops = await phone.store.read(["ops"], (tx) => tx.objectStore("ops").index("group").getAll(group));
  assert.equal(ops.length, 2);
  assert.deepEqual(ops[1].patch, { phone: "000-1" });
  assert.deepEqual(ops[1].base, { phone: "" });
  assert.equal(ops[1].base_version, 1);
  const home = await phone.one("household", "home-101");
  assert.deepEqual([home.phone, home.last_outcome], ["000-1", "met"]);
});

test("a fact that was changed at the office while Wang Fang typed travels with what she saw, not with a version", async () => {
  const { phone, office } = await morning();
  office.put("household", { id: "home-101", phone: "000-2" });
  await phone.run();
  await phone.save([
    { verb: "patch", kind: "household", record: "home-101", patch: { phone: "000-1" }, base: { phone: "" } },
    { verb: "patch", kind: "household", record: "home-201", patch: { phone: "000-1" }, base: { phone: "" } },
  ]);
  const ops = await phone.store.read(["ops"], (tx) => tx.objectStore("ops").getAll());
  assert.deepEqual(
    ops.map((op) => [op.base, op.base_version]),
    [
      [{ phone: "" }, null],
      [{ phone: "" }, 1],
    ],
  );
});

test("undo takes a waiting visit off the board and puts the household back, and both operations are still sent", async () => {
  const { phone, office } = await morning();
  const before = await phone.one("household", "home-101");
  const { group } = await phone.visit("home-101", "no_answer");
  assert.equal(await phone.undo(group), true);
  assert.equal(await phone.undo(group), false);
  assert.deepEqual(await phone.many("visit"), []);
  const { _state, ...home } = await phone.one("household", "home-101");
  assert.deepEqual({ ...home, _state: before._state }, before);
  assert.equal((await waiting(phone.store)).count, 2);
  await phone.run();
  assert.deepEqual(
    office.requests.at(-1).ops.map((op) => op.verb),
    ["create", "retract"],
  );
  assert.equal((await waiting(phone.store)).count, 0);
  assert.deepEqual(await phone.many("visit"), []);
});

test("undo after the receipt counts the household's other visits anew, at once and as the server does", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "no_answer");
  phone.clock += 60_000;
  await phone.visit("home-101", "no_answer");
  phone.clock += 60_000;
  const { group } = await phone.visit("home-101", "met");
  await phone.run();
  assert.equal((await phone.one("household", "home-101")).last_outcome, "met");
  await phone.undo(group);
  const shown = await phone.one("household", "home-101");
  assert.deepEqual([shown.last_outcome, shown.no_answers, shown.due_on], ["no_answer", 2, null]);
  assert.equal((await phone.many("visit")).length, 2);
  await phone.run();
  const after = await phone.one("household", "home-101");
  assert.deepEqual([after.last_outcome, after.no_answers, after.due_on], ["no_answer", 2, null]);
  assert.equal(office.records.get("home-101").record.no_answers, 2);
});

test("undo of a first visit after the receipt puts the household back to when it was first due, without network", async () => {
  const { phone, office } = await morning();
  office.put("household", { id: "home-101", due_on: "2026-11-30", met_on: "2026-09-01" });
  await phone.run();
  const first = await phone.visit("home-101", "met");
  phone.clock += 1000;
  const second = await phone.visit("home-101", "no_answer");
  await phone.run();
  const shown = async () => {
    const { last_outcome, due_on, met_on, no_answers } = await phone.one("household", "home-101");
    return [last_outcome, due_on, met_on, no_answers];
  };
  await phone.undo(first.group);
  assert.deepEqual(await shown(), ["no_answer", "2026-11-30", "2026-09-01", 1]);
  await phone.undo(second.group);
  assert.deepEqual(await shown(), [null, "2026-11-30", "2026-09-01", null]);
});

test("undoing a changed phone number after the receipt restores the old one unless someone changed it since", async () => {
  const { phone, office } = await morning();
  const change = (number) =>
    phone.save([{ verb: "patch", kind: "household", record: "home-101", patch: { phone: number } }]);
  const first = await change("000-1");
  await phone.run();
  await phone.undo(first.group);
  assert.equal((await phone.one("household", "home-101")).phone, "");
  await phone.run();
  assert.equal((await phone.one("household", "home-101")).phone, "");
  const second = await change("000-2");
  await phone.run();
  office.put("household", { id: "home-101", phone: "000-9" });
  await phone.run();
  await phone.undo(second.group);
  assert.equal((await phone.one("household", "home-101")).phone, "000-9");
});

test("a full phone refuses the save in words of its own and keeps draft and outbox as they were", async () => {
  const { phone } = await morning(); // P8
  await phone.store.put("drafts", "/visit", { note: ["half"] });
  const { IDBObjectStore } = globalThis;
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = function (...args) {
    if (this.name === "records") throw new DOMException("no room", "QuotaExceededError");
    return put.apply(this, args);
  };
  try {
    await assert.rejects(phone.visit("home-101", "met", {}, { draft: "/visit" }), { name: "StorageFull" });
  } finally {
    IDBObjectStore.prototype.put = put;
  }
  assert.deepEqual(await phone.store.get("drafts", "/visit"), { note: ["half"] });
  assert.equal((await waiting(phone.store)).count, 0);
  await phone.visit("home-101", "met", {}, { draft: "/visit" });
  assert.equal(await phone.store.get("drafts", "/visit"), undefined);
  assert.equal((await waiting(phone.store)).count, 1);
});

test("the sync screen lists what waits, oldest first, with when and what it was", async () => {
  const { phone } = await morning();
  await phone.visit("home-101", "met");
  phone.clock += 1000;
  await phone.visit("home-201", "refused");
  const operations = await list(phone.store);
  assert.deepEqual(
    operations.map(({ at, state, says, verb }) => [at, state, says, verb]),
    [
      ["2026-11-23T02:00:00Z", "waiting", "Saved", "create"],
      ["2026-11-23T02:00:01Z", "waiting", "Saved", "create"],
    ],
  );
});

test("a patch of a household that is not on the phone is an error, and nothing is written", async () => {
  const { phone } = await morning();
  await assert.rejects(
    phone.save([{ verb: "patch", kind: "household", record: "nobody", patch: { phone: "1" } }]),
  );
  assert.equal((await waiting(phone.store)).count, 0);
});

test("a database that the browser threw away is noticed, with what was waiting in it", async () => {
  const { phone } = await morning();
  phone.fetch = async () => {
    throw new TypeError("no network");
  };
  await phone.visit("home-101", "met");
  await phone.run("save");
  await phone.store.close();
  await new Promise((resolve) => {
    phone.factory.deleteDatabase(`fieldapp:${WANG.id}`).onsuccess = resolve;
  });
  await phone.device.close();
  await phone.start();
  assert.equal(phone.store.lost.count, 1);
  assert.equal(phone.store.lost.oldest, "2026-11-23T02:00:00Z");
});
