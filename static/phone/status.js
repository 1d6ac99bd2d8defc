// Status: what the header and the sync screen say about this phone: what waits, since when, what was last received.

import { underWay } from "./attachments.js";
import { instant } from "./clock.js";
import { ownList } from "./own.js";
import { header, list } from "./standing.js";
import { room } from "./store.js";

/** A save is spoken of, and can be undone, for this long; the page counts down the shorter time it shows. */
const SPOKEN_OF = 60 * 1000;
/** What a memory lost is spoken of for as long as receipts are kept. */
const MOURNED = 30 * 86_400_000;
/** A clock that is less wrong than this is not spoken of; the centre flags the same (P19). */
const CLOCK_OFF = 10 * 60_000;

/**
 * `ctx.status`.
 * @param {import("./context.js").Phone} phone
 * @param {number} ms the corrected time
 * @param {string[]} needs what the screen declares to need: with "outbox", each operation, the storage and what was
 *   lost; with "own", a page of the own list
 * @param {Record<string, string>} args
 */
export async function readStatus({ store, device, me }, ms, needs, args) {
  const detailed = needs.includes("outbox");
  const [[waits, stands, said], others, storage, operations, own, files] = await Promise.all([
    header(store),
    device.waiting(),
    detailed ? room() : null,
    detailed ? list(store) : [],
    needs.includes("own") ? ownList(store, args.page) : null,
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
    own,
    clock: Math.abs(store.offset) > CLOCK_OFF ? Math.round(-store.offset / 60_000) : 0,
    lost: recentOf([store.lost, ...(me.unsent ?? [])], ms),
    files,
  };
}

/**
 * The greatest of the losses that are spoken of still: of this phone's own note, and of what the centre last heard from
 * a phone of this person before this one began.
 * @param {({count: number, oldest: string | null, at: string} | null)[]} losses
 * @param {number} ms
 */
function recentOf(losses, ms) {
  const recent = losses.flatMap((one) => (one && ms - Date.parse(one.at) < MOURNED ? one : []));
  const [most] = recent.sort((a, b) => b.count - a.count);
  return most ? { count: most.count, at: instant(Date.parse(most.at)) } : null;
}
