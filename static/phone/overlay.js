// Overlay: what the phone shows = the server's last word ⊕ its own pending operations, in order (P3).

import { instant } from "./clock.js";
import { inherit } from "./records.js";
import { evaluate } from "./render.js";

/**
 * @typedef {import("./records.js").Fields} Fields
 * @typedef {import("./work.js").Work} Work
 *
 * @typedef {object} Row a record as it is stored
 * @property {string} id
 * @property {string} kind
 * @property {Fields | null} server the server's last word; left out in the store while nothing is pending
 * @property {Fields | null} shown
 * @property {number[]} pending operations (`n`) that change what is shown, oldest first
 * @property {{code: string, at: string | null, reason?: string | null}} [outcome] what became of an operation that was not applied
 * @property {{code: string, at: string | null, reason?: string | null}} [state] left out when simply received
 * @property {number} [gen] the baseline that brought it, counted up when the server's history changes (P20)
 * @property {boolean} [left] it has left the person's scope and goes when nothing is pending
 * @property {any[][]} [k]
 *
 * @typedef {object} Op an operation as it is stored: what goes on the wire, and what the phone keeps beside it
 * @property {number} n place in this phone's outbox; its `seq` is `n` minus the device's `base`
 * @property {string} op
 * @property {string} group
 * @property {string[]} after
 * @property {string} kind
 * @property {string} record
 * @property {"create" | "patch" | "retract" | "delete"} verb
 * @property {number} form
 * @property {number | null} base_version
 * @property {Fields} base
 * @property {Fields} patch
 * @property {string} at
 * @property {number} offset
 * @property {string[]} files
 * @property {string[]} records the records whose shown values it touches
 * @property {Record<string, Fields>} [before] what its effects replaced, by record
 * @property {{verb: string, patch: Fields, base: Fields, before?: Record<string, Fields>, time: string}} [undoes]
 * @property {string | null} acked when the server's receipt came (phone's corrected time)
 * @property {{status: string, reason: string | null, detail: any} | null} result
 * @property {number} [problem] 1 when it ended elsewhere than in "applied"
 * @property {string | null} says
 * @property {string | null} url
 */

/** @param {Op} op @returns {string} when it was done, by the server's clock */
export function deviceTime(op) {
  return instant(Date.parse(op.at) + op.offset);
}

/** @param {Op} op */
export const refused = (op) => op.acked !== null && op.result !== null && op.result.status !== "applied";

/** @param {any} a @param {any} b */
export const same = (a, b) => a === b || JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** @param {any} a @param {any} b */
const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/**
 * What is shown of one record.
 * @param {Work} work
 * @param {Row} row
 * @param {Op[]} ops its pending operations
 * @param {boolean} effects also those of its children
 * @returns {Promise<Fields | null>}
 */
export async function fold(work, row, ops, effects) {
  const here = new Set(ops.map((op) => op.op));
  const undone = new Set(ops.filter((op) => op.verb === "retract").map((op) => op.patch.of));
  /** @type {Fields | null} */
  let record = row.server && { ...row.server };
  /** @type {Op[]} */
  const retracts = [];
  for (const op of ops) {
    if (undone.has(op.op) || (op.verb === "retract" && here.has(op.patch.of))) continue;
    if (op.record === row.id) record = await own(work, op, record);
    else if (!effects || !record) continue;
    else if (op.verb === "retract") retracts.push(op);
    else if (op.verb === "create") record = await counted(work, op, record);
  }
  return record && recounted(work, retracts, record);
}

/** @param {Work} work @param {Op} op @param {Fields | null} record @returns {Promise<Fields | null>} */
async function own(work, op, record) {
  if (op.verb === "create") return record ?? created(work, op);
  if (!record || op.verb === "delete") return null;
  if (op.verb === "patch") return { ...record, ...op.patch };
  if (op.undoes?.verb !== "patch") return null;
  const { patch, base } = op.undoes;
  const since = Object.keys(patch).filter((field) => same(record[field], patch[field]));
  return { ...record, ...Object.fromEntries(since.map((field) => [field, base[field] ?? null])) };
}

/** A record as the server will make it, `seq` and `server_time` aside. @param {Work} work @param {Op} op @returns {Promise<Fields>} */
async function created(work, op) {
  const kind = work.data.kinds[op.kind];
  /** @type {Fields} */
  const record = {
    id: op.record,
    community: work.me.community,
    version: null,
    seq: null,
    author: work.me.id,
    device_time: deviceTime(op),
    server_time: null,
    gone: false,
  };
  for (const [field, value] of Object.entries(kind.fields)) record[field] = op.patch[field] ?? value;
  const parent = await work.row(record[kind.parent]);
  inherit(work.data, op.kind, record, parent?.server ?? parent?.shown);
  return record;
}

/** @param {Work} work @param {Op} op the creation of a child @param {Fields} target @returns {Promise<Fields>} */
async function counted(work, op, target) {
  const child = await work.row(op.record);
  // Once the server holds the child, its word about the target counts it already.
  return child?.shown && !child.server ? affect(work.data, op.kind, child.shown, target) : target;
}

/**
 * Retracted children are counted in the server's word already: go back to before the earliest of them, and count
 * those that came after it anew.
 * @param {Work} work
 * @param {Op[]} retracts
 * @param {Fields} target
 * @returns {Promise<Fields>}
 */
async function recounted(work, retracts, target) {
  let record = target;
  for (const kind of new Set(retracts.map((op) => op.kind))) {
    const undone = retracts.flatMap((op) => (op.kind === kind && op.undoes?.before?.[target.id] ? [op] : []));
    undone.sort((a, b) => order(whenMade(a), whenMade(b)));
    if (!undone.length) continue;
    record = { ...record, ...undone[0].undoes?.before?.[target.id] };
    for (const sister of await sisters(work, kind, target.id)) {
      if (order(sister.device_time + sister.id, whenMade(undone[0])) > 0)
        record = affect(work.data, kind, sister, record);
    }
  }
  return record;
}

/** When what a retract undoes was made, with its id to tell those of one second apart. @param {Op} op */
function whenMade(op) {
  return `${op.undoes?.time}${op.record}`;
}

/** The children of a kind that are shown, in the order in which they count. @param {Work} work @param {string} kind @param {string} id */
async function sisters(work, kind, id) {
  const fields = new Set(work.data.kinds[kind].effects.map((/** @type {any} */ effect) => effect.target));
  const found = await Promise.all(Array.from(fields, (field) => work.children(kind, field, id)));
  return found
    .flat()
    .sort(
      (a, b) =>
        order(a.device_time, b.device_time) ||
        order(a.seq ?? Infinity, b.seq ?? Infinity) ||
        order(a.id, b.id),
    );
}

/**
 * What creating `child` changes in the record that it names; every field is computed from the target as it was.
 * @param {any} data
 * @param {string} kind
 * @param {Fields} child
 * @param {Fields} target
 * @returns {Fields}
 */
export function affect(data, kind, child, target) {
  const changed = { ...target };
  for (const effect of data.kinds[kind]?.effects ?? []) {
    if (child[effect.target] !== target.id) continue;
    for (const [field, compute] of Object.entries(effect.fields)) {
      changed[field] = evaluate(compute, { this: child, target }, data);
    }
  }
  return changed;
}

/** The state in words of a record; none when it is simply received. @param {Row} row @param {Op[]} ops */
export function stateOf(row, ops) {
  const waiting = ops.filter((op) => !op.acked).pop();
  if (waiting) return { code: "phone", at: deviceTime(waiting) };
  return row.outcome;
}
