// Records: from the rows of the wire to the records that screens see, and the index entries they are found by.

/**
 * @typedef {Record<string, any>} Fields a record as templates and queries see it
 * @typedef {any} Data what the build exported, `FIELDAPP_DATA`
 */

/** Prefixes up to this length have entries of their own, in order, so that a short search reads only its limit. */
const SHORT = 4;

/** The field that orders what a search finds. */
export const SEARCH_ORDER = "address";

const AFTER_SURROGATES = /[\ud800-\uffff]/;

/**
 * A value as an index key: nothing first, text by code point (UTF-16 would sort U+FF01 after U+1F600).
 * @param {any} value
 * @returns {any}
 */
export function sortKey(value) {
  if (typeof value === "string") return AFTER_SURROGATES.test(value) ? byCodePoint(value) : value;
  if (value === null || value === undefined) return -Infinity;
  if (typeof value === "boolean") return +value;
  return Array.isArray(value) ? value.map(sortKey) : value;
}

/** @param {string} text */
function byCodePoint(text) {
  return text.replace(/[\ud800-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code >= 0xe000 ? code - 0x800 : code + 0x2000);
  });
}

/** The value that an index key was made of; yes and no come back as 1 and 0. @param {any} key */
export function plainValue(key) {
  if (typeof key !== "string") return key === -Infinity ? null : key;
  return key.replace(/[\ud800-\uffff]/g, (unit) => {
    const code = unit.charCodeAt(0);
    return String.fromCharCode(code >= 0xf800 ? code - 0x2000 : code + 0x800);
  });
}

/** A field as an index key: a record that the server has not seen yet is its newest. @param {Fields} record @param {string} field */
export function fieldKey(record, field) {
  const value = record[field];
  return field === "seq" && (value === null || value === undefined) ? Infinity : sortKey(value);
}

/** @param {any} value @returns {string[]} */
export function words(value) {
  return String(value ?? "")
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean);
}

/** What a record is found by: each search field as a whole, and its pieces. @param {any} kind @param {Fields} record @returns {Set<string>} */
export function tokens(kind, record) {
  const found = new Set();
  for (const field of kind.search ?? []) {
    const value = record[field];
    const whole = (Array.isArray(value) ? value.join(" ") : String(value ?? "")).toLowerCase().trim();
    if (whole) found.add(whole);
    for (const piece of whole.split(/[\s-]+/)) if (piece) found.add(piece);
  }
  return found;
}

/** @type {WeakMap<object, Record<string, string[][]>>} */
const keysOf = new WeakMap();

/**
 * The keys that a kind's records are found by: those of the export, and those by which a query reads only its limit
 * or only counts.
 * @param {Data} data
 * @param {string} name
 * @returns {string[][]}
 */
export function keys(data, name) {
  const known = keysOf.get(data) ?? {};
  keysOf.set(data, known);
  known[name] ??= [...new Set(allKeys(data, name).map((key) => key.join()))]
    .filter(Boolean)
    .map((key) => key.split(","));
  return known[name];
}

/** @param {Data} data @param {string} name @returns {string[][]} */
function allKeys(data, name) {
  const kind = data.kinds[name];
  const made = [
    ...(kind?.keys ?? []),
    ...(kind?.effects ?? []).map((/** @type {any} */ effect) => [effect.target]),
  ];
  for (const { kind: of, q, where, range, by, limit, newest, order } of (data.screens ?? []).flatMap(
    (/** @type {any} */ s) => s.queries,
  )) {
    if (of !== name || "id" in where) continue;
    const equal = Object.keys(where);
    if (q === "count" && by) made.push([...equal, by, ...(range ? [range.field] : [])]);
    // The children of one parent are few enough to be sorted after reading.
    else if (q === "many" && limit && !range && !equal.includes(kind.parent)) {
      made.push([...equal, newest ? "seq" : (order?.[0] ?? "seq").replace("-", "")]);
    }
  }
  return made;
}

/**
 * The entries of index `k`: `[kind]`, `[kind, "field,field", value, value]` for every key, and for search
 * `[kind, "?", token]` and, in order, `[kind, "?", short prefix, order]`.
 * @param {Data} data
 * @param {string} name
 * @param {Fields} record
 * @returns {any[][]}
 */
export function entries(data, name, record) {
  const kind = data.kinds[name];
  /** @type {any[][]} */
  const made = [[name]];
  if (!kind) return made;
  for (const key of keys(data, name))
    made.push([name, key.join(), ...key.map((field) => fieldKey(record, field))]);
  if (!kind.search?.length) return made;
  const order = sortKey(record[SEARCH_ORDER]);
  const short = new Set();
  for (const token of tokens(kind, record)) {
    const points = [...token];
    for (let length = 1; length <= Math.min(SHORT, points.length); length++)
      short.add(points.slice(0, length).join(""));
    if (points.length > SHORT) made.push([name, "?", sortKey(token)]);
  }
  for (const prefix of short) made.push([name, "?", sortKey(prefix), order]);
  return made;
}

/** Whether a search for this word reads the ordered entries. @param {string} word */
export function isShort(word) {
  return [...word].length <= SHORT;
}

/** @param {Data} data @returns {string} changes when records must be found by other entries, or counted otherwise */
export function signature(data) {
  return JSON.stringify(
    Object.entries(data.kinds).map(([name, kind]) => [
      name,
      keys(data, name),
      kind.search,
      kind.parent,
      kind.inherits,
      kind.channel,
      kind.headBy,
      kind.windowDays,
    ]),
  );
}

/** How many parents stand above a kind. @param {Data} data @param {string} name @returns {number} */
export function depth(data, name) {
  const kind = data.kinds[name];
  const above = kind?.parentKind ?? kind?.parent;
  return above ? 1 + depth(data, above) : 0;
}

/**
 * The refs that a record takes over from its parent are not on the wire.
 * @param {Data} data
 * @param {string} name
 * @param {Fields} record changed in place
 * @param {Fields | null | undefined} parent
 */
export function inherit(data, name, record, parent) {
  const kind = data.kinds[name];
  for (const field of kind?.inherits ?? []) {
    if (parent) record[field] = parent[field] ?? null;
    else record[field] ??= null;
  }
}

/**
 * @param {string[]} fields
 * @param {any[]} values one row of a page
 * @param {{community: string}} me
 * @returns {Fields}
 */
export function fromWire(fields, values, me) {
  /** @type {Fields} */
  const record = { community: me.community, gone: false };
  for (let i = 0; i < fields.length; i++) record[fields[i]] = values[i];
  return record;
}

/**
 * The channels that hold a record, its own fields filled in.
 * @param {Data} data
 * @param {string} name
 * @param {Fields} record
 * @returns {string[]}
 */
export function channels(data, name, record) {
  const patterns = [data.kinds[name]?.channel ?? []].flat();
  return patterns.map((/** @type {string} */ pattern) =>
    pattern.replace(/\{(\w+)\}/g, (_, field) => String(record[field] ?? "")),
  );
}
