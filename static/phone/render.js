/** Runs compiled templates and expressions: the helpers that they are given, files within files, translation. */

import { filters, methods } from "./filters.js";
import {
  attribute,
  compare,
  concat,
  contains,
  divisor,
  equal,
  escaped,
  fail,
  fields,
  format,
  isDict,
  isNumber,
  isText,
  item,
  list,
  Markup,
  number,
  over,
  slice,
  str,
  Tuple,
  truth,
  tuple,
} from "./values.js";

/**
 * A compiled file: `x` the file it extends, `b` its blocks, `m` its body.
 * @typedef {{x?: string, b?: Record<string, (c: any, depth: number) => string>, m: (c: any) => string}} Compiled
 * @typedef {{templates?: Record<string, Function>, catalogs?: Record<string, Record<string, string | string[]>>,
 *   words?: Record<string, Record<string, string>>, utcOffset?: number}} Data
 * @typedef {{gettext: (msgid: string) => string, ngettext: (one: string, many: string, n: number) => string}} Words
 */

/** @type {WeakMap<Function, any>} */
const prepared = new WeakMap();

/** The function with its helpers given, once. @param {Function | undefined} made */
const prepare = (made) => {
  if (!made) return fail("no such template");
  let ready = prepared.get(made);
  if (!ready) {
    ready = made(helpers);
    prepared.set(made, ready);
  }
  return ready;
};

/** A context within another. @param {any} c @param {any} names */
const within = (c, names) => {
  const inner = Object.create(c);
  for (const name in names) if (names[name] !== undefined) inner[name] = names[name];
  return inner;
};

/** A file's body, then the bodies of what it extends; blocks of the inner file come first. @param {any} c @param {string} name */
const run = (c, name) => {
  const blocks = Object.create(null);
  c.$ = { ...c.$, blocks };
  let out = "";
  for (let next = /** @type {string | undefined} */ (name); next; ) {
    /** @type {Compiled} */
    const file = prepare(c.$.data.templates[next]);
    for (const block in file.b) blocks[block] = [...(blocks[block] ?? []), file.b[block]];
    out += file.m(c);
    next = file.x;
  }
  return out;
};

/** @param {any} c @param {string} name @param {number} depth */
const block = (c, name, depth) => (c.$.blocks[name]?.[depth] ?? fail(`no block ${name}`))(c, depth);

/** A translated text with its variables, as markup where the template escapes. @param {any} c @param {string} text @param {any} names */
const filled = (c, text, names) =>
  names || text.includes("%") ? str(format(c.$.escapes ? new Markup(text) : text, names || {})) : text;

/** @type {import("./filters.js").Functions} */
const functions = {
  A: list,
  B: (c, name) => block(c, name, 0),
  E: (c, name) => run(within(c, null), name),
  I: within,
  M: (c, name) => {
    const inner = Object.create(null);
    for (const key in c) inner[key] = c[key];
    run(inner, name);
    return inner;
  },
  N: (c, one, many, n, names) => filled(c, c.$.ngettext(str(one), str(many), n), { num: n, ...names }),
  R: (start, stop, step = 1) => {
    if (stop === undefined) [start, stop] = [0, start];
    const made = [];
    for (let at = number(start); step > 0 ? at < stop : at > stop; at += divisor(step)) made.push(at);
    return made;
  },
  S: (text) => new Markup(text),
  T: tuple,
  U: (c, name, depth) => block(c, name, depth + 1),
  _: (c, text, names) => filled(c, c.$.gettext(str(text)), names),
  e: escaped,
  f: format,
  g: fields,
  h: contains,
  i: item,
  j: (parts) => concat(parts),
  k: attribute,
  l: (a, b) => compare(a, b) < 0,
  n: number,
  p: (a, b) => {
    if (isText(a) && isText(b)) return concat([a, b]);
    if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple) {
      return a instanceof Tuple ? tuple(a.concat(b)) : a.concat(b);
    }
    return number(a) + number(b);
  },
  q: equal,
  s: slice,
  t: truth,
  v: str,
  w: (x) => (isText(x) ? str(x) : fail("a filter block gives text")),
  x: (a, b) => {
    if (isText(b) || Array.isArray(b)) [a, b] = [b, a];
    if (!isText(a) && !Array.isArray(a)) return number(a) * number(b);
    const times = Number.isInteger(number(b)) ? Math.max(0, +b) : fail("a part of a repetition");
    if (Array.isArray(a)) {
      const made = Array.from({ length: times }, () => [...a]).flat();
      return a instanceof Tuple ? tuple(made) : made;
    }
    return over(a, (text) => text.repeat(times));
  },
  y: (a, b) => {
    if (isText(a)) {
      const several = b instanceof Tuple;
      return format(a, several || isDict(b) ? b : [b], several || (b !== undefined && !Array.isArray(b)));
    }
    const by = divisor(b);
    return ((number(a) % by) + by) % by;
  },
  z: divisor,
};

/** Tests that need more than an operator. */
const tests = {
  string: isText,
  number: isNumber,
  mapping: isDict,
  iterable: (/** @type {any} */ x) => x === undefined || isText(x) || (x !== null && typeof x === "object"),
};

/** The alphabet of compiled code; Z stands for an argument that was left out. */
const helpers = { ...functions, F: filters, X: tests, Z: Symbol("left out"), m: methods };

/** @type {Data} */
const NO_DATA = {};

/** @type {WeakMap<Data, Map<string, {markup: any, plain: any}>>} */
const states = new WeakMap();

/**
 * What an answer in a language knows beside its context, where markup is escaped and where it is not. Made once:
 * the data of a build never changes.
 * @param {Data} data
 * @param {string} locale
 */
const stateOf = (data, locale) => {
  let known = states.get(data);
  if (!known) {
    known = new Map();
    states.set(data, known);
  }
  let found = known.get(locale);
  if (!found) {
    const plain = newState(data, data.catalogs?.[locale] ?? {});
    found = { plain, markup: { ...plain, escapes: true } };
    known.set(locale, found);
  }
  return found;
};

/** @param {Data} data @param {Record<string, string | string[]>} catalog */
const newState = (data, catalog) => {
  const texts = new Map(Object.entries(catalog));
  return {
    data,
    escapes: false,
    words: data.words,
    offset: data.utcOffset ?? 0,
    gettext: (/** @type {string} */ msgid) => {
      const text = texts.get(msgid) ?? msgid;
      return Array.isArray(text) ? text[0] : text;
    },
    // One form: no plurals (Chinese); two: one and many (English).
    ngettext: (/** @type {string} */ one, /** @type {string} */ many, /** @type {number} */ n) => {
      const forms = texts.get(one) ?? [one, many];
      return Array.isArray(forms) ? forms[n === 1 ? 0 : forms.length - 1] : forms;
    },
  };
};

/**
 * The text of a template: `data.templates[name]` over the names of `ctx`, in `ctx.locale`.
 * @param {Data} data
 * @param {string} name
 * @param {any} ctx
 * @param {Words} [words] translation of another kind than `data.catalogs`
 * @returns {string}
 */
export const render = (data, name, ctx, words) => {
  const c = Object.assign(Object.create(null), ctx);
  c.$ = { ...stateOf(data, ctx.locale).markup, ...words };
  return run(c, name);
};

/**
 * The native value of a compiled expression over the names of `scope`; undefined comes out as null.
 * @param {Function} made
 * @param {any} scope
 * @param {Data} [data] for filters and translations; the language is `scope.locale`
 * @returns {any}
 */
export const evaluate = (made, scope, data = NO_DATA) => {
  const value = prepare(made)({ ...scope, $: stateOf(data, scope.locale).plain });
  return value instanceof Markup ? value.s : (value ?? null);
};
