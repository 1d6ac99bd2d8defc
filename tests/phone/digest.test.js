// What Wang Fang's phone holds is what the office says she holds; where it is not, it is read anew (P16).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { mark } from "../../static/phone/digest.js";
import { list, waiting } from "../../static/phone/outbox.js";
import { morning, WANG } from "./cast.js";

for (const { id, version, mark: wanted } of JSON.parse(
  readFileSync(new URL("digest_vectors.json", import.meta.url), "utf8"),
)) {
  test(`the mark of ${id} in version ${version} is the server's`, () =>
    assert.equal(mark(id, version), wanted));
}

const sync = (phone) => phone.store.get("meta", "sync");

/** Change a record on the phone behind everybody's back. */
const damage = (phone, id, change) =>
  phone.store.write(["records", "meta"], async (tx) => {
    const row = await tx.objectStore("records").get(id);
    const held = await tx.objectStore("meta").get("sync");
    const sums = held.digests["grid:grid-3"];
    sums[1] = (sums[1] + mark(id, row.shown.version) + 1) >>> 0;
    await tx.objectStore("meta").put(held, "sync");
    await (change ? tx.objectStore("records").put(change(row)) : tx.objectStore("records").delete(id));
  });

const baselines = (office, from) =>
  office.requests.slice(from).filter((one) => !("grid:grid-3" in one.cursors)).length;

test("a morning's work ends with the office's digest and is never read twice", async () => {
  const { phone, office } = await morning({ counts: true });
  const { group } = await phone.visit("home-101", "met");
  await phone.run();
  await phone.undo(group);
  await phone.save([{ verb: "patch", kind: "household", record: "home-201", patch: { phone: "138" } }]);
  office.put("door", { id: "door-new", grid: "grid-3", unit: "unit-1", label: "9", floor: 9 });
  office.put("door", { id: "door-401" }, { gone: true });
  await phone.run();
  assert.equal(baselines(office, 1), 0);
  assert.deepEqual((await sync(phone)).digests["grid:grid-3"], office.digests()["grid:grid-3"]);
  await phone.restart();
  await phone.run();
  assert.equal(baselines(office, 1), 0);
});

test("a household that the phone lost is brought back, and the office hears of it once", async () => {
  const { phone, office } = await morning({ counts: true });
  await phone.visit("home-301", "met");
  await damage(phone, "home-201", null);
  const from = office.requests.length;
  phone.fetch = async (url, init) => {
    phone.fetch = office.fetch;
    const answer = await (await office.fetch(url, init)).json();
    return Response.json({ ...answer, last: 0, results: [] }); // the visit still waits
  };
  await phone.run();
  assert.equal(baselines(office, from), 1);
  assert.equal((await phone.one("household", "home-201")).label, "201");
  assert.equal((await waiting(phone.store)).count, 0);
  assert.equal((await phone.many("visit", { household: "home-301" })).length, 1);
  const told = office.requests.slice(from).flatMap((one) => one.report.alarms ?? []);
  assert.deepEqual(told, ["grid:grid-3"]);
  await phone.run();
  assert.equal(baselines(office, from), 1);
});

test("a door that is not there any more, and a household from the future, are put right", async () => {
  const { phone } = await morning({ counts: true });
  await damage(phone, "door-101", (row) => ({
    ...row,
    id: "door-phantom",
    shown: { ...row.shown, id: "door-phantom" },
  }));
  await damage(phone, "home-101", (row) => ({
    ...row,
    shown: { ...row.shown, version: 99, name: "Nobody" },
  }));
  await phone.run();
  assert.equal(await phone.one("door", "door-phantom"), null);
  assert.equal((await phone.one("household", "home-101")).name, "Family 101");
});

test("an office that counts otherwise is asked again a day later and not before", async () => {
  const { phone, office } = await morning({ counts: true });
  const { digests } = office;
  office.digests = () => ({ ...digests.call(office), "grid:grid-3": [1, 1] });
  const from = office.requests.length;
  await phone.run();
  await phone.run();
  assert.equal(baselines(office, from), 1);
  office.clock += 25 * 3_600_000;
  phone.clock += 25 * 3_600_000;
  await phone.run();
  assert.equal(baselines(office, from), 2);
});

test("an office with another version of the app is not argued with", async () => {
  const { phone, office } = await morning({ counts: true });
  office.version = "v9";
  office.digests = () => ({ "grid:grid-3": [1, 1] });
  const from = office.requests.length;
  await phone.run();
  assert.equal(baselines(office, from), 0);
});

test("a channel that is read anew after long absence loses what was deleted, and keeps what waits", async () => {
  const { phone, office } = await morning({ counts: true });
  await phone.visit("home-201", "met");
  office.put("household", { id: "home-401" }, { gone: true });
  office.put("household", { id: "home-201" }, { gone: true });
  office.put("door", { id: "door-401" }, { gone: true });
  for (const id of ["home-401", "home-201", "door-401"]) office.records.delete(id);
  office.pruned = office.seq;
  office.apply = () => ({ status: "review", reason: "gone" });
  office.put("door", { id: "door-new", grid: "grid-3", unit: "unit-1", label: "9", floor: 9 });
  phone.fetch = async (url, init) => {
    const answer = await (await office.fetch(url, init)).json();
    return Response.json({ ...answer, last: 0, results: [] });
  };
  await phone.run();
  assert.deepEqual((await phone.many("door")).map((door) => door.id).sort(), [
    "door-101",
    "door-201",
    "door-301",
    "door-new",
  ]);
  assert.equal(await phone.one("household", "home-401"), null);
  assert.equal((await phone.many("visit")).length, 1);
  assert.equal((await waiting(phone.store)).count, 1);
});

test("what was decided about a visit is heard in the answer with which its household goes", async () => {
  const { phone, office } = await morning({ counts: true }); // P13
  await phone.visit("home-401", "met", { note: "poison" });
  await phone.run();
  const [{ op }] = office.requests.find((request) => request.ops.length).ops;
  for (const id of ["home-401", "door-401"]) office.records.delete(id);
  office.pruned = office.seq;
  office.clock += 60_000;
  const heard = { id: op, user: WANG.id, status: "quarantined", reason: "rejected", detail: {} };
  const fields = ["id", "version", "server_time", "user", "status", "reason", "detail"];
  const columns = fields.map((name) => [{ version: 1, server_time: "2026-11-23T02:01:00Z", ...heard }[name]]);
  phone.fetch = async (url, init) => {
    const answer = await (await office.fetch(url, init)).json();
    const page = { channel: `user:${WANG.id}`, kind: "sync_result", fields, columns, gone: [], forget: [] };
    // Read anew and complete in one answer, as a channel without history is.
    for (const cursor of Object.values(answer.cursors)) cursor.tail = null;
    return Response.json({ ...answer, pages: [...answer.pages, page] });
  };
  const told = await phone.run();
  assert.equal(told.code, "done");
  assert.equal(await phone.one("household", "home-401"), null);
  assert.deepEqual(
    (await list(phone.store)).map((one) => [one.state, one.reason]),
    [["quarantined", "rejected"]],
  );
});

test("after an update that counts other kinds the phone counts anew", async () => {
  const { phone, office } = await morning({ counts: true });
  const newer = structuredClone({ ...phone.data, kinds: {} });
  newer.kinds = { ...phone.data.kinds, door: { ...phone.data.kinds.door, windowDays: 30 } };
  office.data = { ...office.data, kinds: { ...office.data.kinds, door: newer.kinds.door } };
  await phone.restart(newer);
  assert.equal((await sync(phone)).digests["grid:grid-3"][0], 4);
  const from = office.requests.length;
  await phone.run();
  assert.equal(baselines(office, from), 0);
});
