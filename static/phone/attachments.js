// Attachments: the files of a form on this phone, from the draft that holds them until the server has had them for days (P23).

import { world } from "./clock.js";
import { settled } from "./drafts.js";

/**
 * @typedef {import("./store.js").Store} Store
 *
 * @typedef {object} Attachment what is known of a file; its bytes lie apart, so that to look at many costs little
 * @property {string} hash SHA-256 in hex
 * @property {number} size
 * @property {string} [draft] the form that holds it, until it is saved; KEPT, once a pull has confirmed it
 * @property {number} [left] when the form was saved without it, by the phone's clock
 * @property {number} [due] the operation that names it, while it is to be sent
 * @property {number} [sent] the same, once it has been sent whole and no pull has confirmed it yet
 * @property {number} [kept] when a pull confirmed it, by the server's clock
 * @property {string} [to] where it is being sent
 * @property {number} [tries] how often it had to begin anew
 * @property {number} [problem] the status with which it was refused for good; it stays here
 */

/** Stands where a form's address does. */
const KEPT = "kept";
/** What is confirmed stays so long, ms: a server restored from last night's copy asks for it again. */
const KEPT_FOR = 172_800_000;

/** In hex. @param {string | ArrayBuffer} content */
export async function sha256(content) {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Keep a file of a form that is not saved yet, and name it in the form's draft, in one transaction.
 * @param {Store} store
 * @param {string} path the form's address
 * @param {string} field
 * @param {ArrayBuffer} bytes
 */
export async function attach(store, path, field, bytes) {
  const hash = await sha256(bytes);
  await settled(path);
  await store.write(["blobs", "bytes", "drafts"], async (tx) => {
    const blobs = tx.objectStore("blobs");
    // What is on its way already goes on.
    if (((await blobs.get(hash)) ?? { draft: path }).draft) {
      blobs.put({ hash, size: bytes.byteLength, draft: path });
      tx.objectStore("bytes").put(bytes, hash); // WebKit refuses Blobs
    }
    const draft = (await tx.objectStore("drafts").get(path)) ?? {};
    draft[field] = [...new Set([...(draft[field] ?? []), hash])];
    await tx.objectStore("drafts").put(draft, path);
  });
  return hash;
}

/** The files that an operation names. @param {any} data @param {string} kind @param {Record<string, any>} patch @returns {string[]} */
export function filesOf(data, kind, patch) {
  const types = data.kinds[kind].types ?? {};
  return [...new Set(Object.keys(patch).flatMap((name) => (types[name] === "photos" ? patch[name] : [])))];
}

/** What a save leaves beside it is kept so long, ms: the same form may be open in another tab, and name it yet. */
const LEFT_FOR = 86_400_000;

/**
 * In the transaction of a save: its files are to be sent; what drafts held beside saves of long ago goes.
 * @param {any} tx over "blobs" and "bytes"
 * @param {string} path
 * @param {{n: number, files: string[]}[]} ops
 */
export async function queue(tx, path, ops) {
  const blobs = tx.objectStore("blobs");
  const named = new Map(ops.flatMap(({ n, files }) => files.map((hash) => [hash, n])));
  for (const { draft, left, kept: _, ...blob } of await blobs.index("draft").getAll()) {
    if (named.has(blob.hash)) blobs.put({ ...blob, due: named.get(blob.hash) });
    else if (left < world.now() - LEFT_FOR) forget(tx, blob.hash);
    else if (draft === path && !left) blobs.put({ ...blob, draft, left: world.now() });
  }
}

/** @param {any} tx @param {string} hash */
function forget(tx, hash) {
  tx.objectStore("blobs").delete(hash);
  tx.objectStore("bytes").delete(hash);
}

/** What a request asks about: files that were sent whole. @param {any} tx @returns {Promise<string[]>} */
export function unconfirmed(tx) {
  return tx.objectStore("blobs").index("sent").getAllKeys(null, 50);
}

/**
 * In the transaction of a pull: what the server has lost is sent again, what it has held for days goes.
 * @param {any} tx over "blobs" and "bytes"
 * @param {string[]} asked
 * @param {string[]} here
 * @param {number} now by the server's clock
 */
export async function confirm(tx, asked, here, now) {
  const blobs = tx.objectStore("blobs");
  for (const hash of asked) {
    const { sent, to: _, ...blob } = (await blobs.get(hash)) ?? {};
    if (sent) blobs.put({ ...blob, ...(here.includes(hash) ? { draft: KEPT, kept: now } : { due: sent }) });
  }
  for (const { hash, kept } of await blobs.index("draft").getAll(KEPT))
    if (kept < now - KEPT_FOR) forget(tx, hash);
}

/**
 * Of operations that are sent again the server may have lost the files as well: what is here yet is asked about anew.
 * @param {any} tx over "blobs"
 * @param {{n: number, files: string[]}[]} ops
 */
export async function doubt(tx, ops) {
  const blobs = tx.objectStore("blobs");
  for (const { n, files } of ops)
    for (const hash of files) {
      const { kept, draft: _, ...blob } = (await blobs.get(hash)) ?? {};
      if (kept) blobs.put({ ...blob, sent: n });
    }
}

/** Where there is no room, what the server holds is the first to go. @param {any} tx over "blobs" and "bytes" @returns {Promise<number>} how many went */
export async function spare(tx) {
  const hashes = await tx.objectStore("blobs").index("draft").getAllKeys(KEPT);
  for (const hash of hashes) forget(tx, hash);
  return hashes.length;
}

/** The next file to send, the oldest first. @param {Store} store @returns {Promise<Attachment | undefined>} */
export function next(store) {
  return store.read(["blobs"], async (tx) => (await tx.objectStore("blobs").index("due").getAll(null, 1))[0]);
}

/** Those on their way, the oldest first: to be sent, then not confirmed. @param {any} tx over "blobs" @returns {Promise<Attachment[]>} */
export async function onTheirWay(tx) {
  const blobs = tx.objectStore("blobs");
  return [...(await blobs.index("due").getAll()), ...(await blobs.index("sent").getAll())];
}

/** How many files are on their way: to be sent, or not confirmed. @param {Store} store @returns {Promise<number>} */
export function underWay(store) {
  return store.read(["blobs"], underWayIn);
}

/** @param {any} tx over "blobs" @returns {Promise<number>} */
export async function underWayIn(tx) {
  return (await onTheirWay(tx)).length;
}
