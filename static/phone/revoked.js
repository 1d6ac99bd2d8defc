// Revoked: a phone that was signed off delivers what it holds and has its receipt for all of it; only then it is cleared.

import { openSync, receive } from "./apply.js";
import { instantMs } from "./clock.js";

/**
 * The refusal is the receipt of what was sent with it (P13).
 * @param {any} tx over "records", "ops" and "meta"
 * @param {any} data
 * @param {{last: number, results?: import("./wire.js").Result[]}} said
 * @param {number} sent the last `n` that this cycle posted
 * @param {number} clock the phone's own, ms
 * @returns {Promise<{sent: number, left: boolean}>} where to go on from, and whether the server still lacks something
 */
export async function receipt(tx, data, said, sent, clock) {
  const { offset, me } = await openSync(tx);
  const outbox = await receive(tx, data, me, said, sent, instantMs(clock + offset));
  const has = Math.min(said.last + outbox.base, outbox.next - 1);
  return { sent: has, left: has < outbox.next - 1 };
}
