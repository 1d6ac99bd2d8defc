/** The filters of templates on the phone: the other half of fieldapp/declare/filters.py, held together by vectors. */

import { absent, items as pairsOf, replaced, trimmed } from "./methods.js";
import {
  attribute,
  compare,
  concat,
  entries,
  equal,
  escaped,
  fail,
  fields,
  fixed,
  Group,
  hashable,
  isDict,
  isText,
  item,
  list,
  Markup,
  number,
  over,
  str,
  truth,
  tuple,
} from "./values.js";

const MINUTE = 60000;
const DAY = 24 * 60 * MINUTE;

/** @param {number} ms */
const instantText = (ms) => `${new Date(ms).toISOString().slice(0, 19)}Z`;
/** @param {string} day @param {number} days */
const dayAfter = (day, days) => (days ? instantText(Date.parse(day) + days * DAY).slice(0, 10) : day);
/** @param {number} x */
const two = (x) => (x < 10 ? `0${x}` : x);
/** Local wall clock to the minute; by sums on the text, as Date is ten times slower. @param {any} c @param {string} x */
const local = (c, x) => {
  const minutes = +x.slice(11, 13) * 60 + +x.slice(14, 16) + c.$.offset;
  const days = Math.floor(minutes / 1440);
  const left = minutes - days * 1440;
  return `${dayAfter(x.slice(0, 10), days)}T${two(Math.floor(left / 60))}:${two(left % 60)}`;
};
/** @param {any} c @param {string} x */
const dayOf = (c, x) => (x.length === 10 ? x : local(c, x).slice(0, 10));
/** @param {string} from @param {string} to */
const daysBetween = (from, to) => (Date.parse(to) - Date.parse(from)) / DAY;
/** @param {string} day @param {string} today */
const short = (day, today) => (day.slice(0, 4) === today.slice(0, 4) ? day.slice(5) : day);
/** A record's field, null where it is absent. @param {any} record @param {string} field */
const fieldOf = (record, field) => fields(record)[field] ?? null;
/** @param {any} x */
const folded = (x) => (isText(x) ? str(x).toLowerCase() : x);
/** The value that is compared: an attribute, small and capital alike unless asked. @param {any} path @param {any} exact */
const keyOf = (path, exact) => (/** @type {any} */ x) => {
  const value = absent(path) ? x : attribute(x, path);
  return truth(exact) ? value : folded(value);
};
/** @param {any} x @param {(x: any) => any} key @param {any} [reverse] */
const sorted = (x, key, reverse) => {
  const sign = truth(reverse) ? -1 : 1;
  return list(x)
    .map((one) => ({ one, key: key(one) }))
    .sort((a, b) => (equal(a.key, b.key) ? 0 : sign * compare(a.key, b.key)))
    .map(({ one }) => one);
};
/** min (-1) or max (1). @param {number} sign @returns {(x: any, exact?: any, path?: any) => any} */
const extreme = (sign) => (x, exact, path) => {
  const key = keyOf(path, exact);
  /** @type {any} */
  let found;
  /** @type {any} */
  let best;
  list(x).forEach((one, at) => {
    const value = key(one);
    if (!at || compare(value, best) * sign > 0) [found, best] = [one, value];
  });
  return found;
};
/** A number as people type it, as Python's int() and float() read it. @param {any} x */
const plain = (x) =>
  trimmed(str(x))
    .replace(/[０-９]/g, (digit) => String.fromCharCode(digit.charCodeAt(0) - 0xfee0))
    .replace(/(\d)_(?=\d)/g, "$1");
const FLOAT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** @param {any} x @returns {number | undefined} */
const read = (x) => {
  if (x === undefined) fail("a number of what is undefined");
  if (typeof x === "number" || typeof x === "boolean") return Number(x);
  return isText(x) && FLOAT.test(plain(x)) ? Number(plain(x)) : undefined;
};
/** @param {any} x @returns {string} */
const json = (x) => {
  if (typeof x === "string" || x instanceof Markup) {
    return JSON.stringify(str(x)).replace(
      /[<>&'\x7f-\uffff]/g,
      (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  }
  if (Array.isArray(x)) return `[${x.map(json).join(", ")}]`;
  if (isDict(x)) {
    return `{${sorted(entries(x), ([key]) => key)
      .map(([key, value]) => `${json(typeof key === "string" ? key : json(key))}: ${json(value)}`)
      .join(", ")}}`;
  }
  return x === undefined
    ? fail("nothing to write as JSON")
    : x === null || typeof x === "boolean"
      ? `${x}`
      : str(x);
};
/** @param {any} x @param {boolean} [inQuery] */
const quoted = (x, inQuery) => {
  const text = encodeURIComponent(str(x)).replace(
    /[!'()*]/g,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return inQuery ? text.replace(/%20/g, "+") : text.replace(/%2F/g, "/");
};

/** A filter; one that reads the context gets it first. @typedef {(...args: any[]) => any} Filter */

/** @type {Filter} */
export const choice = (c, x, name) => {
  if (Array.isArray(x)) return x.map((code) => choice(c, code, name));
  if (absent(x)) return "";
  const msgid = c.$.words?.[name]?.[x];
  return msgid === undefined ? str(x) : c.$.gettext(msgid);
};
/** @type {Filter} */
export const day = (c, x) => (absent(x) ? "" : dayOf(c, x));
/** @type {Filter} */
export const clock = (c, x) => (absent(x) ? "" : local(c, x).slice(11, 16));
/** @type {Filter} */
export const date = (c, x) => (absent(x) ? "" : short(dayOf(c, x), c.today));
/** @type {Filter} */
export const when = (c, x) => {
  if (absent(x)) return "";
  const at = dayOf(c, x);
  const clock = x.length === 10 ? "" : local(c, x).slice(11, 16);
  const ahead = daysBetween(c.today, at);
  /** @param {string} msgid */
  const say = (msgid) => c.$.gettext(msgid).replace("%(clock)s", clock);
  if (ahead === 0) return say(clock ? "today %(clock)s" : "today");
  if (ahead === -1) return say("yesterday");
  if (ahead === 1) return say(clock ? "tomorrow %(clock)s" : "tomorrow");
  return short(at, c.today) + (ahead > 0 && clock ? ` ${clock}` : "");
};
/** @type {Filter} */
export const days_until = (c, x) => (absent(x) ? null : daysBetween(c.today, dayOf(c, x)));
/** @type {Filter} */
export const days_since = (c, x) => (absent(x) ? null : daysBetween(dayOf(c, x), c.today));
/** @type {Filter} */
export const plus_days = (x, days) =>
  absent(x) ? "" : instantText(Date.parse(x) + days * DAY).slice(0, x.length === 10 ? 10 : 20);
/** @type {Filter} */
export const plus_minutes = (x, minutes) => (absent(x) ? "" : instantText(Date.parse(x) + minutes * MINUTE));
/** @type {Filter} */
export const at_clock = (c, x, clock) => {
  if (absent(x)) return "";
  const [hours, minutes] = clock.split(":");
  return instantText(Date.parse(dayOf(c, x)) + (hours * 60 + +minutes - c.$.offset) * MINUTE);
};
/** @type {Filter} */
export const minutes_since = (c, x) =>
  absent(x) ? null : Math.floor((Date.parse(c.now) - Date.parse(x)) / MINUTE);
/** @type {Filter} */
export const bytes = (x) => {
  if (absent(x)) return "";
  const names = ["B", "kB", "MB", "GB"];
  let unit = 1;
  while (names.length > 1 && x >= 1000 * unit) {
    unit *= 1000;
    names.shift();
  }
  const tenths = Math.floor((x * 10) / unit);
  const large = unit === 1 || tenths >= 100;
  return `${Math.floor(tenths / 10)}${large ? "" : `.${tenths % 10}`} ${names[0]}`;
};
/** @type {Filter} */
export const by = (x, field) => new Map(list(x).map((one) => [hashable(fieldOf(one, field)), one]));
/** @type {Filter} */
export const groups = (x, field) => {
  const found = new Map();
  for (const one of list(x)) {
    const key = hashable(fieldOf(one, field));
    const group = found.get(key);
    if (group) group.push(one);
    else found.set(key, [one]);
  }
  return found;
};
/** @type {Filter} */
export const after = (x, id) => {
  const all = list(x);
  const at = all.findIndex((one) => equal(fieldOf(one, "id"), id));
  return at < 0 ? all : [...all.slice(at + 1), ...all.slice(0, at)];
};
/** @type {Filter} */
export const where = (x, field, value) => list(x).filter((one) => equal(fieldOf(one, field), value));
/** @type {Filter} */
export const without = (x, field, value) => list(x).filter((one) => !equal(fieldOf(one, field), value));
/** @type {Filter} */
export const phone_masked = (x) => {
  if (absent(x)) return "";
  const digits = [...x.replace(/[ -]/g, "")];
  return digits.length > 7
    ? `${digits.slice(0, 3).join("")}****${digits.slice(-4).join("")}`
    : "*".repeat(digits.length);
};
/** @type {Filter} */
export const abs = (x) => Math.abs(number(x));
/** @type {Filter} */
export const batch = (x, count, fill) => {
  const all = list(x);
  const made = [];
  for (let at = 0; at < all.length; at += count) made.push(all.slice(at, at + count));
  if (!absent(fill) && made.length)
    while (made[made.length - 1].length < count) made[made.length - 1].push(fill);
  return made;
};
/** @type {Filter} */
export const capitalize = (x) =>
  over(x, (s) => {
    const [first = "", ...rest] = s;
    return first.toUpperCase() + rest.join("").toLowerCase();
  });
/** @type {Filter} */
const fallback = (x, otherwise = "", orFalse = false) =>
  x === undefined || (truth(orFalse) && !truth(x)) ? otherwise : x;
/** @type {Filter} */
export const dictsort = (x, exact, by = "key", reverse = false) => {
  const at = by === "key" ? 0 : by === "value" ? 1 : fail("dictsort by key or value");
  return sorted(pairsOf(x), keyOf(at, exact), reverse);
};
/** @type {Filter} */
const marked = (x) => new Markup(escaped(x));
/** @type {Filter} */
export const first = (x) => list(x)[0];
/** @type {Filter} */
const real = (x, otherwise = 0) => read(x) ?? otherwise;
/** @type {Filter} */
export const groupby = (x, path, standard, exact) => {
  const made = [];
  let last;
  const value = (/** @type {any} */ one) => attribute(one, path, standard);
  const key = (/** @type {any} */ one) => (truth(exact) ? value(one) : folded(value(one)));
  for (const one of sorted(x, key)) {
    if (made.length && equal(key(one), last)) made[made.length - 1][1].push(one);
    else made.push(tuple([value(one), [one]], Group));
    last = key(one);
  }
  return made;
};
/** @type {Filter} */
const whole = (x, otherwise = 0) => {
  const found = read(x);
  return found === undefined || !Number.isFinite(found) ? otherwise : Math.trunc(found);
};
/** @type {Filter} */
export const items = (x) => (x === undefined ? [] : pairsOf(x));
/** @type {Filter} */
export const join = (x, by = "", path) => {
  const all = absent(path) ? list(x) : list(x).map((one) => attribute(one, path));
  if (by instanceof Markup) return new Markup(all.map(escaped).join(by.s));
  return all.some((one) => one instanceof Markup) ? concat(all, escaped(by)) : concat(all, str(by));
};
/** @type {Filter} */
export const last = (x) => (isText(x) ? item(x, -1) : list(x).at(-1));
/** @type {Filter} */
export const length = (x) => (isDict(x) ? entries(x) : list(x)).length;
/** @type {Filter} */
const copied = (x) => [...list(x)];
/** @type {Filter} */
export const lower = (x) => over(x, (s) => s.toLowerCase());
/** @type {Filter} */
export const max = /* @__PURE__ */ extreme(1);
/** @type {Filter} */
export const min = /* @__PURE__ */ extreme(-1);
/** @type {Filter} */
export const replace = (x, from, to, count) => {
  const marked = x instanceof Markup || from instanceof Markup || to instanceof Markup;
  if (!marked) return replaced(str(x), str(from), str(to), count);
  return new Markup(replaced(escaped(x), str(from), escaped(to), count));
};
/** @type {Filter} */
export const reverse = (x) =>
  isText(x) ? over(x, (s) => [...s].reverse().join("")) : [...list(x)].reverse();
/** @type {Filter} */
export const round = (x, places = 0, method = "common") => {
  const value = number(x);
  if (method === "common") return Number.isInteger(value) ? value : Number(fixed(value, places));
  const rounded = method === "ceil" ? Math.ceil : method === "floor" ? Math.floor : fail("round by what");
  return rounded(value * 10 ** places) / 10 ** places;
};
/** @type {Filter} */
export const safe = (x) => new Markup(str(x));
/** @type {Filter} */
export const sort = (x, reverse, exact, path) => {
  if (absent(path)) return sorted(x, keyOf(path, exact), reverse);
  const keys = String(path)
    .split(",")
    .map((one) => keyOf(one, exact));
  return sorted(x, keys.length > 1 ? (one) => keys.map((key) => key(one)) : keys[0], reverse);
};
/** @type {Filter} */
export const string = (x) => (x instanceof Markup ? x : str(x));
/** @type {Filter} */
export const sum = (x, path, start = 0) =>
  list(x).reduce((total, one) => total + number(absent(path) ? one : attribute(one, path)), number(start));
/** @type {Filter} */
export const tojson = (x) => new Markup(json(x));
/** @type {Filter} */
export const trim = (x) => over(x, trimmed);
/** @type {Filter} */
export const truncate = (x, length = 255, killWords = false, end = "...") => {
  const tail = str(end);
  const all = [...str(x)];
  if (length < [...tail].length) fail("truncate to less than its end");
  if (all.length <= length + 5) return isText(x) ? x : str(x);
  let kept = all.slice(0, length - [...tail].length).join("");
  if (!truth(killWords) && kept.includes(" ")) kept = kept.slice(0, kept.lastIndexOf(" "));
  return x instanceof Markup ? new Markup(kept + escaped(end)) : kept + tail;
};
/** @type {Filter} */
export const unique = (x, exact, path) => {
  const key = keyOf(path, exact);
  const seen = new Set();
  return list(x).filter((one) => {
    const found = hashable(key(one));
    const value = typeof found === "boolean" ? +found : found;
    const fresh = !seen.has(value);
    seen.add(value);
    return fresh;
  });
};
/** @type {Filter} */
export const upper = (x) => over(x, (s) => s.toUpperCase());
/** @type {Filter} */
export const urlencode = (x) => {
  if (isText(x) || x === null || typeof x !== "object") return quoted(x);
  /** @type {any[][]} */
  const pairs = isDict(x) ? entries(x) : x;
  return pairs
    .map((pair) => (pair.length === 2 ? pair.map((part) => quoted(part, true)).join("=") : fail("no pair")))
    .join("&");
};
export { copied as list, fallback as default, marked as escape, real as float, whole as int };
