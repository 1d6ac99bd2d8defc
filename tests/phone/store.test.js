// The databases on Wang Fang's phone: durable, never in the way of a newer app, and healed when the browser closes them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { attach, underWay } from "../../static/phone/attachments.js";
import { waiting } from "../../static/phone/outbox.js";
import { openDevice, openUser } from "../../static/phone/store.js";
import { DATA, LI, morning } from "./cast.js";

const opened = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

test("every write asks the browser for durability, and no save is told before its transaction is complete", async () => {
  const { phone } = await morning();
  const { transaction } = IDBDatabase.prototype;
  const asked = [];
  const complete = new Set();
  IDBDatabase.prototype.transaction = function (names, mode, options) {
    const tx = transaction.call(this, names, mode, options);
    if (mode === "readwrite") {
      asked.push([this.name, options?.durability]);
      tx.addEventListener("complete", () => complete.add(names.join()));
    }
    return tx;
  };
  try {
    await phone.visit("home-101", "met");
    assert.ok(complete.has("records,ops,drafts,meta,blobs,bytes"));
    await phone.run();
    await phone.device.set("user", phone.user);
  } finally {
    IDBDatabase.prototype.transaction = transaction;
  }
  assert.ok(asked.length > 3);
  assert.deepEqual([...new Set(asked.map(([, durability]) => durability))], ["strict"]);
});

test("a save whose transaction fails at the very end is not a save", async () => {
  const { phone } = await morning();
  const failing = phone.store.write(["records", "ops", "drafts", "meta"], async (tx) => {
    await tx.objectStore("drafts").put({ note: ["x"] }, "/visit");
    tx.tx.abort();
    return "saved";
  });
  await assert.rejects(failing);
  assert.equal(await phone.store.get("drafts", "/visit"), undefined);
});

test("a write that throws leaves nothing of itself behind", async () => {
  const { phone } = await morning();
  const failing = phone.store.write(["drafts"], async (tx) => {
    await tx.objectStore("drafts").put({}, "/visit");
    throw new Error("half way");
  });
  await assert.rejects(failing, { message: "half way" });
  assert.equal(await phone.store.get("drafts", "/visit"), undefined);
});

test("a transaction in which the browser only lets her delete is done anew, whole and once", async () => {
  const { phone } = await morning();
  const { put } = IDBObjectStore.prototype;
  const { count: before } = await waiting(phone.store);
  let cleaning = null;
  IDBObjectStore.prototype.put = function (...given) {
    cleaning ??= this.transaction; // Firefox: the first one after a disk was full
    if (this.transaction === cleaning)
      throw new DOMException("A mutation was attempted", "InvalidStateError");
    return put.apply(this, given);
  };
  try {
    await phone.visit("home-101", "met");
  } finally {
    IDBObjectStore.prototype.put = put;
  }
  assert.equal((await waiting(phone.store)).count - before, 1);
});

test("an old page lets a newer app upgrade at once and is told so when it writes", async () => {
  const { phone } = await morning();
  const name = `fieldapp:${phone.user}`;
  const upgraded = await opened(phone.factory.open(name, 3));
  await assert.rejects(phone.visit("home-101", "met"), { name: "StoreBlocked" });
  upgraded.close();
});

test("a page that holds on to an old database blocks the new app only until it is gone", async () => {
  const { phone } = await morning();
  await phone.store.close();
  const frozen = await opened(phone.factory.open(`fieldapp:${phone.user}`));
  const deletion = phone.factory.deleteDatabase(`fieldapp:${phone.user}`);
  await assert.rejects(
    Promise.race([
      openUser(phone.user, DATA, null, phone.factory),
      new Promise((_, reject) => {
        deletion.onblocked = () => reject(new Error("waits"));
      }),
    ]),
  );
  frozen.close();
  await opened(deletion);
  const store = await openUser(phone.user, DATA, null, phone.factory);
  assert.deepEqual(await waiting(store), { count: 0, oldest: null });
});

test("a connection that the browser closed in the background is opened again by the next save", async () => {
  const { phone } = await morning();
  (await phone.store.db).close();
  await phone.visit("home-101", "met");
  assert.equal((await waiting(phone.store)).count, 1);
});

test("a database that the browser forgets to open is asked for again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { phone } = await morning();
  const { factory } = phone;
  const real = factory.open;
  let asked = 0;
  factory.open = (...given) => (asked++ ? real.apply(factory, given) : {});
  try {
    await assert.rejects(async () => {
      const opening = openDevice(factory);
      t.mock.timers.tick(15_000);
      await opening;
    }, /fieldapp/);
    assert.ok(await (await openDevice(factory)).waiting());
  } finally {
    factory.open = real;
  }
});

test("a database that could not be opened is opened by the next save", async () => {
  const { phone } = await morning();
  const { store } = phone;
  store.db = Promise.reject(new DOMException("Internal error opening backing store", "UnknownError"));
  store.db.catch(() => {});
  await phone.visit("home-101", "met");
  assert.equal((await waiting(store)).count, 1);
});

test("each person has a database of their own on the phone", async () => {
  const { phone } = await morning();
  await phone.visit("home-101", "met");
  const lis = await openUser(LI.id, DATA, phone.device, phone.factory);
  assert.equal(await lis.read(["records"], (tx) => tx.objectStore("records").count()), 0);
  assert.deepEqual(await waiting(lis), { count: 0, oldest: null });
});

test("the device remembers who was here and what waits for each", async () => {
  const { phone } = await morning();
  await phone.visit("home-101", "met");
  while (!(await phone.device.waiting()).some((one) => one.count)) await new Promise(setImmediate);
  const again = await openDevice(phone.factory);
  assert.equal(await again.get("user"), phone.user);
  assert.deepEqual(
    (await again.waiting()).map(({ user, count }) => [user, count]),
    [[phone.user, 1]],
  );
});

test("a database from before there were attachments is upgraded with what waits in it", async () => {
  const { phone } = await morning();
  const name = `fieldapp:${LI.id}`;
  const request = phone.factory.open(name, 1);
  request.onupgradeneeded = () => {
    const db = request.result;
    db.createObjectStore("records", { keyPath: "id" }).createIndex("k", "k", { multiEntry: true });
    const ops = db.createObjectStore("ops", { keyPath: "n" });
    ops.createIndex("op", "op", { unique: true });
    ops.createIndex("group", "group");
    ops.createIndex("record", "records", { multiEntry: true });
    ops.createIndex("problem", "problem");
    db.createObjectStore("drafts");
    db.createObjectStore("meta");
    ops.put({ n: 1, op: "op-1", group: "g", records: [], at: "2026-11-23T02:00:00.000Z", offset: 0 });
    request.transaction.objectStore("meta").put({ device: "device-1", base: 0, next: 2, acked: 0 }, "outbox");
  };
  // The page of the older app is still open: it gives way.
  const old = await opened(request);
  old.onversionchange = () => old.close();
  const store = await openUser(LI.id, DATA, phone.device, phone.factory);
  assert.equal((await waiting(store)).count, 1);
  assert.equal(await underWay(store), 0);
  const hash = await attach(store, "/form", "photos", new TextEncoder().encode("a picture").buffer);
  assert.equal((await store.get("bytes", hash)).byteLength, 9);
  assert.deepEqual((await store.get("drafts", "/form")).photos, [hash]);
  assert.equal(store.lost, null);
});

test("a save of another form leaves the attachments of a draft alone", async () => {
  const { phone } = await morning();
  const bytes = (text) => new TextEncoder().encode(text).buffer;
  const hash = await attach(phone.store, "/form", "photos", bytes("a lamp"));
  await phone.visit("home-101", "met", {}, { draft: "/another" });
  assert.equal((await phone.store.get("blobs", hash)).draft, "/form");
});
