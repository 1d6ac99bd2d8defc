// How a phone that was signed off delivers everything first, and only then keeps nothing (P8, P13).

import assert from "node:assert/strict";
import { test } from "node:test";
import { waiting } from "../../static/phone/outbox.js";
import { morning } from "./cast.js";

const held = (phone) =>
  phone.store.read(["records", "ops", "drafts", "meta"], async (tx) => {
    const counts = ["records", "ops", "drafts"].map((name) => tx.objectStore(name).count());
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  });

test("Wang Fang's signed-off phone delivers 120 visits, has its receipt, and then clears itself", async () => {
  const { phone, office } = await morning();
  for (let n = 0; n < 120; n++) await phone.visit("home-101", "no_answer");
  await phone.store.put("drafts", "/visits/home-102", { note: ["half"] });
  office.revoked = true;
  assert.equal((await phone.run("button")).code, "cleared");
  assert.equal(office.ops.size, 120);
  assert.equal(await held(phone), 0);
  assert.deepEqual(
    [await phone.device.get("user"), await phone.device.get("me"), await phone.device.get("signedOut")],
    [null, null, true],
  );
  const last = office.requests.at(-1);
  assert.deepEqual([last.ops.length, last.report.waiting], [0, 0]);
});

test("a phone whose delivery is cut keeps what has no receipt, and clears itself at the next contact", async () => {
  const { phone, office } = await morning();
  for (let n = 0; n < 120; n++) await phone.visit("home-101", "no_answer");
  office.revoked = true;
  let calls = 0;
  const whole = office.fetch;
  phone.fetch = async (url, init) => {
    if (++calls > 1) throw new TypeError("no network");
    return whole(url, init);
  };
  assert.equal((await phone.run("button")).code, "offline");
  assert.equal((await waiting(phone.store)).count, 20);
  assert.equal(await phone.device.get("user"), phone.store.user);
  phone.fetch = whole;
  assert.equal((await phone.run("button")).code, "cleared");
  assert.equal(office.ops.size, 120);
  assert.equal(await held(phone), 0);
});

test("a lost receipt clears nothing", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "no_answer");
  office.revoked = true;
  phone.fetch = async (url, init) => {
    await office.fetch(url, init);
    throw new TypeError("connection reset");
  };
  assert.equal((await phone.run("button")).code, "offline");
  assert.equal((await waiting(phone.store)).count, 1);
  phone.fetch = office.fetch;
  assert.equal((await phone.run("button")).code, "cleared");
  assert.equal(office.ops.size, 1);
});

test("a visit saved while the last word is on its way is delivered before anything is cleared", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "no_answer");
  office.revoked = true;
  let late = true;
  phone.fetch = async (url, init) => {
    const said = await office.fetch(url, init);
    if (late && office.requests.at(-1).report.clears) {
      late = false;
      await phone.visit("home-102", "met");
    }
    return said;
  };
  await phone.run("button");
  assert.equal(late, false);
  assert.notEqual(await held(phone), 0);
  office.signedIn = true; // she is asked for her password, as whenever a session ends with work waiting
  await phone.run("button");
  assert.equal(office.ops.size, 2);
  assert.equal(await held(phone), 0);
});

test("a server restored from a backup gets again what it lacks before the phone clears itself", async () => {
  const { phone, office } = await morning();
  for (let n = 0; n < 3; n++) await phone.visit("home-101", "no_answer");
  await phone.run("button");
  assert.equal(office.ops.size, 3);
  const device = [...office.devices.values()][0];
  device.last = 1;
  office.ops.clear();
  office.results.clear();
  office.epoch = "epoch-2";
  office.revoked = true;
  assert.equal((await phone.run("button")).code, "cleared");
  assert.equal(office.ops.size, 2);
  assert.equal(await held(phone), 0);
});

test("the photos of what a restored backup lacks are asked about before a signed-off phone clears itself", async () => {
  const { phone, office } = await morning(); // P23
  await phone.visit("home-101", "no_answer");
  await phone.run("button");
  const [op] = await phone.store.read(["ops"], (tx) => tx.objectStore("ops").getAll());
  await phone.store.put("ops", undefined, { ...op, files: ["lamp"] });
  const kept = { draft: "kept", kept: phone.clock };
  await phone.store.put("blobs", undefined, { hash: "lamp", size: 3, ...kept });
  [...office.devices.values()][0].last = 0;
  office.ops.clear();
  office.results.clear();
  office.revoked = true;
  assert.equal((await phone.run("button")).code, "revoked");
  assert.equal(office.ops.size, 1);
  assert.equal((await phone.store.get("blobs", "lamp")).due, 1);
});

test("a signed-off phone keeps its session and its photos until these have arrived, then clears itself", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "no_answer");
  const photo = (/** @type {any} */ state) =>
    phone.store.put("blobs", undefined, { hash: "lamp", size: 3, ...state });
  await photo({ due: 1 });
  await phone.store.put("bytes", "lamp", new Uint8Array(3).buffer);
  office.revoked = true;
  assert.equal((await phone.run("button")).code, "revoked");
  assert.equal(office.ops.size, 1);
  assert.equal(office.requests.at(-1).report.files, 1, "the server is told, and lets it stay signed in");
  await photo({ sent: 1 });
  assert.equal((await phone.run("sent")).code, "revoked");
  assert.equal((await phone.store.get("blobs", "lamp")).due, 1, "the server lacks it: it is sent again");
  await photo({ sent: 1 });
  office.here.add("lamp");
  assert.equal((await phone.run("sent")).code, "cleared");
  assert.equal(await held(phone), 0);
  const last = office.requests.at(-1);
  assert.deepEqual([last.ops.length, last.report.waiting, last.report.files], [0, 0, 0]);
});
