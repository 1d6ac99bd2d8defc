// Cycle: one exchange from the first question to "no more": operations out, pages in, receipts at the end.

import { applyAnswer, openSync, restamped } from "./apply.js";
import { confirm, doubt, unconfirmed, underWayIn } from "./attachments.js";
import { instantMs } from "./clock.js";
import { claim, release, renew } from "./lease.js";
import { openOutbox } from "./outbox.js";
import { receipt } from "./revoked.js";
import { waitingIn } from "./standing.js";
import { above, room } from "./store.js";
import { batch, PROTOCOL, toWire } from "./wire.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./wire.js").Answer} Answer
 *
 * @typedef {object} Around
 * @property {string} token of this runner
 * @property {boolean} sole the Web Lock is held
 * @property {boolean} tail older history is asked for
 * @property {() => number} now the phone's clock, ms
 * @property {(request: any, offset: number) => Promise<{answer: Answer, offset: number}>} ask
 * @property {(sync: import("./apply.js").Sync) => Promise<unknown>} onApplied
 *
 * @typedef {{request: any, base: number, from: number, last: number, offset: number}} Round
 */

/** More refusals than these in one cycle: something is wrong that asking again does not mend. */
const PATIENCE = 12;
/** As many channels as a report may name. */
const MOST_ALARMS = 100;
/** What an answer may change. */
const STORES = ["records", "ops", "meta", "blobs", "bytes"];

/** The server said why not, in the protocol's words. */
export class Refused extends Error {
  /** @param {string} code @param {any} said @param {number} after ms to wait before the next try */
  constructor(code, said, after) {
    super(code);
    this.code = code;
    this.said = said;
    this.after = after;
  }
}

/**
 * @param {Store} store
 * @param {any} data
 * @param {Around} around
 * @returns {Promise<{code: string, tail: boolean}>}
 */
export async function cycle(store, data, around) {
  if (!(await store.write(["meta"], (tx) => claim(tx, around.token, around.now(), around.sole)))) {
    return { code: "elsewhere", tail: false };
  }
  try {
    return await rounds(store, data, around);
  } finally {
    await store.write(["meta"], (tx) => release(tx, around.token)).catch(() => {});
  }
}

/** @param {Store} store @param {any} data @param {Around} around */
async function rounds(store, data, around) {
  /** The last `n` that the server has taken in this cycle; none yet: what was acknowledged before. @type {number | null} */
  let sent = null;
  let most = Infinity;
  let refusals = 0;
  let clears = false;
  let before = "";
  for (;;) {
    const round = await gather(store, data, around, sent, most, clears);
    try {
      const { answer, offset } = await around.ask(round.request, round.offset);
      const taken = Math.max(round.from, Math.min(round.last, answer.last + round.base));
      const { outbox, sync, restarted, again } = await store.write(STORES, async (tx) => {
        await renew(tx, around.token, around.now());
        await confirm(tx, round.request.files, answer.files ?? [], Date.parse(answer.now));
        return applyAnswer(tx, data, answer, { sent: taken, offset });
      });
      sent = restarted ? outbox.acked : taken;
      store.offset = offset;
      await around.onApplied(sync);
      const left = outbox.next - 1 > sent;
      const here = JSON.stringify([sent, outbox.device, sync.cursors]);
      // An answer that brings nothing further would be asked for without end.
      const further =
        here !== before || JSON.stringify(round.request.cursors) !== JSON.stringify(sync.cursors);
      before = here;
      if (!left && !answer.more && !again) {
        return {
          code: "done",
          tail: further && Object.values(sync.cursors).some((cursor) => cursor.tail !== null),
        };
      }
      if (!further) return { code: "failed", tail: false };
    } catch (error) {
      if (error instanceof Refused && error.code === "revoked" && Number.isInteger(error.said.last)) {
        const { files: asked, ops, report } = round.request;
        const had = await store.write(STORES, async (tx) => {
          await renew(tx, around.token, around.now());
          await confirm(tx, asked, error.said.files ?? [], around.now());
          const got = await receipt(tx, data, error.said, round.last, around.now());
          return { ...got, files: await underWayIn(tx) };
        });
        if (!had.left && !ops.length && (had.files || report.clears)) return { code: "revoked", tail: false };
        // The last word: the server has everything, by its own account, and ends the session.
        clears = !had.left && !had.files;
        if (had.sent > (sent ?? -1)) refusals = 0;
        sent = had.sent;
      }
      if (!(error instanceof Refused) || ++refusals > PATIENCE) throw error;
      const count = round.request.ops.length;
      if (error.code === "too_large" && count > 1) most = Math.floor(count / 2);
      else if (error.code === "fork")
        sent = await store.write(["ops", "meta"], (tx) => newDevice(tx, around, null));
      else if (error.code === "gap")
        sent = await store.write(["ops", "meta"], (tx) => goBack(tx, around, round, error.said));
      else if (error.code !== "revoked") throw error;
    }
  }
}

/**
 * What this round asks and sends.
 * @param {Store} store
 * @param {any} data
 * @param {Around} around
 * @param {number | null} sent
 * @param {number} most
 * @param {boolean} clears
 * @returns {Promise<Round>}
 */
async function gather(store, data, around, sent, most, clears) {
  const space = await room();
  // The first use of the outbox makes the device id: a write.
  return store.write(["ops", "meta", "blobs"], async (tx) => {
    const [sync, outbox, waits] = [await openSync(tx), await openOutbox(tx), await waitingIn(tx)];
    const from = sent ?? outbox.acked;
    const held = await tx.objectStore("ops").getAll(above(from), 100);
    await doubt(tx, held);
    const files = await unconfirmed(tx);
    const ops = batch(
      held.map((/** @type {import("./overlay.js").Op} */ op) => toWire(op, outbox.base)),
      most,
    );
    const request = {
      protocol: PROTOCOL,
      app: data.version,
      user: store.user,
      device: outbox.device,
      clock: instantMs(around.now()),
      epoch: sync.epoch,
      ops,
      cursors: sync.cursors,
      report: {
        waiting: waits.count,
        oldest: waits.oldest,
        used: space?.used,
        left: space?.left,
        files: await underWayIn(tx),
        clears,
        alarms: sync.alarms.slice(0, MOST_ALARMS),
      },
      tail: around.tail,
      files,
    };
    return { request, base: outbox.base, from, last: from + ops.length, offset: sync.offset };
  });
}

/**
 * Go on under a new device id: another phone, or an older copy of this one, has used ours (P11).
 * @param {any} tx
 * @param {Around} around
 * @param {number | null} acked taken over by the new id; what was acknowledged, when left out
 * @returns {Promise<number>} where to send from
 */
async function newDevice(tx, around, acked) {
  await renew(tx, around.token, around.now());
  const outbox = await openOutbox(tx);
  const made = restamped(outbox, acked ?? outbox.acked);
  await tx.objectStore("meta").put(made, "outbox");
  return made.acked;
}

/**
 * The server lacks what this phone had receipts for: send it again, as far as it is still here.
 * @param {any} tx
 * @param {Around} around
 * @param {Round} round
 * @param {any} said
 * @returns {Promise<number>}
 */
async function goBack(tx, around, round, said) {
  const wanted = said.send_from + round.base;
  if (!(wanted > round.base && wanted <= round.from)) throw new Refused("bad_gap", said, 0);
  const first = (await tx.objectStore("ops").openKeyCursor(above(wanted - 1)))?.key;
  return first === wanted ? wanted - 1 : newDevice(tx, around, (first ?? round.from + 1) - 1);
}
