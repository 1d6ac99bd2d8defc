// Storage: what a phone's disk does when the battery dies, when the phone is copied, and what lies on it.

import { IDBFactory, IDBTransaction } from "fake-indexeddb";
import Database from "../../node_modules/fake-indexeddb/build/esm/lib/Database.js";
import Index from "../../node_modules/fake-indexeddb/build/esm/lib/Index.js";
import ObjectStore from "../../node_modules/fake-indexeddb/build/esm/lib/ObjectStore.js";

const proto = /** @type {any} */ (IDBTransaction.prototype);
const { _abort: abort, _markFinished: finish } = proto;

proto._abort = function (/** @type {any} */ why) {
  this.rolledBack = true;
  return abort.call(this, why);
};

// A commit that is not strict lies in a buffer until the next strict one (P1).
proto._markFinished = function () {
  if (!this.rolledBack && this.mode !== "readonly") {
    const disk = this.db._rawDatabase;
    disk.buffered ??= [];
    if (this.durability === "strict" || this.mode === "versionchange") disk.buffered = [];
    else disk.buffered.push(this._rollbackLog);
  }
  return finish.call(this);
};

const { storeRecord } = ObjectStore.prototype;

// A disk without room refuses what is new; going back needs none.
ObjectStore.prototype.storeRecord = function (
  /** @type {any} */ record,
  /** @type {any} */ only,
  /** @type {any} */ log,
) {
  if (log && this.rawDatabase.full) throw new DOMException("no room", "QuotaExceededError");
  return storeRecord.call(this, record, only, log);
};

/** @param {any} factory @param {boolean} full */
export function fill(factory, full) {
  for (const disk of disks(factory)) disk.full = full;
}

const undo = (/** @type {(() => void)[]} */ log) => {
  for (const back of [...log].reverse()) back();
};

/** @param {any} factory @returns {any[]} */
const disks = (factory) => [...factory._databases.values()];

/**
 * The battery dies: what was not committed is not there, what was not on the disk neither.
 * @param {any} factory
 * @param {() => boolean} just whether a commit that was about to be reported had reached the disk
 * @returns {any} the storage as the next boot finds it
 */
export function powerCut(factory, just) {
  const next = new IDBFactory();
  for (const disk of disks(factory)) {
    for (const tx of disk.transactions) {
      if (tx._state === "finished" || tx.mode === "readonly") continue;
      const whole = tx._started && !tx._requests.length && tx.mode !== "versionchange";
      if (!(whole && tx.durability === "strict" && just())) undo(tx._rollbackLog);
    }
    for (const log of (disk.buffered ?? []).reverse()) undo(log);
    Object.assign(disk, { transactions: [], connections: [], buffered: [] });
    if (disk.version) /** @type {any} */ (next)._databases.set(disk.name, disk);
  }
  return next;
}

/** Another phone's storage, byte for byte what was committed here. Only between transactions. @param {any} factory */
export function copied(factory) {
  const next = new IDBFactory();
  for (const disk of disks(factory)) {
    const made = new Database(disk.name, disk.version);
    for (const store of disk.rawObjectStores.values()) {
      const other = new ObjectStore(made, store.name, store.keyPath, store.autoIncrement);
      for (const index of store.rawIndexes.values()) {
        const twin = new Index(other, index.name, index.keyPath, index.multiEntry, index.unique);
        twin.initialized = true;
        other.rawIndexes.set(index.name, twin);
      }
      for (const { key, value } of store.records.values())
        other.storeRecord(structuredClone({ key, value }), false);
      made.rawObjectStores.set(store.name, other);
    }
    if (disk.version) /** @type {any} */ (next)._databases.set(disk.name, made);
  }
  return next;
}

/** Whether nothing is being written. @param {any} factory */
export function quiet(factory) {
  return disks(factory).every((disk) =>
    disk.transactions.every((tx) => tx._state === "finished" || tx.mode === "readonly"),
  );
}

/** The persons who have a database on this phone. @param {any} factory @returns {string[]} */
export function users(factory) {
  return disks(factory).flatMap(({ name, version }) =>
    version && name.startsWith("fieldapp:") ? [name.slice(9)] : [],
  );
}

/** What lies in one store of a person's database, or of the device's (`user` null). @param {any} factory @param {string | null} user @param {string} store @returns {any[]} */
export function lying(factory, user, store) {
  const disk = factory._databases.get(user === null ? "fieldapp" : `fieldapp:${user}`);
  const found = disk?.rawObjectStores.get(store);
  return found ? Array.from(found.records.values(), (/** @type {any} */ one) => one.value) : [];
}

/** The keys of what lies there. @param {any} factory @param {string} user @param {string} store @returns {any[]} */
export function keys(factory, user, store) {
  const found = factory._databases.get(`fieldapp:${user}`)?.rawObjectStores.get(store);
  return found ? Array.from(found.records.values(), (/** @type {any} */ one) => one.key) : [];
}

/** @param {any} factory @param {string | null} user @param {string} key */
export function noted(factory, user, key) {
  const disk = factory._databases.get(user === null ? "fieldapp" : `fieldapp:${user}`);
  return disk?.rawObjectStores.get("meta")?.records.get(key)?.value;
}
