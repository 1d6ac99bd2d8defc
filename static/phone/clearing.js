// Clearing: takes one person's records off this phone; never while something of theirs waits (P8).

import { underWayIn } from "./attachments.js";
import { mark, waitingIn } from "./standing.js";

const EVERYTHING = ["records", "ops", "drafts", "meta", "blobs", "bytes"];

/**
 * The look at what waits and the clearing are one transaction: a save in another tab comes before it or after it. An
 * exchange under way has lost its lease and changes nothing any more (P6).
 * @param {import("./store.js").Store} store
 * @returns {Promise<boolean>} false when something waits: everything stays
 */
export async function clear(store) {
  const cleared = await store.write(EVERYTHING, async (tx) => {
    if ((await waitingIn(tx)).count || (await underWayIn(tx))) return false;
    await Promise.all(EVERYTHING.map((name) => tx.objectStore(name).clear()));
    return true;
  });
  if (cleared) {
    Object.assign(store, { lost: null, offset: 0 });
    await store.device?.set("me", null);
  }
  await mark(store);
  return cleared;
}
