// Store: one person's records, operations and drafts on this phone; the only file that knows IndexedDB.

import { spare } from "./attachments.js";
import { uuid7 } from "./ids.js";
import { signature } from "./records.js";
import { rekey } from "./rekey.js";
import { Transaction } from "./requests.js";

/**
 * @typedef {{user: string, count: number, oldest: string | null, at: string}} Marker what waited when last seen
 */

/** The key in `meta` of the mark that changes with the records. */
export const MARK = "mark";

const ANSWER_WITHIN_MS = 15_000;

/** The phone has no room left: nothing of the attempted save was written (P8). */
export class StorageFull extends Error {
  name = "StorageFull";
}

/** The database can not be opened now: an older or newer page of the app still holds it. */
export class StoreBlocked extends Error {
  name = "StoreBlocked";
}

/**
 * @param {string} name
 * @param {number} version
 * @param {(db: any, oldVersion: number) => void} upgrade
 * @param {IDBFactory} factory
 * @returns {Promise<IDBDatabase>}
 */
function openDatabase(name, version, upgrade, factory) {
  const request = factory.open(name, version);
  return new Promise((resolve, reject) => {
    let refused = false;
    const refuse = () => {
      refused = true;
      reject(new StoreBlocked(name));
    };
    // WebKit's first opening, and Chromium's after a full disk, may never be answered: the next one is.
    const silence = setTimeout(refuse, ANSWER_WITHIN_MS);
    request.onupgradeneeded = (event) => {
      clearTimeout(silence);
      upgrade(request.result, event.oldVersion);
    };
    request.onblocked = refuse;
    request.onerror = () => {
      clearTimeout(silence);
      reject(typed(request.error));
    };
    request.onsuccess = () => {
      clearTimeout(silence);
      const db = request.result;
      // A newer app must never wait for this page (P-fault: upgrade blocked by an old tab).
      db.onversionchange = () => db.close();
      if (refused) db.close();
      else resolve(db);
    };
  });
}

/** @param {any} error @returns {any} */
function typed(error) {
  if (error?.name === "QuotaExceededError") return new StorageFull(error.message, { cause: error });
  if (error?.name === "VersionError") return new StoreBlocked(error.message, { cause: error });
  return error;
}

/** What both databases share: transactions that are durable, and a connection that heals. */
class Base {
  /** @param {() => Promise<IDBDatabase>} open */
  constructor(open) {
    this.open = open;
    this.db = open();
  }

  /**
   * @param {string[]} names
   * @param {IDBTransactionMode} mode
   * @returns {Promise<Transaction>}
   */
  async begin(names, mode) {
    // P1: browsers default to relaxed, which loses what was "saved" when the battery dies.
    const begin = async () =>
      new Transaction((await this.db).transaction(names, mode, { durability: "strict" }));
    try {
      return await begin();
    } catch {
      // Closed under us (an upgrade that never came, iOS after a while in the background), or never opened (no room).
      this.db = this.open();
      return begin();
    }
  }

  /**
   * @template T
   * @param {string[]} names the object stores
   * @param {(tx: Transaction) => Promise<T>} work awaits nothing but requests of this transaction
   * @returns {Promise<T>}
   */
  async read(names, work) {
    return work(await this.begin(names, "readonly"));
  }

  /**
   * Resolves only after the transaction is complete on disk; rejects with nothing written (P1).
   * @template T
   * @param {string[]} names
   * @param {(tx: Transaction) => Promise<T>} work is done anew where the browser wants it
   * @returns {Promise<T>}
   */
  async write(names, work) {
    // After a transaction for which there was no room, Firefox lets the next one delete, and nothing else.
    return this.attempt(names, work).catch((error) =>
      error.name === "InvalidStateError" ? this.attempt(names, work) : Promise.reject(error),
    );
  }

  /**
   * @template T
   * @param {string[]} names
   * @param {(tx: Transaction) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async attempt(names, work) {
    const tx = await this.begin(names, "readwrite");
    try {
      const result = await work(tx);
      const failed = await tx.done;
      if (failed) throw failed;
      return result;
    } catch (error) {
      try {
        tx.tx.abort();
      } catch {
        // it has ended by itself
      }
      const failed = await tx.done;
      throw typed(failed?.name === "QuotaExceededError" ? failed : error);
    }
  }

  async close() {
    (await this.db).close();
  }
}

/** What the phone knows before it knows the person: `user`, `me`, and for every user what waits. */
export class Device extends Base {
  /** @param {string} key @returns {Promise<any>} */
  get(key) {
    return this.read(["meta"], (tx) => tx.objectStore("meta").get(key));
  }

  /** @param {string} key @param {unknown} value @returns {Promise<void>} */
  async set(key, value) {
    await this.write(["meta"], (tx) => tx.objectStore("meta").put(value, key));
  }

  /** What waits under each user's name on this phone (P9). @returns {Promise<Marker[]>} */
  async waiting() {
    const range = between("waiting:", "waiting;");
    return this.read(["meta"], (tx) => tx.objectStore("meta").getAll(range));
  }
}

/** One person's database. `lost` says what was waiting in it when the browser threw it away. */
export class Store extends Base {
  /** @type {Marker | null} */
  lost = null;
  /** The server's clock minus the phone's, ms; kept fresh by the exchange (P19). */
  offset = 0;

  /**
   * @param {string} user
   * @param {any} data
   * @param {Device | null} device
   * @param {() => Promise<IDBDatabase>} open
   */
  constructor(user, data, device, open) {
    super(open);
    this.user = user;
    this.data = data;
    this.device = device;
  }

  /**
   * Whoever writes records leaves a new mark, by which others know that what they read before is old.
   * @template T
   * @param {string[]} names
   * @param {(tx: Transaction) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async write(names, work) {
    const marked = (/** @type {Transaction} */ tx) => {
      if (names.includes("records")) tx.objectStore("meta").put(uuid7(), MARK);
      return work(tx);
    };
    try {
      return await super.write(names, marked);
    } catch (error) {
      if (!(error instanceof StorageFull && (await super.write(["blobs", "bytes"], spare)))) throw error;
      return super.write(names, marked);
    }
  }

  /** @param {string} name @param {IDBValidKey} key @returns {Promise<any>} */
  get(name, key) {
    return this.read([name], (tx) => tx.objectStore(name).get(key));
  }

  /** @param {string} name @param {IDBValidKey} key @param {unknown} value */
  async put(name, key, value) {
    await this.write([name], (tx) => tx.objectStore(name).put(value, key));
  }

  /** @param {string} name @param {IDBValidKey} key */
  async remove(name, key) {
    await this.write([name], (tx) => tx.objectStore(name).delete(key));
  }

  /** Note beside the database what waits in it, to notice its loss. @param {{count: number, oldest: string | null, at: string}} marker */
  async mark(marker) {
    await this.device?.set(`waiting:${this.user}`, { user: this.user, ...marker });
  }
}

/** @param {IDBFactory} [factory] @returns {Promise<Device>} */
export async function openDevice(factory = indexedDB) {
  const device = new Device(() => openDatabase("fieldapp", 1, (db) => db.createObjectStore("meta"), factory));
  await device.db;
  return device;
}

/**
 * @param {IDBDatabase} db
 * @param {number} from the version that is there
 * @param {Record<string, unknown>} known what a new memory begins with
 */
function upgradeUser(db, from, known) {
  if (from < 1) createUser(db, known);
  if (from < 2) {
    const blobs = db.createObjectStore("blobs", { keyPath: "hash" });
    for (const index of ["draft", "due", "sent"]) blobs.createIndex(index, index);
    db.createObjectStore("bytes");
  }
}

/** @param {IDBDatabase} db @param {Record<string, unknown>} known */
function createUser(db, known) {
  db.createObjectStore("records", { keyPath: "id" }).createIndex("k", "k", { multiEntry: true });
  const ops = db.createObjectStore("ops", { keyPath: "n" });
  ops.createIndex("op", "op", { unique: true });
  ops.createIndex("group", "group");
  ops.createIndex("record", "records", { multiEntry: true });
  ops.createIndex("problem", "problem");
  db.createObjectStore("drafts");
  const meta = db.createObjectStore("meta");
  for (const [key, value] of Object.entries(known)) meta.put(value, key);
}

/**
 * @param {string} user
 * @param {any} data what the build exported
 * @param {Device | null} [device] with it, the loss of this database is noticed
 * @param {IDBFactory} [factory]
 * @returns {Promise<Store>}
 */
export async function openUser(user, data, device = null, factory = indexedDB) {
  /** @type {Store} */
  const store = new Store(user, data, device, async () => {
    // Asked at every opening: the browser may throw the database away while the connection rests.
    const marker = await device?.get(`waiting:${user}`);
    const known = { keys: signature(data), ...(marker?.count ? { lost: marker } : {}) };
    const upgrade = (/** @type {IDBDatabase} */ db, /** @type {number} */ from) => {
      upgradeUser(db, from, known);
      if (from < 1) store.lost = known.lost ?? null;
    };
    return openDatabase(`fieldapp:${user}`, 2, upgrade, factory);
  });
  await store.db;
  const [lost, sync, keys] = await store.read(["meta"], (tx) =>
    Promise.all(["lost", "sync", "keys"].map((key) => tx.objectStore("meta").get(key))),
  );
  store.lost = lost ?? null;
  store.offset = sync?.offset ?? 0;
  if (keys !== signature(data)) await rekey(store, data);
  return store;
}

/** The bytes used and left for this app; null where the browser does not say. @returns {Promise<{used: number, left: number} | null>} */
export async function room() {
  const estimate = await globalThis.navigator?.storage?.estimate?.();
  return estimate ? { used: estimate.usage ?? 0, left: (estimate.quota ?? 0) - (estimate.usage ?? 0) } : null;
}

/**
 * Walk the rows that an index range holds, in its order, until `each` says stop.
 * @param {Transaction} tx
 * @param {IDBKeyRange} range
 * @param {IDBCursorDirection} direction
 * @param {(row: any, key: any) => boolean | void} each returns true to stop
 */
export async function walk(tx, range, direction, each) {
  const index = tx.objectStore("records").index("k");
  for (let at = await index.openCursor(range, direction); at; at = await at.continue()) {
    if (each(at.value, at.key)) return;
  }
}

/** @param {any} low @param {any} high @param {boolean} [openLow] @param {boolean} [openHigh] @returns {IDBKeyRange} */
export function between(low, high, openLow = false, openHigh = false) {
  return IDBKeyRange.bound(low, high, openLow, openHigh);
}

/** @param {any} low @returns {IDBKeyRange} what comes after `low` */
export function above(low) {
  return IDBKeyRange.lowerBound(low, true);
}
