// Status: what the header and the sync screen say about this phone: what waits, since when, what was last received.

import { underWay } from "./attachments.js";
import { instant } from "./clock.js";
import { last, list, standing, waiting } from "./standing.js";
import { room } from "./store.js";

/** A save is spoken of, and can be undone, for this long; the page counts down the shorter time it shows. */
const SPOKEN_OF = 60 * 1000;

/**
 * `ctx.status`.
 * @param {import("./context.js").Phone} phone
 * @param {number} ms the corrected time
 * @param {string[]} needs what the screen declares to need: with "outbox", each operation and the storage
 */
export async function readStatus({ store, device, me }, ms, needs) {
  const detailed = needs.includes("outbox");
  const [waits, stands, said, others, storage, operations, files] = await Promise.all([
    waiting(store),
    standing(store),
    last(store),
    device.waiting(),
    detailed ? room() : null,
    detailed ? list(store) : [],
    detailed ? underWay(store) : 0,
  ]);
  const seconds = (/** @type {string | null} */ text) => (text ? instant(Date.parse(text)) : null);
  const recent = said && ms - Date.parse(said.at) < SPOKEN_OF;
  return {
    waiting: waits.count,
    oldest: seconds(waits.oldest),
    received: seconds(stands.received),
    last: recent ? { ...said, at: seconds(said.at) } : null,
    ready: stands.ready,
    signed_out: stands.signed_out,
    others: others.filter((one) => one.user !== me.id).reduce((sum, one) => sum + one.count, 0),
    problems: stands.problems,
    storage,
    operations,
    files,
  };
}
