/** Runtime: runs compiled templates and expressions: files within files, translation, what an answer knows. */

import { fail, Markup } from "./values.js";

/**
 * A compiled file: `x` the file it extends, `b` its blocks, `m` its body.
 * @typedef {{x?: string, b?: Record<string, (c: any, depth: number) => string>, m: (c: any) => string}} Compiled
 * @typedef {{templates?: Record<string, Function>, catalogs?: Record<string, Record<string, string | string[]>>,
 *   words?: Record<string, Record<string, string>>, utcOffset?: number}} Data
 * @typedef {{gettext: (msgid: string) => string, ngettext: (one: string, many: string, n: number) => string}} Words
 */

/** @type {WeakMap<Function, any>} */
const prepared = new WeakMap();

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
 * The two ways in. `alphabet`: what compiled code calls, by character (alphabet.js); none where it was bundled with them.
 * @param {Record<string, any>} [alphabet]
 */
export const createRuntime = (alphabet) => {
  /** The function with its alphabet given, once. @param {Function | undefined} made */
  const prepare = (made) => {
    if (!made) return fail("no such template");
    let ready = prepared.get(made);
    if (!ready) {
      ready = made(alphabet);
      prepared.set(made, ready);
    }
    return ready;
  };

  /** A file's body, then the bodies of what it extends; blocks of the inner file come first. @param {any} c @param {string} name */
  const run = (c, name) => {
    const blocks = Object.create(null);
    c.$ = { ...c.$, run, blocks };
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

  /**
   * The text of a template: `data.templates[name]` over the names of `ctx`, in `ctx.locale`.
   * @param {Data} data
   * @param {string} name
   * @param {any} ctx
   * @param {Words} [words] translation of another kind than `data.catalogs`
   * @returns {string}
   */
  const render = (data, name, ctx, words) => {
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
  const evaluate = (made, scope, data = NO_DATA) => {
    const value = prepare(made)({ ...scope, $: stateOf(data, scope.locale).plain });
    return value instanceof Markup ? value.s : (value ?? null);
  };

  return { render, evaluate };
};
