// Apply: one answer of the server, its records, results, receipts and cursors, in ONE transaction (P4, P5).

import { strayed } from "./digest.js";
import { uuid7 } from "./ids.js";
import { openOutbox } from "./outbox.js";
import { channels, depth, fromWire } from "./records.js";
import { Work } from "./work.js";

/**
 * @typedef {import("./wire.js").Answer} Answer
 * @typedef {import("./wire.js").Cursor} Cursor
 * @typedef {import("./outbox.js").Outbox} Outbox
 *
 * @typedef {object} Sync how far this phone has heard the server
 * @property {string | null} epoch
 * @property {Record<string, Cursor>} cursors
 * @property {boolean} ready the first pull is complete
 * @property {string | null} received the last complete exchange, server's time
 * @property {number} offset
 * @property {any} me
 * @property {string | null} stopped why exchanges stop until the person does something
 * @property {number} gen
 * @property {Record<string, number>} sweep channel ("*": all) → what is there from before this `gen` goes when all is read
 * @property {import("./digest.js").Sums} digests of all that is held (P16)
 * @property {Record<string, string>} reread channel → when its digest was last found wrong
 * @property {string[]} alarms channels whose digest was wrong, not reported yet
 * @property {string} pruned the day on which old receipts were last thrown away
 */

/** Receipts are kept this long, for a server restored from a backup (P4). */
const KEEP_MS = 30 * 86_400_000;
/** A channel is read anew for its digest at most this often: whatever is wrong then, reading does not mend it. */
const REREAD_MS = 86_400_000;
/** An operation whose id another person had used is kept by the server under a longer one (P11). */
const UUID_LENGTH = 36;

/** The records that say what became of operations after their receipt (P13). */
const RESULT = "sync_result";

/** @param {any} tx @returns {Promise<Sync>} */
export async function openSync(tx) {
  const held = await tx.objectStore("meta").get("sync");
  return {
    epoch: null,
    cursors: {},
    ready: false,
    received: null,
    offset: 0,
    me: null,
    stopped: null,
    gen: 0,
    pruned: "",
    ...held,
    // Changed in place while an answer is applied: never the stored ones.
    sweep: { ...held?.sweep },
    digests: { ...held?.digests },
    reread: { ...held?.reread },
    alarms: [...(held?.alarms ?? [])],
  };
}

/**
 * @param {any} tx over "records", "ops" and "meta"
 * @param {any} data
 * @param {Answer} answer
 * @param {{sent: number, offset: number}} cycle `sent`: the last `n` that this cycle posted
 * @returns {Promise<{outbox: Outbox, sync: Sync, restarted: boolean, again: boolean}>} as they are written; `again`:
 *   there is something to be read anew
 */
export async function applyAnswer(tx, data, answer, { sent, offset }) {
  const meta = tx.objectStore("meta");
  const sync = await openSync(tx);
  const outbox = await openOutbox(tx);
  const work = new Work(tx, data, answer.me, sync.digests);
  work.empty = (await tx.objectStore("records").count()) === 0;
  const restarted = sync.epoch !== null && sync.epoch !== answer.epoch;
  if (restarted) await newHistory(work, sync, outbox);
  const held = { ...sync.cursors, ...answer.cursors };
  sync.alarms = []; // the request that this answers has told them
  if (answer.anew?.length) readAnew(sync, answer.anew);
  for (const channel of answer.forget) delete held[channel];
  if (answer.forget.length) await forgetChannels(work, held);
  const pages = answer.pages.filter((page) => page.kind !== RESULT);
  pages.sort((a, b) => depth(data, a.kind) - depth(data, b.kind));
  const came = new Set(pages.flatMap((page) => page.rows.map(([id]) => id)));
  for (const page of pages) await applyPage(work, page, answer.me, held, sync.gen, came);
  for (const result of answer.results) await keepResult(work, outbox, result);
  for (const page of answer.pages.filter((one) => one.kind === RESULT)) await hearResults(work, page);
  if (!answer.more) {
    // Only what this cycle has posted: a restored phone may hear of operations that it never knew (P11).
    if (!restarted) await acknowledge(work, outbox, Math.min(answer.last + outbox.base, sent), answer.now);
    if (Object.keys(sync.sweep).length && !Object.values(held).some((cursor) => cursor.tail !== null)) {
      await forgetHistory(work, sync.sweep);
      sync.sweep = {};
    }
    if (sync.pruned !== answer.now.slice(0, 10)) await prune(tx, answer.now);
    Object.assign(sync, { ready: true, received: answer.now, pruned: answer.now.slice(0, 10) });
  }
  // Said once, when this phone began: what another one, or this one before its memory was lost, still had.
  const unsent = answer.me.unsent ?? sync.me?.unsent;
  const me = unsent ? { ...answer.me, unsent } : answer.me;
  Object.assign(sync, { epoch: answer.epoch, cursors: held, offset, me, stopped: null });
  await work.settle();
  const again = !answer.more && distrust(sync, data, answer);
  meta.put(outbox, "outbox");
  await meta.put(sync, "sync");
  return { outbox, sync, restarted, again };
}

/** What these channels held is read from its start; what that does not bring goes. @param {Sync} sync @param {string[]} those */
function readAnew(sync, those) {
  sync.gen += 1;
  for (const channel of those) sync.sweep[channel] = sync.gen;
}

/**
 * Where this phone does not hold what the server's digest says, the channel is read anew and the server is told;
 * the outbox is never touched (P16). Another version of the app may count otherwise, and is not compared.
 * @param {Sync} sync changed in place
 * @param {any} data
 * @param {Answer} answer
 * @returns {boolean}
 */
function distrust(sync, data, answer) {
  if (!answer.digests || answer.app !== data.version || Object.keys(sync.sweep).length) return false;
  const since = (/** @type {string} */ channel) => Date.parse(answer.now) - Date.parse(sync.reread[channel]);
  const wrong = strayed(sync.digests, answer.digests).filter((channel) => !(since(channel) < REREAD_MS));
  if (!wrong.length) return false;
  readAnew(sync, wrong);
  sync.alarms = wrong;
  for (const channel of wrong) {
    sync.reread[channel] = answer.now;
    delete sync.cursors[channel];
  }
  return true;
}

/**
 * @param {Work} work
 * @param {import("./wire.js").Page} page
 * @param {any} me
 * @param {Record<string, Cursor>} held
 * @param {number} gen
 * @param {Set<string>} came what this answer has brought; a record whose parent is gone does not tell its channel itself
 */
async function applyPage(work, page, me, held, gen, came) {
  const records = page.rows.map((row) => fromWire(page.fields, row, me));
  const parent = work.data.kinds[page.kind]?.parent;
  await work.load(records.flatMap((record) => (record[parent] ? [record.id, record[parent]] : [record.id])));
  for (const record of records) await work.receive(record.id, page.kind, record, gen);
  await work.load([...page.gone, ...page.forget]);
  for (const id of page.gone) if (await work.row(id)) await work.receive(id, page.kind, null, gen);
  for (const id of page.forget) {
    const row = await work.row(id);
    const elsewhere =
      row?.server && channels(work.data, row.kind, row.server).some((c) => c !== page.channel && c in held);
    if (row && !elsewhere && !came.has(id)) await work.leave(row);
  }
}

/** Forget is not delete: what no held channel holds goes, except while something of it is pending (P15). @param {Work} work @param {Record<string, Cursor>} held */
async function forgetChannels(work, held) {
  await work.sweep(
    (row) => row.server !== null && !channels(work.data, row.kind, row.server).some((c) => c in held),
  );
}

/** What was read anew and did not come is not there any more. @param {Work} work @param {Record<string, number>} sweep */
async function forgetHistory(work, sweep) {
  await work.sweep((row) => {
    const of = row.server ? channels(work.data, row.kind, row.server) : [];
    return (row.gen ?? 0) < Math.max(...["*", ...of].map((channel) => sweep[channel] ?? 0)) && of.length > 0;
  });
}

/**
 * The server's history is another one: send again all that is still here, and read it from its start (P20). Not only what
 * it seems to lack: its last seq may be that of another copy of this phone, with other operations under the same numbers.
 * @param {Work} work
 * @param {Sync} sync
 * @param {Outbox} outbox
 */
async function newHistory(work, sync, outbox) {
  Object.assign(sync, { gen: sync.gen + 1, cursors: {} });
  sync.sweep = { "*": sync.gen };
  const first = (await work.tx.objectStore("ops").openKeyCursor())?.key ?? outbox.next;
  const [acked, had] = [first - 1, outbox.acked];
  // Operations that went under an earlier device id are sent anew under one that has none.
  if (outbox.base >= first) Object.assign(outbox, restamped(outbox, acked));
  for (let n = acked + 1; n <= had; n++) {
    const op = await work.op(n);
    if (!op) continue;
    const { problem: _, ...rest } = op;
    await work.putOp({ ...rest, acked: null, result: null });
    for (const id of op.records) {
      if (id !== op.record && !(await work.row(id))) continue;
      const row = await work.change(id, op.kind);
      row.pending = [...new Set([...row.pending, n])].sort((a, b) => a - b);
    }
  }
  outbox.acked = Math.min(had, acked);
}

/** A new device id that has sent nothing: operations keep their ids (P11). @param {Outbox} outbox @param {number} acked @returns {Outbox} */
export function restamped(outbox, acked) {
  return { ...outbox, device: uuid7(), base: acked, acked };
}

/**
 * Receipts alone, without an answer: from the refusal of a phone that was signed off (P13).
 * @param {any} tx over "records", "ops" and "meta"
 * @param {any} data
 * @param {any} me
 * @param {{last: number, results?: import("./wire.js").Result[]}} said
 * @param {number} sent the last `n` that this cycle posted
 * @param {string} at
 * @returns {Promise<Outbox>} as it is written
 */
export async function receive(tx, data, me, { last, results = [] }, sent, at) {
  const outbox = await openOutbox(tx);
  const work = new Work(tx, data, me);
  for (const result of results) await keepResult(work, outbox, result);
  await acknowledge(work, outbox, Math.min(last + outbox.base, sent), at);
  await work.settle();
  await tx.objectStore("meta").put(outbox, "outbox");
  return outbox;
}

/** @param {Work} work @param {Outbox} outbox @param {import("./wire.js").Result} result */
async function keepResult(work, outbox, { op: id, seq, status, reason, detail }) {
  let op = await work.op(seq + outbox.base);
  if (op?.op !== id) op = await work.op((await work.tx.objectStore("ops").index("op").getKey(id)) ?? 0);
  if (op && !op.acked)
    await work.putOp({ ...op, result: { status, reason: reason ?? null, detail: detail ?? null } });
}

/** A person decided, or what held an operation was released: its result is another one now (P13). @param {Work} work @param {import("./wire.js").Page} page */
async function hearResults(work, page) {
  const ops = work.tx.objectStore("ops");
  for (const row of page.rows) {
    const { id, status, reason, detail, server_time: at } = fromWire(page.fields, row, work.me);
    const op = await work.op((await ops.index("op").getKey(id.slice(0, UUID_LENGTH))) ?? 0);
    if (!op) continue;
    const { problem: _, ...rest } = op;
    const refused = op.acked && status !== "applied" ? { problem: 1 } : {};
    await work.putOp({ ...rest, result: { status, reason, detail }, ...refused });
    if (!op.acked) continue;
    await work.touch(op.records);
    for (const touched of op.records) {
      const about = await work.row(touched);
      if (about) about.outcome = await outcomeOf(work, touched, { [op.n]: at });
    }
  }
}

/** What became of the last operation on a record that is not applied. @param {Work} work @param {string} record @param {Record<number, string>} heard */
async function outcomeOf(work, record, heard) {
  const on = await work.tx.objectStore("ops").index("record").getAll(record);
  const last = on.filter((/** @type {any} */ op) => op.problem).pop();
  return last && { code: last.result.status, at: heard[last.n] ?? last.acked, reason: last.result.reason };
}

/** @param {Work} work @param {Outbox} outbox changed in place @param {number} upTo @param {string} at */
async function acknowledge(work, outbox, upTo, at) {
  for (let n = outbox.acked + 1; n <= upTo; n++) {
    const op = await work.op(n);
    if (!op) continue;
    const refused = op.result && op.result.status !== "applied";
    await work.putOp({ ...op, acked: at, ...(refused ? { problem: 1 } : {}) });
    await work.touch(op.records);
    // Also what the operation would have changed beside its record: nobody is to think that it was.
    const rows = refused ? await Promise.all(op.records.map((id) => work.row(id))) : [];
    for (const row of rows)
      if (row) row.outcome = { code: /** @type {any} */ (op.result).status, at, reason: op.result?.reason };
  }
  outbox.acked = Math.max(outbox.acked, upTo);
}

/** Throw away receipts older than 30 days; what ended elsewhere than in "applied" stays. @param {any} tx @param {string} now */
async function prune(tx, now) {
  for (let at = await tx.objectStore("ops").openCursor(); at; at = await at.continue()) {
    const op = at.value;
    if (!op.acked || Date.parse(now) - Date.parse(op.acked) < KEEP_MS) return;
    if (!op.problem) await at.delete();
  }
}
