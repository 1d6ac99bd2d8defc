// Outbox: every save becomes operations, in order, and none is ever taken out before the server has it (P2).

import { filesOf, queue } from "./attachments.js";
import { instantMs, world } from "./clock.js";
import { uuid7 } from "./ids.js";
import { deviceTime, same } from "./overlay.js";
import { mark } from "./standing.js";
import { Work } from "./work.js";

/**
 * @typedef {import("./overlay.js").Op} Op
 * @typedef {import("./records.js").Fields} Fields
 * @typedef {import("./store.js").Store} Store
 *
 * @typedef {object} Outbox
 * @property {string} device its id; belongs to this user on this phone (P9)
 * @property {number} base `seq` = `n` − base
 * @property {number} next the next operation's `n`
 * @property {number} acked all up to this `n` have their receipt
 *
 * @typedef {object} Save
 * @property {"create" | "patch" | "delete"} verb
 * @property {string} kind
 * @property {string | null} [record] a creation without one gets a new id
 * @property {Fields} [patch]
 * @property {Fields} [base] the values the person saw; what is held when left out
 * @property {(string | number)[]} [after] operations it needs: ids, or places in this list of saves
 */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** The outbox's counters; a device id is made in the transaction that first needs one. @param {any} tx @returns {Promise<Outbox>} */
export async function openOutbox(tx) {
  const held = await tx.objectStore("meta").get("outbox");
  if (held) return held;
  const made = { device: uuid7(), base: 0, next: 1, acked: 0 };
  await tx.objectStore("meta").put(made, "outbox");
  return made;
}

/**
 * Write one save: its operations and their effect on the screen, in one durable transaction (P1). A repeated
 * submit of the same form (`freshKey`) is the same save.
 * @param {Store} store
 * @param {any} data
 * @param {object} save
 * @param {{id: string, community: string}} save.me
 * @param {Save[]} save.saves
 * @param {string} [save.now] the corrected time; computed when left out
 * @param {number} [save.clock] the phone's own clock, ms
 * @param {number} [save.offset]
 * @param {string | null} [save.freshKey]
 * @param {string | null} [save.says]
 * @param {string | null} [save.url]
 * @param {string | null} [save.draft] the draft that this save makes needless
 * @returns {Promise<{group: string, repeated: boolean, records: Fields[]}>}
 */
export async function save(store, data, { me, saves, freshKey, says, url, draft, ...when }) {
  const group = freshKey && UUID.test(freshKey) ? freshKey : uuid7();
  const done = await change(store, data, me, when, async (work, { add, said }) => {
    const ops = work.tx.objectStore("ops");
    /** @type {Op[]} */
    const earlier = await ops.index("group").getAll(group);
    /** @type {(Op | null)[]} */
    const made = [];
    for (const one of earlier.length ? [] : saves) {
      const op = await operation(work, one, made);
      made.push(op && (await add({ ...op, group, says: says ?? null, url: url ?? null })));
    }
    if (made.some(Boolean)) said({ says: says ?? null, group, url: url ?? null });
    if (draft) {
      work.tx.objectStore("drafts").delete(draft);
      await queue(work.tx, draft, /** @type {Op[]} */ (made.filter(Boolean)));
    }
    const ids = new Set([...earlier, ...made].flatMap((op) => op?.record ?? []));
    const rows = await Promise.all(Array.from(ids, (id) => work.row(id)));
    return { repeated: earlier.length > 0, records: rows.flatMap((row) => row?.shown ?? []) };
  });
  return { group, ...done };
}

/**
 * What a save sends of one record: null for a patch that changes nothing.
 * @param {Work} work
 * @param {Save} one
 * @param {(Op | null)[]} made by the saves before it
 * @returns {Promise<Partial<Op> | null>}
 */
async function operation(work, { verb, kind, record, patch = {}, base: seen, after = [] }, made) {
  const id = record ?? uuid7();
  const row = await work.row(id);
  const shown = row?.shown ?? null;
  if (verb !== "create" && !shown) throw new Error(`${kind} ${id}: not on this phone`);
  const needs = after.flatMap((needed) => (typeof needed === "number" ? (made[needed]?.op ?? []) : needed));
  const files = filesOf(work.data, kind, patch);
  const op = { verb, kind, record: id, after: needs, files, base_version: row?.server?.version ?? null };
  if (verb === "create") {
    /** @type {Record<string, Fields>} */
    const before = {};
    for (const { target, fields } of work.data.kinds[kind].effects ?? []) {
      const held = (await work.row(patch[target]))?.shown;
      if (held) before[held.id] = { ...before[held.id], ...only(held, Object.keys(fields)) };
    }
    return { ...op, patch, before, records: [...new Set([id, ...Object.keys(before)])] };
  }
  const base = /** @type {Fields} */ (seen ?? shown);
  const fields = Object.keys(patch).filter((field) => !same(patch[field], base[field]));
  if (verb === "patch" && !fields.length) return null;
  // A version may stand for the base only when the person has seen that version.
  if (!fields.every((field) => same(base[field], shown?.[field]))) op.base_version = null;
  return { ...op, patch: only(patch, fields), base: only(base, fields), records: [id] };
}

/** @param {Fields} of @param {string[]} fields @returns {Fields} */
function only(of, fields) {
  return Object.fromEntries(fields.map((field) => [field, of[field] ?? null]));
}

/**
 * Undo a save: one `retract` for each of its operations, the last first.
 * @param {Store} store
 * @param {any} data
 * @param {{me: {id: string, community: string}, group: string, now?: string, clock?: number, offset?: number, says?: string | null}} undo
 * @returns {Promise<boolean>} false when there is nothing (left) to undo
 */
export async function undo(store, data, { me, group, says, ...when }) {
  return change(store, data, me, when, async (work, { add, said }) => {
    const ops = work.tx.objectStore("ops");
    /** @type {Op[]} */
    const done = (await ops.index("group").getAll(group)).filter(
      (/** @type {Op} */ op) => op.verb !== "retract",
    );
    const later = await Promise.all(done.map((op) => ops.index("record").getAll(op.record)));
    const undone = new Set(later.flat().map((op) => op.patch.of));
    const left = done.filter((op) => !undone.has(op.op)).reverse();
    const back = uuid7();
    for (const one of left) {
      const { op: of, kind, record, form, records, verb, patch, base, before } = one;
      const base_version = (await work.row(record))?.server?.version ?? null;
      const undoes = { verb, patch, base, before, time: deviceTime(one) };
      const op = {
        verb: /** @type {const} */ ("retract"),
        kind,
        record,
        form,
        records,
        base_version,
        undoes,
      };
      await add({ ...op, group: back, after: [of], patch: { of }, says: says ?? null });
    }
    if (left.length) said(says ? { says, group: null, url: null } : null);
    return left.length > 0;
  });
}

/**
 * One durable transaction that adds operations and shows their effect.
 * @template T
 * @param {Store} store
 * @param {any} data
 * @param {{id: string, community: string}} me
 * @param {{now?: string, clock?: number, offset?: number}} when
 * @param {(work: Work, to: {add: (op: Partial<Op>) => Promise<Op>, said: (last: any) => void}) => Promise<T>} make
 * @returns {Promise<T>}
 */
async function change(store, data, me, { now, clock = world.now(), offset = store.offset }, make) {
  const done = await store.write(["records", "ops", "drafts", "meta", "blobs", "bytes"], async (tx) => {
    const meta = tx.objectStore("meta");
    const outbox = await openOutbox(tx);
    const work = new Work(tx, data, me);
    const result = await make(work, {
      async add(op) {
        const form = data.kinds[/** @type {string} */ (op.kind)]?.formVersion ?? 1;
        const own = { n: outbox.next++, op: uuid7(), at: instantMs(clock), offset, form };
        const whole = /** @type {Op} */ ({ ...BLANK, ...own, ...op });
        await append(work, whole);
        return whole;
      },
      said: (last) => meta.put(last && { ...last, at: now ?? instantMs(clock + offset) }, "last"),
    });
    await meta.put(outbox, "outbox");
    return result;
  });
  mark(store);
  return done;
}

const BLANK = {
  after: [],
  base: {},
  base_version: null,
  files: [],
  acked: null,
  result: null,
  says: null,
  url: null,
};

/** @param {Work} work @param {Op} op */
async function append(work, op) {
  work.putOp(op);
  for (const id of op.records) {
    if (id === op.record || (await work.row(id))) (await work.change(id, op.kind)).pending.push(op.n);
  }
  // A later operation of the same group sees this one's values as its base.
  await work.settle();
}

export { header, list, standing, waiting } from "./standing.js";
