// Blobs: sends attachments by tus 1.0, apart from operations, one at a time, from where the last try broke off (P23).

import { next } from "./attachments.js";

/**
 * @typedef {import("./attachments.js").Attachment} Attachment
 * @typedef {import("./store.js").Store} Store
 */

/** So much may a broken connection cost where a proxy hands on whole requests only. */
const PIECE = 128 * 1024;
const ANSWER_WITHIN_MS = 60_000;
const FIRST_RETRY_MS = 4_000;
const LAST_RETRY_MS = 600_000;
/** What a new upload mends (expired, lost, damaged on its way), this often; what nothing mends stays on the phone. */
const ANEW = [404, 410, 460];
const PATIENCE = 3;
const FINAL = [413, 415, 422];

/**
 * @param {object} parts
 * @param {(user: string) => Promise<Store>} parts.openStore
 * @param {typeof globalThis.fetch} parts.fetch
 * @param {Pick<LockManager, "request"> | null} [parts.locks] the server keeps two that send at once apart, too
 * @param {() => number} [parts.now]
 * @param {() => number} [parts.random]
 * @param {(run: () => void, ms: number) => any} [parts.setTimer]
 * @param {() => unknown} parts.onSent something was sent whole: a pull may confirm it
 */
export function createUploader({
  openStore,
  fetch,
  locks = globalThis.navigator?.locks,
  now = Date.now,
  random = Math.random,
  setTimer = (run, ms) => setTimeout(run, ms),
  onSent,
}) {
  let failures = 0;
  /** From when on it tries by itself, and from when on the server wants to be asked at all. */
  let patientFrom = 0;
  let anyFrom = 0;
  /** @type {Promise<void> | null} */
  let running = null;

  /** @param {string} method @param {string} path @param {Record<string, string>} [more] @param {ArrayBuffer} [body] */
  const ask = async (method, path, more, body) => {
    const gone = new AbortController();
    const limit = setTimer(() => gone.abort(), ANSWER_WITHIN_MS);
    try {
      const headers = { "Tus-Resumable": "1.0.0", ...more };
      const { ok, status, headers: said } = await fetch(path, { method, headers, body, signal: gone.signal });
      const offset = Number(said.get("Upload-Offset") ?? Number.NaN);
      const speaks = said.has("Tus-Resumable"); // else somebody else answered (P5)
      if (!ok || !speaks || !(offset >= 0))
        throw { status: speaks && status, after: said.get("Retry-After") };
      return { offset, to: /** @type {string} */ (said.get("Location")) };
    } finally {
      clearTimeout(limit);
    }
  };

  /** @param {Store} store @param {string} hash @param {(blob: any) => any} change */
  const note = (store, hash, change) =>
    store.write(["blobs"], async (tx) => {
      const blobs = tx.objectStore("blobs");
      const blob = await blobs.get(hash);
      if (blob) blobs.put(change(blob));
    });

  /** @param {Store} store @param {Attachment} blob */
  const send = async (store, { hash, size, to = "" }) => {
    let offset = 0;
    if (to) ({ offset } = await ask("HEAD", to));
    else {
      const metadata = `sha256 ${btoa(hash)}`;
      ({ to, offset } = await ask("POST", "/uploads", {
        "Upload-Length": `${size}`,
        "Upload-Metadata": metadata,
      }));
      await note(store, hash, (blob) => ({ ...blob, to }));
    }
    const bytes = await store.get("bytes", hash);
    while (offset < size) {
      const headers = { "Upload-Offset": `${offset}`, "Content-Type": "application/offset+octet-stream" };
      try {
        ({ offset } = await ask("PATCH", to, headers, bytes.slice(offset, offset + PIECE)));
      } catch (error) {
        if (/** @type {any} */ (error).status !== 409) throw error;
        ({ offset } = await ask("HEAD", to)); // another try had come further than this one knew
      }
    }
  };

  /** @param {Store} store */
  const all = async (store) => {
    let some = false;
    try {
      for (let blob = await next(store); blob; blob = await next(store)) {
        /** @type {(blob: any) => any} */
        let change = ({ due, ...rest }) => ({ ...rest, sent: due });
        try {
          await send(store, blob);
          some = true;
        } catch (error) {
          const { status } = /** @type {any} */ (error);
          if (ANEW.includes(status) && (blob.tries ?? 0) < PATIENCE - 1)
            change = ({ to, ...rest }) => ({ ...rest, tries: (rest.tries ?? 0) + 1 });
          else if (ANEW.includes(status) || FINAL.includes(status))
            change = ({ due, ...rest }) => ({ ...rest, problem: status });
          else throw error;
        }
        await note(store, blob.hash, change);
      }
      failures = 0;
    } finally {
      if (some) await onSent();
    }
  };

  /** @param {string} user @param {boolean} asked */
  const once = async (user, asked) => {
    const store = await openStore(user);
    const early = (asked ? anyFrom : patientFrom) - now();
    if ((early > 0 && early <= LAST_RETRY_MS) || !(await next(store))) return; // more: the phone's clock has gone back
    try {
      if (locks) {
        const options = { ifAvailable: true };
        await locks.request(`fieldapp-blobs:${user}`, options, (lock) => lock && all(store));
      } else await all(store);
    } catch (error) {
      const { status, after } = /** @type {any} */ (error);
      if (status === 401) return; // the next exchange says so, and who signs in goes on
      const most = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++);
      const told = Math.min(LAST_RETRY_MS, after * 1000 || 0);
      const wait = Math.max(told, random() * most);
      anyFrom = now() + told;
      patientFrom = now() + wait;
      setTimer(() => run(user), wait);
    }
  };

  /**
   * Send what waits; never fails, and never in the way of anything.
   * @param {string} user
   * @param {boolean} [asked] the person did, who need not wait as long as it would by itself
   * @returns {Promise<void>}
   */
  function run(user, asked = false) {
    running ??= once(user, asked)
      .catch(() => {}) // the store is closed: the next run finds it open
      .finally(() => {
        running = null;
      });
    return running;
  }

  return { run };
}
