// Standing: what the phone can say of its own work: what waits, what was last saved, what went wrong.

import { instantMs, world } from "./clock.js";
import { deviceTime } from "./overlay.js";
import { above } from "./store.js";

/**
 * @typedef {import("./overlay.js").Op} Op
 * @typedef {import("./store.js").Store} Store
 * @typedef {{says: string | null, group: string | null, at: string, url: string | null}} Last
 * @typedef {{ready: boolean, received: string | null, signed_out: boolean, other_user: boolean, problems: number}} Standing
 */

/** What waits for the server. @param {Store} store @returns {Promise<{count: number, oldest: string | null}>} */
export function waiting(store) {
  return store.read(["ops", "meta"], waitingIn);
}

/** @param {any} tx @returns {Promise<{count: number, oldest: string | null}>} */
export async function waitingIn(tx) {
  const outbox = await tx.objectStore("meta").get("outbox");
  if (!outbox || outbox.next - outbox.acked <= 1) return { count: 0, oldest: null };
  const oldest = await tx.objectStore("ops").get(outbox.acked + 1);
  return { count: outbox.next - outbox.acked - 1, oldest: oldest ? deviceTime(oldest) : null };
}

/** Note beside the database what waits; a loss of this note loses nothing. @param {Store} store */
export async function mark(store) {
  try {
    await store.mark({ ...(await waiting(store)), at: instantMs(world.now() + store.offset) });
  } catch {
    // the database closed meanwhile: the next save notes it
  }
}

/**
 * What the header says: what waits, how the exchange stands, and the last save, for its notice and its undo.
 * @param {Store} store
 * @returns {Promise<[{count: number, oldest: string | null}, Standing, Last | null]>}
 */
export function header(store) {
  return store.read(["ops", "meta"], async (tx) => [
    await waitingIn(tx),
    await standingIn(tx),
    (await tx.objectStore("meta").get("last")) ?? null,
  ]);
}

/**
 * Operations for the sync screen: what waits, oldest first, then what was not applied, newest first.
 * @param {Store} store
 * @returns {Promise<{op: string, says: string | null, url: string | null, kind: string, verb: string, at: string, state: string, reason: string | null, detail: any}[]>}
 */
export function list(store) {
  return store.read(["ops", "meta"], async (tx) => {
    const outbox = await tx.objectStore("meta").get("outbox");
    if (!outbox) return [];
    const all = tx.objectStore("ops");
    /** @type {Op[]} */
    const problems = await all.index("problem").getAll(1);
    /** @type {Op[]} */
    const open = await all.getAll(above(outbox.acked));
    return [...open, ...problems.filter((op) => op.acked).reverse()].map((op) => ({
      op: op.op,
      says: op.says,
      url: op.url,
      kind: op.kind,
      verb: op.verb,
      at: deviceTime(op),
      state: op.acked ? (op.result?.status ?? "applied") : "waiting",
      reason: op.result?.reason ?? null,
      detail: op.result?.detail ?? null,
    }));
  });
}

/** How the exchange stands. @param {Store} store @returns {Promise<Standing>} */
export function standing(store) {
  return store.read(["ops", "meta"], standingIn);
}

/** @param {any} tx @returns {Promise<Standing>} */
async function standingIn(tx) {
  const sync = await tx.objectStore("meta").get("sync");
  const problems = await tx.objectStore("ops").index("problem").count(1);
  return {
    ready: sync?.ready ?? false,
    received: sync?.received ?? null,
    signed_out: sync?.stopped === "signed_out",
    other_user: sync?.stopped === "other_user",
    problems,
  };
}
