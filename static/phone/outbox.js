// Outbox: every save becomes operations, in order, and none is ever taken out before the server has it (P2).

import { instantMs, world } from "./clock.js";
import { uuid7 } from "./ids.js";
import { deviceTime, same } from "./overlay.js";
import { above } from "./store.js";
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
 *
 * @typedef {{says: string | null, group: string | null, at: string, url: string | null}} Last
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
export async function save(store, data, { me, saves, now, clock, offset, freshKey, says, url, draft }) {
  const group = freshKey && UUID.test(freshKey) ? freshKey : uuid7();
  const when = { clock: clock ?? world.now(), offset: offset ?? store.offset };
  const at = now ?? instantMs(when.clock + when.offset);
  const done = await store.write(["records", "ops", "drafts", "meta"], async (tx) => {
    const earlier = await tx.objectStore("ops").index("group").getAll(group);
    if (earlier.length)
      return {
        repeated: true,
        records: await shownOf(
          tx,
          earlier.map((/** @type {Op} */ op) => op.record),
        ),
      };
    const outbox = await openOutbox(tx);
    const work = new Work(tx, data, me);
    /** @type {string[]} */
    const touched = [];
    /** @type {string[]} */
    const made = [];
    for (const one of saves) {
      const op = await operation(work, data, one, { group, ...when, made });
      made.push(op?.op ?? "");
      if (!op) continue;
      touched.push(op.record);
      await append(work, outbox, { ...op, says: says ?? null, url: url ?? null });
    }
    tx.objectStore("meta").put(outbox, "outbox");
    if (made.some(Boolean))
      tx.objectStore("meta").put({ says: says ?? null, group, at, url: url ?? null }, "last");
    if (draft) tx.objectStore("drafts").delete(draft);
    return { repeated: false, records: await shownOf(tx, touched) };
  });
  mark(store);
  return { group, ...done };
}

/** @param {any} tx @param {string[]} ids */
async function shownOf(tx, ids) {
  const rows = await Promise.all([...new Set(ids)].map((id) => tx.objectStore("records").get(id)));
  return rows.map((row) => row?.shown).filter(Boolean);
}

/**
 * @param {Work} work
 * @param {any} data
 * @param {Save} one
 * @param {{group: string, clock: number, offset: number, made: string[]}} save
 * @returns {Promise<Omit<Op, "n" | "says" | "url"> | null>} null for a patch that changes nothing
 */
async function operation(work, data, one, { group, clock, offset, made }) {
  const record = one.record ?? uuid7();
  const row = await work.row(record);
  if (one.verb !== "create" && !row?.shown) throw new Error(`${one.kind} ${record}: not on this phone`);
  let patch = one.patch ?? {};
  /** @type {Fields} */
  const base = {};
  if (one.verb === "patch") {
    for (const field of Object.keys(patch)) base[field] = (one.base ?? row?.shown)?.[field] ?? null;
    patch = Object.fromEntries(Object.entries(patch).filter(([field, value]) => !same(value, base[field])));
    for (const field of Object.keys(base)) if (!(field in patch)) delete base[field];
    if (!Object.keys(patch).length) return null;
  }
  const targets = (one.verb === "create" ? (data.kinds[one.kind]?.effects ?? []) : []).map(
    (/** @type {any} */ e) => patch[e.target],
  );
  return {
    op: uuid7(),
    group,
    after: (one.after ?? [])
      .map((needed) => (typeof needed === "number" ? made[needed] : needed))
      .filter(Boolean),
    kind: one.kind,
    record,
    verb: one.verb,
    form: data.kinds[one.kind]?.formVersion ?? 1,
    base_version: row?.server?.version ?? null,
    base,
    patch,
    at: instantMs(clock),
    offset,
    files: [],
    records: [...new Set([record, ...targets.filter(Boolean)])],
    acked: null,
    result: null,
  };
}

/** @param {Work} work @param {Outbox} outbox changed in place @param {Omit<Op, "n">} op */
async function append(work, outbox, op) {
  const n = outbox.next++;
  await work.putOp({ n, ...op });
  for (const id of op.records) {
    if (id !== op.record && !(await work.row(id))) continue;
    const row = await work.change(id, op.kind);
    row.pending.push(n);
  }
  // A later save of the same group sees this one's values as its base.
  await work.settle();
}

/**
 * Undo a save: one `retract` for each of its operations, the last first.
 * @param {Store} store
 * @param {any} data
 * @param {{me: {id: string, community: string}, group: string, now?: string, clock?: number, offset?: number, says?: string | null}} undo
 * @returns {Promise<boolean>} false when there is nothing (left) to undo
 */
export async function undo(store, data, { me, group, now, clock, offset, says }) {
  const when = { clock: clock ?? world.now(), offset: offset ?? store.offset };
  const at = now ?? instantMs(when.clock + when.offset);
  const done = await store.write(["records", "ops", "meta"], async (tx) => {
    /** @type {Op[]} */
    const ops = (await tx.objectStore("ops").index("group").getAll(group)).filter(
      (/** @type {Op} */ op) => op.verb !== "retract",
    );
    const later = await Promise.all(ops.map((op) => tx.objectStore("ops").index("record").getAll(op.record)));
    const undone = new Set(
      later
        .flat()
        .filter((op) => op.verb === "retract")
        .map((op) => op.patch.of),
    );
    const left = ops.filter((op) => !undone.has(op.op)).reverse();
    if (!left.length) return false;
    const outbox = await openOutbox(tx);
    const work = new Work(tx, data, me);
    const back = uuid7();
    for (const { op: of, kind, record, form, records, verb, patch, base } of left) {
      const row = await work.row(record);
      await append(work, outbox, {
        op: uuid7(),
        group: back,
        after: [of],
        kind,
        record,
        verb: "retract",
        form,
        base_version: row?.server?.version ?? null,
        base: {},
        patch: { of },
        at: instantMs(when.clock),
        offset: when.offset,
        files: [],
        records,
        undoes: { verb, patch, base },
        acked: null,
        result: null,
        says: says ?? null,
        url: null,
      });
    }
    tx.objectStore("meta").put(outbox, "outbox");
    await tx.objectStore("meta").put(says ? { says, group: null, at, url: null } : null, "last");
    return true;
  });
  if (done) mark(store);
  return done;
}

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

/** The last save, for its notice and its undo. @param {Store} store @returns {Promise<Last | null>} */
export async function last(store) {
  return (await store.get("meta", "last")) ?? null;
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

/**
 * What the header says about the exchange.
 * @param {Store} store
 * @returns {Promise<{ready: boolean, received: string | null, signed_out: boolean, other_user: boolean, problems: number}>}
 */
export function standing(store) {
  return store.read(["ops", "meta"], async (tx) => {
    const sync = await tx.objectStore("meta").get("sync");
    const problems = await tx.objectStore("ops").index("problem").count(1);
    return {
      ready: sync?.ready ?? false,
      received: sync?.received ?? null,
      signed_out: sync?.stopped === "signed_out",
      other_user: sync?.stopped === "other_user",
      problems,
    };
  });
}
