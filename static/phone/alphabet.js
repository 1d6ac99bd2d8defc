/** The alphabet of compiled templates: each function that they call has one character here. */

import {
  compare,
  concat,
  divisor,
  fail,
  format,
  isDict,
  isNumber,
  isText,
  Markup,
  number,
  over,
  str,
  Tuple,
  tuple,
} from "./values.js";

export {
  attribute as k,
  contains as h,
  divisor as z,
  equal as q,
  escaped as e,
  fields as g,
  format as f,
  item as i,
  list as A,
  number as n,
  slice as s,
  str as v,
  truth as t,
  tuple as T,
} from "./values.js";

/** @typedef {(...args: any[]) => any} Character */

/** A context within another. @param {any} c @param {any} names */
const within = (c, names) => {
  const inner = Object.create(c);
  for (const name in names) if (names[name] !== undefined) inner[name] = names[name];
  return inner;
};

/** @param {any} c @param {string} name @param {number} depth */
const block = (c, name, depth) => (c.$.blocks[name]?.[depth] ?? fail(`no block ${name}`))(c, depth);

/** A translated text with its variables, as markup where the template escapes. @param {any} c @param {string} text @param {any} names */
const filled = (c, text, names) =>
  names || text.includes("%") ? str(format(c.$.escapes ? new Markup(text) : text, names || {})) : text;

/** A block of the file. @type {Character} */
export const B = (c, name) => block(c, name, 0);
/** Another file, with what it sees. @type {Character} */
export const E = (c, name) => c.$.run(within(c, null), name);
export { within as I };
/** What another file sets: its macros and values. @type {Character} */
export const M = (c, name) => {
  const inner = Object.create(null);
  for (const key in c) inner[key] = c[key];
  c.$.run(inner, name);
  return inner;
};
/** Another file's macros and values, all into what is seen here. @type {Character} */
export const G = (c, name) => {
  Object.assign(c, M(c, name), { $: c.$ });
  return "";
};
/** ngettext @type {Character} */
export const N = (c, one, many, n, names) =>
  filled(c, c.$.ngettext(str(one), str(many), n), { num: n, count: n, ...names });
/** range @type {Character} */
export const R = (start, stop, step = 1) => {
  if (stop === undefined) [start, stop] = [0, start];
  const made = [];
  for (let at = number(start); step > 0 ? at < stop : at > stop; at += divisor(step)) made.push(at);
  return made;
};
/** @type {Character} */
export const S = (text) => new Markup(text);
/** The block of the extended file. @type {Character} */
export const U = (c, name, depth) => block(c, name, depth + 1);
/** gettext @type {Character} */
export const _ = (c, text, names) => filled(c, c.$.gettext(str(text)), names);
/** a ~ b @type {Character} */
export const j = (parts) => concat(parts);
/** a < b @type {Character} */
export const l = (a, b) => compare(a, b) < 0;
/** a + b @type {Character} */
export const p = (a, b) => {
  if (isText(a) && isText(b)) return concat([a, b]);
  if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple) {
    return a instanceof Tuple ? tuple(a.concat(b)) : a.concat(b);
  }
  return number(a) + number(b);
};
/** What a filter block says. @type {Character} */
export const w = (x) => (isText(x) ? str(x) : fail("a filter block gives text"));
/** a * b @type {Character} */
export const x = (a, b) => {
  if (isText(b) || Array.isArray(b)) [a, b] = [b, a];
  if (!isText(a) && !Array.isArray(a)) return number(a) * number(b);
  const times = Number.isInteger(number(b)) ? Math.max(0, +b) : fail("a part of a repetition");
  if (Array.isArray(a)) {
    const made = Array.from({ length: times }, () => [...a]).flat();
    return a instanceof Tuple ? tuple(made) : made;
  }
  return over(a, (text) => text.repeat(times));
};
/** a % b @type {Character} */
export const y = (a, b) => {
  if (isText(a)) {
    const several = b instanceof Tuple;
    return format(a, several || isDict(b) ? b : [b], several || (b !== undefined && !Array.isArray(b)));
  }
  const by = divisor(b);
  return ((number(a) % by) + by) % by;
};

/** Tests that need more than an operator. */
export const X = {
  string: isText,
  number: isNumber,
  mapping: isDict,
  iterable: (/** @type {any} */ x) => x === undefined || isText(x) || (x !== null && typeof x === "object"),
};
/** Stands for an argument that was left out. */
export const Z = /* @__PURE__ */ Symbol("left out");
