/** The methods of dicts and texts that templates may call, and the text work that filters share with them. */

import {
  entries,
  escaped,
  fail,
  isDict,
  isText,
  item,
  list,
  Markup,
  over,
  repr,
  str,
  tuple,
} from "./values.js";

/** @typedef {(...args: any[]) => any} Method */

/** @param {any} x */
export const absent = (x) => x === undefined || x === null || x === "";
const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const LEADING = /* @__PURE__ */ new RegExp(`^${SPACE}`);
const TRAILING = /* @__PURE__ */ new RegExp(`${SPACE}$`);
const BETWEEN = /* @__PURE__ */ new RegExp(SPACE);
/** @param {string} s */
export const trimmed = (s) => s.replace(LEADING, "").replace(TRAILING, "");
/** @param {string} s @param {string} from @param {string} to @param {any} [count] */
export const replaced = (s, from, to, count) => {
  const parts = from ? s.split(from) : ["", ...s, ""];
  const most = absent(count) || count < 0 ? parts.length : count + 1;
  return (
    parts.slice(0, most).join(to) +
    parts
      .slice(most)
      .map((part) => from + part)
      .join("")
  );
};
/** @param {any} x */
const must = (x) => (isText(x) ? x : fail(`no text: ${repr(x)}`));
/** @param {any} x */
const text = (x) => str(must(x));
/** @param {any} x @param {any} key */
const has = (x, key) => (x instanceof Map ? x.has(key) : Object.hasOwn(x, key));

/** @type {Method} */
export const items = (x) => entries(x).map((pair) => tuple(pair));
/** @type {Method} */
export const keys = (x) => entries(x).map(([key]) => key);
/** @type {Method} */
export const values = (x) => entries(x).map(([, value]) => value);
/** @type {Method} */
export const get = (x, key, otherwise = null) =>
  isDict(x) ? (item(x, key) ?? (has(x, key) ? item(x, key) : otherwise)) : fail("no dict");
/** @type {Method} */
export const startswith = (x, start) => text(x).startsWith(text(start));
/** @type {Method} */
export const endswith = (x, end) => text(x).endsWith(text(end));
/** @type {Method} */
export const upper = (x) => over(must(x), (s) => s.toUpperCase());
/** @type {Method} */
export const lower = (x) => over(must(x), (s) => s.toLowerCase());
/** @type {Method} */
export const strip = (x) => over(must(x), trimmed);
/** @type {Method} */
export const lstrip = (x) => over(must(x), (s) => s.replace(LEADING, ""));
/** @type {Method} */
export const rstrip = (x) => over(must(x), (s) => s.replace(TRAILING, ""));
/** @type {Method} */
export const split = (x, by) => {
  const parts = absent(by)
    ? by === ""
      ? fail("no separator")
      : trimmed(text(x)).split(BETWEEN)
    : text(x).split(text(by));
  const found = absent(by) ? parts.filter((part) => part) : parts;
  return x instanceof Markup ? found.map((part) => new Markup(part)) : found;
};
/** @type {Method} */
export const replace = (x, from, to) => {
  const by = x instanceof Markup ? escaped(to) : text(to);
  return over(must(x), (s) => replaced(s, text(from), by));
};
/** @type {Method} */
export const join = (x, parts) => {
  if (x instanceof Markup) return new Markup(list(parts).map(escaped).join(x.s));
  return list(parts).map(text).join(text(x));
};
