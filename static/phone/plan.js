// Plan: which entries of the index a query reads, what is left to check, and how its results are ordered.

import { instant } from "./clock.js";
import { fieldKey, keys, sortKey } from "./records.js";
import { between } from "./store.js";

/**
 * @typedef {import("./records.js").Fields} Fields
 * @typedef {import("./overlay.js").Row} Row
 * @typedef {import("./query.js").Query} Query
 * @typedef {{field: string, op: string, value: any}} Bound
 *
 * @typedef {object} Access
 * @property {Query} query
 * @property {IDBKeyRange[]} ranges
 * @property {string[] | null} ids read by id instead
 * @property {boolean} exact what the ranges hold is the answer, nothing is left to check
 * @property {boolean} inOrder each range is ordered by the query's first order field
 * @property {{starts: any[][], of: (group: any[]) => IDBKeyRange} | null} groups entries that lie together by what is
 *   counted by
 * @property {(record: Fields, all?: boolean) => boolean} keep checks what the ranges do not; everything with `all`
 */

const DAY = 86_400_000;

/** @param {any} a @param {any} b keys: nothing (a number) comes before text */
export function byKey(a, b) {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The first field that a query is ordered by. @param {Query} query @returns {{field: string, down: boolean}} */
export function indexedOrder(query) {
  const first = query.newest ? "-seq" : (query.order?.[0] ?? "seq");
  return { field: first.replace(/^-/, ""), down: first.startsWith("-") };
}

/** @param {{field: string}} order @param {Row} row */
export function firstOf(order, row) {
  return fieldKey(/** @type {Fields} */ (row.shown), order.field);
}

/** By the server's order, the newest first; what is pending is newest, the last made before the others. @param {Row} a @param {Row} b */
export function newestFirst(a, b) {
  const [one, two] = [firstOf({ field: "seq" }, a), firstOf({ field: "seq" }, b)];
  return byKey(two, one) || (one === Infinity ? byKey(b.id, a.id) : byKey(a.id, b.id));
}

/** @param {Query} query @returns {(a: Row, b: Row) => number} */
export function compare(query) {
  if (query.newest) return newestFirst;
  const order = (query.order?.length ? query.order : ["seq"]).map((name) =>
    indexedOrder({ ...query, order: [name] }),
  );
  return (a, b) => {
    for (const by of order) {
      const way = byKey(firstOf(by, a), firstOf(by, b));
      if (way) return by.down ? -way : way;
    }
    return byKey(a.id, b.id);
  };
}

/** @param {any} value @param {any} wanted */
function fits(value, wanted) {
  if (Array.isArray(wanted)) return wanted.includes(value);
  return (value ?? null) === (wanted ?? null);
}

/** @param {any} value @param {Bound} bound */
function inside(value, { op, value: limit }) {
  if (value === null || value === undefined || limit === null) return false;
  const way = byKey(sortKey(value), sortKey(limit));
  return op === "lte" ? way <= 0 : op === "gte" ? way >= 0 : op === "lt" ? way < 0 : way > 0;
}

/**
 * @param {any} data
 * @param {Query} query
 * @param {Fields} where values by field; a list means any of them
 * @param {Bound | null} range
 * @param {string} now
 * @returns {Access}
 */
export function access(data, query, where, range, now) {
  const kind = data.kinds[query.kind];
  const order = indexedOrder(query).field;
  let best = { key: /** @type {string[]} */ ([]), equal: 0, next: "", score: 0 };
  for (const key of keys(data, query.kind)) {
    let equal = 0;
    while (equal < key.length && key[equal] in where) equal++;
    const next = key[equal] ?? "";
    const score =
      equal * 4 + (range && next === range.field ? 2 : 0) + (next === order ? 1 : 0) + (next ? 0 : 0.5);
    if ((equal || score >= 1) && score > best.score) best = { key, equal, next, score };
  }
  const used = best.key.slice(0, best.equal);
  const ranged = range !== null && best.next === range.field;
  const since = kind?.windowDays ? instant(Date.parse(now) - kind.windowDays * DAY) : "";
  const rest = Object.entries(where).filter(([field]) => !used.includes(field));
  return {
    query,
    ranges: starts(query.kind, best.key, best.equal, where).map((start) =>
      rangeOf(start, best.next, ranged ? range : null),
    ),
    ids: "id" in where ? [...new Set([where.id].flat())].filter((id) => id !== null) : null,
    exact: !rest.length && !since && (ranged || !range),
    inOrder: best.next === order,
    groups: since ? null : groups(data, query, where, range),
    keep: (record, all) =>
      (all ? Object.entries(where) : rest).every(([field, wanted]) => fits(record[field], wanted)) &&
      (!range || (ranged && !all) || inside(record[range.field], range)) &&
      (!since || record.device_time >= since),
  };
}

/**
 * Where the entries begin that hold these values; a list of values has several places.
 * @param {string} kind
 * @param {string[]} key
 * @param {number} equal
 * @param {Fields} where
 */
function starts(kind, key, equal, where) {
  /** @type {any[][]} */
  let found = [key.length ? [kind, key.join()] : [kind]];
  for (const field of key.slice(0, equal)) {
    const values = [...new Set([where[field]].flat())];
    found = found.flatMap((start) => values.map((value) => [...start, sortKey(value)]));
  }
  return found;
}

/**
 * @param {any[]} start
 * @param {string} next the field after it; "" when the entry ends there
 * @param {Bound | null} range on that field
 */
function rangeOf(start, next, range) {
  if (!next) return between(start, start);
  // The empty array sorts after every number and text; nothing (-Infinity) is inside no range.
  const end = [...start, []];
  if (!range) return between(start, end);
  if (range.value === null) return between(end, end);
  const limit = sortKey(range.value);
  const upper = range.op.startsWith("l");
  const closed = range.op.endsWith("e");
  const low = upper ? [...start, -Infinity, []] : closed ? [...start, limit] : [...start, limit, []];
  const high = upper ? (closed ? [...start, limit, []] : [...start, limit]) : end;
  return between(low, high, false, upper && !closed);
}

/**
 * @param {any} data
 * @param {Query} query
 * @param {Fields} where
 * @param {Bound | null} range
 */
function groups(data, query, where, range) {
  if (query.q !== "count" || !query.by || data.kinds[query.kind]?.types?.[query.by] === "boolean")
    return null;
  const equal = Object.keys(where);
  const wanted = [...equal, query.by, ...(range ? [range.field] : [])].join();
  const key = keys(data, query.kind).find((one) => one.join() === wanted);
  if (!key) return null;
  return {
    starts: starts(query.kind, key, equal.length, where),
    of: (/** @type {any[]} */ group) => rangeOf(group, range?.field ?? "", range),
  };
}
