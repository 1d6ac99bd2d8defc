// Query: runs a screen's queries on the phone's store; the words mean what they mean on peewee.

import { access, byKey, compare, firstOf, indexedOrder, newestFirst } from "./plan.js";
import { isShort, plainValue, SEARCH_ORDER, sortKey, tokens, words } from "./records.js";
import { evaluate } from "./render.js";
import { between, MARK, walk } from "./store.js";

/**
 * @typedef {import("./records.js").Fields} Fields
 * @typedef {import("./overlay.js").Row} Row
 *
 * @typedef {object} Query one query as the build exports it
 * @property {string} as
 * @property {"one" | "many" | "latest" | "count" | "search"} q
 * @property {string} kind
 * @property {Record<string, any>} where
 * @property {{field: string, op: "lte" | "gte" | "lt" | "gt", value: any} | null} [range]
 * @property {string[]} [order]
 * @property {boolean} [newest]
 * @property {number | null} [limit]
 * @property {string | null} [by]
 * @property {any} [text]
 * @property {boolean} [optional]
 *
 * @typedef {{params?: Fields, now: string, today: string, [name: string]: any}} Scope
 */

/** What the last screens read, of each database, until its records change. @type {WeakMap<object, Memory>} */
const memories = new WeakMap();
/** More results than a day's screens have are not worth their room. */
const REMEMBERED = 300;

/** @typedef {{mark: string, results: Map<string, any>}} Memory */

/** @param {any} tx @returns {Promise<Memory>} */
async function memoryOf(tx) {
  const mark = await tx.objectStore("meta").get(MARK);
  const known = memories.get(tx.tx.db);
  if (known?.mark === mark && known && known.results.size < REMEMBERED) return known;
  const fresh = { mark, results: new Map() };
  if (mark) memories.set(tx.tx.db, fresh);
  return fresh;
}

/**
 * The results by name, in order, later queries seeing the earlier ones; `missing` names the record without which
 * the screen is not there.
 * @param {import("./store.js").Store} store
 * @param {any} data
 * @param {{queries: Query[]}} screen
 * @param {Scope} scope
 * @returns {Promise<{found: Record<string, any>, missing: string | null}>}
 */
export async function runQueries(store, data, screen, scope) {
  /** @type {Record<string, any>} */
  const found = {};
  const missing = await store.read(["records", "meta"], async (tx) => {
    const memory = await memoryOf(tx);
    for (const query of screen.queries) {
      const result = await run(tx, memory, data, query, { ...scope.params, ...scope, ...found });
      if (query.q === "one" && !result && !query.optional) return query.as;
      found[query.as] = result;
    }
    return null;
  });
  return { found, missing };
}

/**
 * What a value in a query stands for; a record alone stands for its id, a list of records for their ids.
 * @param {any} ref a name in scope, or `{lit: value}`
 * @param {Record<string, any>} scope
 * @returns {any}
 */
export function resolve(ref, scope) {
  if (typeof ref !== "string") return ref?.lit ?? null;
  /** @type {any} */
  let value = scope;
  for (const part of ref.split(".")) value = value?.[part];
  if (Array.isArray(value)) return value.map((one) => one?.id ?? one);
  return (value && typeof value === "object" ? value.id : value) ?? null;
}

/** @param {any} tx @param {Memory} memory @param {any} data @param {Query} query @param {Scope} scope @returns {Promise<any>} */
async function run(tx, { results }, data, query, scope) {
  const where = Object.fromEntries(
    Object.entries(query.where ?? {}).map(([field, ref]) => [field, resolve(ref, scope)]),
  );
  const range = query.range ? { ...query.range, value: resolve(query.range.value, scope) } : null;
  const asked = access(data, query, where, range, scope.now);
  const wanted = query.q === "search" ? words(resolve(query.text, scope)) : [];
  const key = JSON.stringify([query, where, range, wanted]);
  // A window moves with the time: what lies in it is read anew.
  const known = data.kinds[query.kind].windowDays ? undefined : results.get(key);
  const result = known ?? (await readAll(tx, data, query, wanted, asked));
  results.set(key, result);
  /** @param {Row[]} rows */
  const seen = (rows) => rows.map((row) => asRecord(data, row, scope));
  if (query.q === "count") return result;
  if (query.q === "latest") {
    const by = /** @type {string} */ (query.by);
    return new Map(result.map((/** @type {Row} */ row) => [row.shown?.[by], asRecord(data, row, scope)]));
  }
  const records = seen(result);
  return query.q === "one" ? (records[0] ?? null) : records;
}

/**
 * One record of a kind by its id; null where this phone does not hold it.
 * @param {import("./store.js").Store} store
 * @param {any} data
 * @param {string} kind
 * @param {string} id
 * @param {Scope} scope
 * @returns {Promise<Fields | null>}
 */
export async function find(store, data, kind, id, scope) {
  const row = await store.get("records", id);
  return row?.shown && row.kind === kind ? asRecord(data, row, scope) : null;
}

/**
 * What a query finds: rows in order, or what a count counts.
 * @param {any} tx
 * @param {any} data
 * @param {Query} query
 * @param {string[]} wanted
 * @param {Access} asked
 * @returns {Promise<any>}
 */
async function readAll(tx, data, query, wanted, asked) {
  if (query.q === "count") return query.by ? countBy(tx, query.by, asked) : count(tx, asked);
  if (query.q === "search") return search(tx, data, query, wanted, asked);
  const rows = await read(tx, query, asked);
  if (query.q !== "latest") return rows.sort(compare(query)).slice(0, query.limit ?? undefined);
  const by = /** @type {string} */ (query.by);
  const newest = new Map();
  for (const row of rows.sort(newestFirst))
    if (!newest.has(row.shown?.[by])) newest.set(row.shown?.[by], row);
  return [...newest.values()];
}

/**
 * A record as templates see it: its fields, derived values and state.
 * @param {any} data
 * @param {Row} row
 * @param {Scope} scope
 * @returns {Fields}
 */
export function asRecord(data, row, scope) {
  const record = /** @type {Fields} */ (row.shown);
  record._kind = row.kind;
  record._state = row.state ?? { code: "received", at: record.server_time };
  for (const [name, compute] of Object.entries(data.kinds[row.kind]?.derived ?? {})) {
    record[name] = evaluate(compute, { this: record, now: scope.now, today: scope.today }, data);
  }
  return record;
}

/** @typedef {import("./plan.js").Access} Access */

/** @param {any} tx @param {Query} query @param {Access} asked @returns {Promise<Row[]>} all that fit, or enough of them in order */
async function read(tx, query, asked) {
  const store = tx.objectStore("records");
  if (asked.ids) {
    const rows = await Promise.all(asked.ids.map((id) => store.get(id)));
    return rows.filter((row) => row?.shown && row.kind === query.kind && asked.keep(row.shown, true));
  }
  const order = indexedOrder(query);
  const limit = asked.inOrder && query.q === "many" ? query.limit : null;
  const found = await Promise.all(asked.ranges.map((range) => part(tx, range, limit, order, query, asked)));
  return found.flat();
}

/**
 * @param {any} tx
 * @param {IDBKeyRange} range
 * @param {number | null | undefined} limit
 * @param {{field: string, down: boolean}} order
 * @param {Query} query
 * @param {Access} asked
 * @returns {Promise<Row[]>}
 */
async function part(tx, range, limit, order, query, asked) {
  const index = tx.objectStore("records").index("k");
  if (!limit) {
    const rows = await index.getAll(range);
    return asked.exact
      ? rows
      : rows.filter((/** @type {Row} */ row) => asked.keep(/** @type {Fields} */ (row.shown)));
  }
  if (asked.exact && !order.down && (query.order?.length ?? 0) < 2) return index.getAll(range, limit);
  /** @type {Row[]} */
  const rows = [];
  // Those that tie with the last one by the first field are read too: the other fields decide among them.
  await walk(tx, range, order.down ? "prev" : "next", (row) => {
    if (rows.length >= limit && firstOf(order, row) !== firstOf(order, rows[rows.length - 1])) return true;
    if (asked.keep(row.shown)) rows.push(row);
  });
  return rows;
}

/** @param {any} tx @param {Access} asked @returns {Promise<number>} */
async function count(tx, asked) {
  if (asked.exact && !asked.ids) {
    const index = tx.objectStore("records").index("k");
    const counts = await Promise.all(asked.ranges.map((range) => index.count(range)));
    return counts.reduce((sum, some) => sum + some, 0);
  }
  return (await read(tx, asked.query, asked)).length;
}

/** @param {any} tx @param {string} by @param {Access} asked @returns {Promise<Map<any, number>>} */
async function countBy(tx, by, asked) {
  const { groups } = asked;
  if (!groups) {
    const counts = new Map();
    for (const row of await read(tx, asked.query, asked)) {
      const value = row.shown?.[by] ?? null;
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return new Map([...counts].sort(([a], [b]) => byKey(sortKey(a), sortKey(b))));
  }
  const index = tx.objectStore("records").index("k");
  const all = await groupsOf(index, groups.starts);
  const sizes = await Promise.all(all.map((group) => index.count(groups.of(group))));
  const found = sizes
    .map((size, i) => /** @type {[any, number]} */ ([all[i][all[i].length - 1], size]))
    .filter(([, size]) => size);
  /** @type {Map<any, number>} */
  const counts = new Map();
  for (const [key, size] of found.sort(([a], [b]) => byKey(a, b))) {
    counts.set(plainValue(key), (counts.get(plainValue(key)) ?? 0) + size);
  }
  return counts;
}

/** The beginnings of all groups, from the first entry of one to the first entry of the next. @param {any} index @param {any[][]} starts */
async function groupsOf(index, starts) {
  const found = [];
  for (const start of starts) {
    let at = await index.openKeyCursor(between(start, [...start, []]));
    while (at) {
      const group = at.key.slice(0, start.length + 1);
      found.push(group);
      at = await at.continue([...group, []]);
    }
  }
  return found;
}

/**
 * @param {any} tx
 * @param {any} data
 * @param {Query} query
 * @param {string[]} wanted
 * @param {Access} asked
 * @returns {Promise<Row[]>}
 */
async function search(tx, data, query, wanted, asked) {
  if (!wanted.length) return [];
  const kind = data.kinds[query.kind];
  const order = query.order?.length ? query : { ...query, order: [SEARCH_ORDER] };
  const limit = query.limit ?? Infinity;
  /** @param {Row} row */
  const fits = (row) => {
    const record = /** @type {Fields} */ (row.shown);
    if (!asked.keep(record, true)) return false;
    const have = [...tokens(kind, record)];
    return wanted.every((word) => have.some((token) => token.startsWith(word)));
  };
  // The longest word is in the fewest records.
  const word = wanted.reduce((a, b) => (b.length > a.length ? b : a));
  const start = [query.kind, "?", sortKey(word)];
  const index = tx.objectStore("records").index("k");
  if (isShort(word) && order.order?.join() === SEARCH_ORDER) {
    // In one go, and in a longer one where the other words leave too few: a cursor costs a turn for every row.
    for (let size = limit; ; size *= 4) {
      const rows = await index.getAll(between(start, [...start, []]), size < Infinity ? size : undefined);
      const fitting = rows.filter(fits);
      if (fitting.length >= limit || rows.length < size) return fitting.slice(0, limit);
    }
  }
  const end = isShort(word) ? [...start, []] : [query.kind, "?", `${start[2]}\uffff`];
  const all = new Map(
    (await index.getAll(between(start, end))).map((/** @type {Row} */ row) => [row.id, row]),
  );
  return [...all.values()].filter(fits).sort(compare(order)).slice(0, limit);
}
