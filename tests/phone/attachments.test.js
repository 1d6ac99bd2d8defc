// What a phone keeps of the photos of forms that are not saved, and for how long (P23).

import assert from "node:assert/strict";
import { test } from "node:test";
import { attach, confirm, queue } from "../../static/phone/attachments.js";
import { createUploader } from "../../static/phone/blobs.js";
import { world } from "../../static/phone/clock.js";
import { waiting } from "../../static/phone/standing.js";
import { morning } from "./cast.js";

const PATH = "/households/home-101/visit";
const HOUR = 3_600_000;
const bytes = (text) => new TextEncoder().encode(text).buffer;

/** Wang Fang saves the form of an address. */
const save = (phone, n, files, path = PATH) =>
  phone.store.write(["blobs", "bytes"], (tx) => queue(tx, path, [{ n, files }]));

const kept = async (phone) => {
  const found = await phone.store.read(["blobs"], (tx) => tx.objectStore("blobs").getAll());
  const held = await phone.store.read(["bytes"], (tx) => tx.objectStore("bytes").getAllKeys());
  assert.deepEqual(found.map((one) => one.hash).sort(), held.sort());
  return found;
};

/** A photo that was saved with a form, as operation `n`. */
async function photo(phone, what, n) {
  const hash = await attach(phone.store, PATH, "photos", bytes(what));
  await save(phone, n, [hash]);
  return hash;
}

/** A photo was taken and removed before the form was saved; `later` goes on to so many hours after that. */
async function removed(t) {
  const { phone } = await morning();
  const began = world.now();
  t.after(() => {
    world.now = () => Date.now();
  });
  await attach(phone.store, PATH, "photos", bytes("lamp"));
  await save(phone, 1, []);
  const later = (hours) => {
    world.now = () => began + hours * HOUR;
  };
  return { phone, later };
}

test("a photo taken in one tab outlives the same form saved in another, and is sent with its own", async () => {
  const { phone } = await morning();
  const lamp = await attach(phone.store, PATH, "photos", bytes("lamp"));
  await save(phone, 1, []);
  await save(phone, 2, [lamp]);
  assert.deepEqual(
    (await kept(phone)).map(({ hash, due, draft }) => ({ hash, due, draft })),
    [{ hash: lamp, due: 2, draft: undefined }],
  );
});

test("a photo that was removed from the form is gone with the first save a day later", async (t) => {
  const { phone, later } = await removed(t);
  later(23);
  await save(phone, 2, []);
  assert.equal((await kept(phone)).length, 1);
  later(25);
  await save(phone, 3, [], "/households/home-102/visit");
  assert.deepEqual(await kept(phone), []);
});

test("a photo that was removed and is taken again is as good as new", async (t) => {
  const { phone, later } = await removed(t);
  later(25);
  const lamp = await attach(phone.store, PATH, "photos", bytes("lamp"));
  await save(phone, 2, [], "/households/home-102/visit");
  await save(phone, 3, [lamp]);
  assert.deepEqual(
    (await kept(phone)).map((one) => one.due),
    [3],
  );
});

test("a phone whose clock goes back a day does not wait that day for its photos to leave", async () => {
  const { phone } = await morning();
  const lamp = await attach(phone.store, PATH, "photos", bytes("lamp"));
  await save(phone, 1, [lamp]);
  let now = phone.clock;
  let asked = 0;
  const uploader = createUploader({
    openStore: async () => phone.store,
    fetch: async () => {
      asked++;
      throw new TypeError("no network");
    },
    locks: null,
    now: () => now,
    random: () => 1,
    setTimer: () => null,
    onSent: () => {},
  });
  await uploader.run(phone.user);
  await uploader.run(phone.user);
  assert.equal(asked, 1, "it is patient");
  now -= 24 * HOUR;
  await uploader.run(phone.user);
  assert.equal(asked, 2);
});

test("a full phone lets go of the photos that the centre holds before it refuses a save", async () => {
  const { phone } = await morning(); // P8
  const [lamp, door] = [await photo(phone, "lamp", 1), await photo(phone, "door", 2)];
  await phone.store.write(["blobs", "bytes"], async (tx) => {
    await tx.objectStore("blobs").put({ hash: lamp, size: 4, sent: 1 });
    await confirm(tx, [lamp], [lamp], world.now());
  });
  const { IDBObjectStore } = globalThis;
  const put = IDBObjectStore.prototype.put;
  let taken = 2;
  const { delete: drop } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.delete = function (...args) {
    if (this.name === "bytes") taken--;
    return drop.apply(this, args);
  };
  IDBObjectStore.prototype.put = function (...args) {
    if (taken > 1 && this.name === "records") throw new DOMException("no room", "QuotaExceededError");
    return put.apply(this, args);
  };
  try {
    await phone.visit("home-101", "met");
  } finally {
    Object.assign(IDBObjectStore.prototype, { put, delete: drop });
  }
  assert.equal((await waiting(phone.store)).count, 1);
  assert.deepEqual(
    (await kept(phone)).map((one) => one.hash),
    [door],
  );
});
