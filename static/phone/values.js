/** Python's values in JavaScript: text, truth, equality and order, as templates on the server have them. */

/** Markup: text that is escaped already. */
export class Markup {
  /** @param {string} s */
  constructor(s) {
    this.s = s;
  }
  toString() {
    return this.s;
  }
}

/** A tuple: a list that prints with round brackets. */
export class Tuple extends Array {
  static get [Symbol.species]() {
    return Array;
  }
}

/** One of `groupby`: a tuple whose parts have names. */
export class Group extends Tuple {
  get grouper() {
    return this[0];
  }
  get list() {
    return this[1];
  }
}

/** @param {any[]} items @param {new () => Tuple} [kind] @returns {Tuple} */
export const tuple = (items, kind = Tuple) => {
  const made = new kind();
  for (const one of items) made.push(one);
  return made;
};

const NOTHING = Object.freeze(Object.create(null));
/** @type {Record<string, string>} */
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;" };

/** @param {string} what @returns {never} */
export const fail = (what) => {
  throw new TypeError(what);
};

/** @param {any} x */
export const isDict = (x) =>
  x !== null && typeof x === "object" && !Array.isArray(x) && !(x instanceof Markup);

/** @param {any} x */
export const isText = (x) => typeof x === "string" || x instanceof Markup;

/** @param {string} s */
export const escapeText = (s) => (/[&<>"']/.test(s) ? s.replace(/[&<>"']/g, (one) => ENTITIES[one]) : s);

/** The escaped text of a value. @param {any} x @returns {string} */
export const escaped = (x) =>
  typeof x === "string"
    ? escapeText(x)
    : x instanceof Markup
      ? x.s
      : x === undefined
        ? ""
        : escapeText(str(x));

/** @param {number} x */
const numberText = (x) => {
  if (Number.isSafeInteger(x)) return String(x + 0);
  const size = Math.abs(x);
  let text = String(x);
  if (size < 1e-4 && size > 0) text = x.toExponential();
  return text
    .replace(/e([+-])(\d)$/, "e$10$2")
    .replace("Infinity", "inf")
    .replace("NaN", "nan");
};

/** str(x). @param {any} x @returns {string} */
export const str = (x) => {
  if (typeof x === "string") return x;
  if (typeof x === "number") return numberText(x);
  if (x === undefined) return "";
  if (x === null) return "None";
  if (typeof x === "boolean") return x ? "True" : "False";
  return x instanceof Markup ? x.s : repr(x);
};

/** @type {Record<string, string>} */
const SHORT = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** @param {string} one */
const hexed = (one) => {
  const code = /** @type {number} */ (one.codePointAt(0));
  const hex = code.toString(16);
  return code < 256
    ? `\\x${hex.padStart(2, "0")}`
    : code < 65536
      ? `\\u${hex.padStart(4, "0")}`
      : `\\U${hex.padStart(8, "0")}`;
};

/** repr(x): how a value prints inside a list. @param {any} x @returns {string} */
export const repr = (x) => {
  if (typeof x === "string") {
    const quote = x.includes("'") && !x.includes('"') ? '"' : "'";
    const body = x.replace(/[\\\p{C}\p{Z}]/gu, (one) => (one === " " ? one : SHORT[one] || hexed(one)));
    return quote + (quote === "'" ? body.replace(/'/g, "\\'") : body) + quote;
  }
  if (x === undefined) return "Undefined";
  if (x instanceof Markup) return `Markup(${repr(x.s)})`;
  if (x instanceof Tuple) return `(${x.map(repr).join(", ")}${x.length === 1 ? "," : ""})`;
  if (Array.isArray(x)) return `[${x.map(repr).join(", ")}]`;
  if (isDict(x))
    return `{${entries(x)
      .map(([key, value]) => `${repr(key)}: ${repr(value)}`)
      .join(", ")}}`;
  return str(x);
};

/** bool(x). @param {any} x @returns {boolean} */
export const truth = (x) => {
  if (!x || typeof x !== "object") return !!x || Number.isNaN(x);
  if (Array.isArray(x)) return x.length > 0;
  if (x instanceof Markup) return x.s !== "";
  if (x instanceof Map) return x.size > 0;
  for (const _ in x) return true;
  return false;
};

/** a == b. @param {any} a @param {any} b @returns {boolean} */
export const equal = (a, b) => a === b || slowEqual(a, b);

/** @param {any} a @param {any} b @returns {boolean} */
const slowEqual = (a, b) => {
  if (typeof a !== "object" && typeof b !== "object") {
    return typeof a === "boolean" || typeof b === "boolean"
      ? isNumber(a) && isNumber(b) && Number(a) === Number(b)
      : false;
  }
  if (isText(a) && isText(b)) return String(a) === String(b);
  if (Array.isArray(a) && Array.isArray(b)) {
    return (
      a.length === b.length &&
      a instanceof Tuple === b instanceof Tuple &&
      a.every((x, at) => equal(x, b[at]))
    );
  }
  if (!isDict(a) || !isDict(b)) return false;
  const mine = entries(a);
  return (
    mine.length === entries(b).length &&
    mine.every(([key, value]) => contains(key, b) && equal(value, item(b, key)))
  );
};

/** @param {any} x */
export const isNumber = (x) => typeof x === "number" || typeof x === "boolean";

/** A number for arithmetic. @param {any} x @returns {number} */
export const number = (x) =>
  typeof x === "number" ? x : typeof x === "boolean" ? +x : fail(`no number: ${repr(x)}`);

/** A number to divide by. @param {any} x */
export const divisor = (x) => number(x) || fail("division by zero");

/** Surrogates stand for code points above every other unit. @param {number} unit */
const rank = (unit) => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

/** Text by code point. @param {string} a @param {string} b */
const compareText = (a, b) => {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x !== y) {
      return rank(x) - rank(y);
    }
  }
  return a.length - b.length;
};

/** Negative, 0 or positive; what Python cannot order is an error. @param {any} a @param {any} b @returns {number} */
export const compare = (a, b) => {
  if (typeof a === "string" && typeof b === "string") return a === b ? 0 : compareText(a, b);
  if (isNumber(a) && isNumber(b)) return Number(a) - Number(b);
  if (isText(a) && isText(b)) return compareText(String(a), String(b));
  if (Array.isArray(a) && Array.isArray(b) && a instanceof Tuple === b instanceof Tuple) {
    const at = a.findIndex((x, place) => place >= b.length || !equal(x, b[place]));
    return at < 0 ? a.length - b.length : at >= b.length ? 1 : compare(a[at], b[at]);
  }
  return fail(`no order between ${repr(a)} and ${repr(b)}`);
};

/** Key and value pairs of a dict. @param {any} x @returns {[any, any][]} */
export const entries = (x) => (x instanceof Map ? [...x] : isDict(x) ? Object.entries(x) : fail("no dict"));

/** What a `for` goes over. @param {any} x @returns {any[]} */
export const list = (x) => {
  if (Array.isArray(x)) return x;
  if (x === undefined) return [];
  if (isText(x)) return [...String(x)];
  if (x instanceof Map) return [...x.keys()];
  return isDict(x) ? Object.keys(x) : fail(`no list: ${repr(x)}`);
};

/** x as the key of a dict. @param {any} x */
export const hashable = (x) => {
  if (x instanceof Markup) return x.s;
  if (x instanceof Tuple) x.forEach(hashable);
  else if (x !== null && typeof x === "object") fail(`no key: ${repr(x)}`);
  return x;
};

/** x in whole. @param {any} x @param {any} whole @returns {boolean} */
export const contains = (x, whole) => {
  if (isText(whole)) return isText(x) ? String(whole).includes(String(x)) : fail("no text");
  if (Array.isArray(whole)) return whole.includes(x) || whole.some((one) => equal(one, x));
  if (whole === undefined) return false;
  if (!isDict(whole)) return fail(`no list: ${repr(whole)}`);
  return whole instanceof Map
    ? whole.has(hashable(x))
    : Object.hasOwn(whole, String(hashable(x))) && isText(x);
};

/** An object to read a field from: missing fields are undefined. @param {any} x @returns {any} */
export const fields = (x) => {
  if (x === null || typeof x !== "object" || x instanceof Markup) {
    return x === undefined ? fail("a field of what is undefined") : NOTHING;
  }
  if (Array.isArray(x)) return x instanceof Group ? { grouper: x.grouper, list: x.list } : NOTHING;
  return x instanceof Map ? Object.fromEntries(x) : x;
};

/** A part of a text, markup where that is. @param {any} x @param {string | undefined} part */
const piece = (x, part) => (part !== undefined && x instanceof Markup ? new Markup(part) : part);

/** x[key]. @param {any} x @param {any} key @returns {any} */
export const item = (x, key) => {
  if (x === undefined) return fail("an item of what is undefined");
  if (x instanceof Map) return x.get(hashable(key));
  if (Array.isArray(x)) return isNumber(key) ? x.at(+key) : fields(x)[key];
  if (isText(x)) return isNumber(key) ? piece(x, [...String(x)].at(+key)) : undefined;
  return isDict(x) && isText(key) && Object.hasOwn(x, String(key)) ? x[String(key)] : undefined;
};

/** A path such as "a.b" or 0 from an item, for filters with attribute=. @param {any} x @param {any} path */
export const attribute = (x, path, standard = null) => {
  if (typeof path === "number") return item(x, path);
  for (const part of String(path).split(".")) {
    x = item(x, /^\d+$/.test(part) ? +part : part);
    if (x === undefined && standard !== null) return standard;
  }
  return x;
};

/** x[start:stop:step]. @param {any} x @param {any} start @param {any} stop @param {any} step @returns {any} */
export const slice = (x, start, stop, step) => {
  if (x === null || !(Array.isArray(x) || isText(x))) fail("no list to slice");
  if (isText(x)) return over(x, (text) => slice([...text], start, stop, step).join(""));
  if (x instanceof Tuple) return tuple(slice([...x], start, stop, step));
  if (step === null || step === 1) return x.slice(start ?? 0, stop ?? undefined);
  if (!step) fail("a slice with step 0");
  const size = x.length;
  const least = step < 0 ? -1 : 0;
  /** @param {number | null} at @param {number} otherwise */
  const bound = (at, otherwise) =>
    at === null ? otherwise : Math.min(Math.max(at < 0 ? at + size : at, least), step < 0 ? size - 1 : size);
  const end = bound(stop, step < 0 ? -1 : size);
  const made = x.slice(0, 0);
  for (let at = bound(start, step < 0 ? size - 1 : 0); step < 0 ? at > end : at < end; at += step)
    made.push(x[at]);
  return made;
};

/** A text function that keeps Markup markup. @param {any} x @param {(text: string) => string} change */
export const over = (x, change) => (x instanceof Markup ? new Markup(change(x.s)) : change(str(x)));

/** Text of several values; all are escaped when one is markup. @param {any[]} parts */
export const concat = (parts, separator = "") =>
  parts.some((x) => x instanceof Markup)
    ? new Markup(parts.map(escaped).join(separator))
    : parts.map(str).join(separator);

/** toFixed that rounds halves to even, as Python does. @param {number} x @param {number} places */
export const fixed = (x, places) => {
  const text = x.toFixed(places);
  const exact = x.toFixed(60).split(".")[1].slice(places);
  return /[13579]$/.test(text) && /^50*$/.test(exact) ? text.slice(0, -1) + (+text.slice(-1) - 1) : text;
};

const SPECIFIER = /%(?:\((\w+)\))?([-+ 0]*)(\d*)(?:\.(\d+))?([\s\S]?)/g;

/** text % values: a list for %s, a dict for %(name)s. @param {any} text @param {any} values */
export const format = (text, values, exact = true) => {
  const show = text instanceof Markup ? escaped : str;
  let used = 0;
  const made = over(text, (template) =>
    template.replace(SPECIFIER, (_, name, flags, width, places, type) => {
      if (type === "%") return "%";
      const given = Array.isArray(values);
      if (given ? used >= values.length : name && !contains(name, values)) fail(`nothing for ${name || "%"}`);
      const value = given ? values[used++] : name ? item(values, name) : values;
      let out =
        type === "s"
          ? show(value)
          : type === "d" || type === "i"
            ? String(Math.trunc(number(value)))
            : type === "f"
              ? fixed(number(value), +(places ?? 6))
              : fail(`no format %${type}`);
      if (type === "s" && places) out = slice(out, 0, +places, null);
      if (type !== "s" && out[0] !== "-" && /[+ ]/.test(flags)) out = (flags.includes("+") ? "+" : " ") + out;
      const space = width - [...out].length;
      if (space <= 0) return out;
      if (flags.includes("-")) return out + " ".repeat(space);
      if (type === "s" || !flags.includes("0")) return " ".repeat(space) + out;
      return out.replace(/^[-+ ]?/, (sign) => sign + "0".repeat(space));
    }),
  );
  return exact && Array.isArray(values) && used < values.length ? fail("too many values") : made;
};
