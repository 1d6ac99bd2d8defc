// Forms: reads what a page sent and checks it, word for word as `fieldapp/declare/form.py` does on the server.

/**
 * @typedef {Record<string, string[]>} Condition every field named must have one of its values
 *
 * @typedef {object} Spec one field as exported
 * @property {string} name
 * @property {string} type
 * @property {string} label
 * @property {string} [words] the name of its list of choices
 * @property {number} [max]
 * @property {number} [min]
 * @property {string} [pattern]
 * @property {boolean} [required]
 * @property {Condition | null} [requiredIf]
 * @property {Condition | null} [shownIf]
 * @property {Spec[]} [fields] the parts of each row of a `rows` field
 * @property {string} [key] of a token: the name in scope of the public key
 * @property {string} [of] of a token: the name in scope of the record that it must be for
 * @property {string} [about] of a token: the kind of the record that it must name
 *
 * @typedef {Record<string, any>} Values
 * @typedef {Record<string, [string, Record<string, number>][]>} Errors
 */

const REQUIRED = "This field is required.";
const NOT_A_CHOICE = "Not a valid choice.";
const TOO_LONG = "At most %(max)d characters.";
const NOT_A_NUMBER = "Enter a whole number from %(min)d to %(max)d.";
const NOT_A_DAY = "Enter a date.";
const NOT_AN_INSTANT = "Enter a date and time.";
const PATTERN = "Not in the expected form.";
const TOO_MANY = "At most %(max)d photos.";
const ROWS_INCOMPLETE = "%(count)d entries need something more.";
export const LISTS = ["choices", "photos", "rows"];

// What Python's str.strip() takes away: not quite what JavaScript's trim() does.
const SPACE = "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const EDGES = new RegExp(`^[${SPACE}]+|[${SPACE}]+$`, "g");
const WHOLE = /^[+-]?[0-9]{1,9}$/;
const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;
const LOCAL = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d)$/;
const ROW_KEY = /^[A-Za-z0-9_-]{1,40}$/;
const MOST_ROWS = 200;
const SIGNATURE = /^(M\d{1,3} \d{1,3}( \d{1,3} \d{1,3})+)+$/;
const LONGEST = 6000;
const INSTANT = /^(\d{4}-\d\d-\d\d)T(\d\d):(\d\d):(\d\d)Z$/;

/** @param {string} text */
function strip(text) {
  return text.replace(EDGES, "");
}

/** @param {unknown} value */
function isDay(value) {
  const found = typeof value === "string" && DAY.exec(value);
  if (!found) return false;
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])];
  const moment = new Date(0);
  moment.setUTCFullYear(year, month - 1, day);
  return year > 0 && moment.getUTCMonth() === month - 1 && moment.getUTCDate() === day;
}

/** @param {unknown} value */
function isInstant(value) {
  const found = typeof value === "string" ? INSTANT.exec(value) : null;
  return found !== null && isDay(found[1]);
}

/**
 * A local clock time (`2026-11-23T18:30`, as an input gives it) as an instant; null when there is no such time.
 * @param {string} text
 * @param {number} utcOffset minutes
 */
function toInstant(text, utcOffset) {
  const found = LOCAL.exec(text);
  if (!found || !isDay(found[1]) || Number(found[2]) > 23 || Number(found[3]) > 59) return null;
  const moment = new Date(Date.parse(`${text}:00Z`) - utcOffset * 60000);
  return `${moment.toISOString().slice(0, 19)}Z`;
}

/**
 * The value of a field as a page sent it; a text that cannot be read comes back as it is.
 * @param {string} type
 * @param {string[]} texts
 * @param {number} utcOffset
 * @returns {any}
 */
function parse(type, texts, utcOffset) {
  if (LISTS.includes(type)) return texts.filter((text) => text !== "");
  const text = strip((texts[0] ?? "").replaceAll("\r\n", "\n"));
  if (type === "boolean") return !["", "0", "false"].includes(text);
  if (type === "token") return text.toUpperCase();
  if (["text", "textarea", "choice", "hidden", "signature"].includes(type)) return text;
  if (text === "") return null;
  if (type === "integer") {
    const plain = strip(text.normalize("NFKC"));
    return WHOLE.test(plain) ? Number(plain) + 0 : text;
  }
  if (type === "instant") return toInstant(text, utcOffset) ?? text;
  return text;
}

/**
 * Whether every field named has one of its values (a list field: contains one).
 * @param {Condition | null | undefined} condition
 * @param {Values} values
 */
export function holds(condition, values) {
  return Object.entries(condition ?? {}).every(([name, wanted]) => {
    const value = values[name];
    return (Array.isArray(value) ? value : [value]).some((one) => wanted.includes(one));
  });
}

/**
 * What is wrong with a value that is there; null when nothing is.
 * @param {Spec} spec
 * @param {any} value
 * @param {Record<string, Record<string, string>>} words
 * @returns {[string, Record<string, number>] | null}
 */
function problem(spec, value, words) {
  const known = words[spec.words ?? ""] ?? {};
  switch (spec.type) {
    case "choice":
      return Object.keys(known).includes(value) ? null : [NOT_A_CHOICE, {}];
    case "choices": {
      const good = value.every((/** @type {string} */ one) => Object.keys(known).includes(one));
      return good && new Set(value).size === value.length ? null : [NOT_A_CHOICE, {}];
    }
    case "photos": {
      const good = value.every((/** @type {string} */ one) => /^[0-9a-f]{64}$/.test(one));
      if (!good || new Set(value).size !== value.length) return [PATTERN, {}];
      return value.length <= Number(spec.max) ? null : [TOO_MANY, { max: Number(spec.max) }];
    }
    case "text":
    case "textarea":
    case "hidden": {
      const max = spec.max ?? 200;
      if ([...value].length > max) return [TOO_LONG, { max }];
      const fits = !spec.pattern || new RegExp(`^(?:${spec.pattern})$`, "u").test(value);
      return fits ? null : [PATTERN, {}];
    }
    case "integer": {
      const min = spec.min ?? 0;
      const max = spec.max ?? 999999;
      return typeof value === "number" && min <= value && value <= max ? null : [NOT_A_NUMBER, { min, max }];
    }
    case "signature":
      return value.length <= LONGEST && SIGNATURE.test(value) ? null : [PATTERN, {}];
    case "token":
      return value.length > 200 ? [TOO_LONG, { max: 200 }] : null;
    case "day":
      return isDay(value) ? null : [NOT_A_DAY, {}];
    case "instant":
      return isInstant(value) ? null : [NOT_AN_INSTANT, {}];
    case "rows":
      return value.length > MOST_ROWS ? [PATTERN, {}] : null;
    default:
      return null;
  }
}

/** @param {string} type */
function nothing(type) {
  if (LISTS.includes(type)) return [];
  if (type === "boolean") return false;
  return ["text", "textarea", "signature"].includes(type) ? "" : null;
}

/**
 * The values of a form's fields as a page sent them, unchecked.
 * @param {Spec[]} fields
 * @param {URLSearchParams | FormData} body
 * @param {number} utcOffset
 * @returns {Values}
 */
export function readValues(fields, body, utcOffset) {
  /** @type {Values} */
  const values = {};
  for (const { name, type, fields: parts } of fields) {
    values[name] = parts ? readRows(parts, name, body, utcOffset) : parse(type, texts(body, name), utcOffset);
  }
  return values;
}

/** @param {URLSearchParams | FormData} body @param {string} name @returns {string[]} */
function texts(body, name) {
  return /** @type {string[]} */ (body.getAll(name).filter((text) => typeof text === "string"));
}

/**
 * The rows of a `rows` field in the order in which the page sent them; names that are no row's are passed over.
 * @param {Spec[]} parts
 * @param {string} name
 * @param {URLSearchParams | FormData} body
 * @param {number} utcOffset
 */
function readRows(parts, name, body, utcOffset) {
  const known = parts.map((part) => part.name);
  const keys = new Set();
  for (const sent of body.keys()) {
    if (!sent.startsWith(`${name}.`)) continue;
    const [key, ...part] = sent.slice(name.length + 1).split(".");
    if (known.includes(part.join(".")) && ROW_KEY.test(key)) keys.add(key);
  }
  return Array.from(keys, (key) => {
    const row = parts.map((part) => [
      part.name,
      parse(part.type, texts(body, `${name}.${key}.${part.name}`), utcOffset),
    ]);
    return { key, ...Object.fromEntries(row) };
  });
}

/**
 * Each row checked as a form of its own; its errors stand under `name.key.part`.
 * @param {Spec} spec
 * @param {Values[]} rows
 * @param {Record<string, Record<string, string>>} words
 * @returns {{kept: Values[], errors: Errors}}
 */
function checkRows({ name, fields: parts = [] }, rows, words) {
  /** @type {Errors} */
  let errors = {};
  let incomplete = 0;
  const kept = rows.map((row) => {
    const { kept: good, errors: wrong } = check(parts, row, words);
    const found = Object.entries(wrong);
    incomplete += Number(found.length > 0);
    for (const [part, problems] of found) errors[`${name}.${row.key}.${part}`] = problems;
    return { key: row.key, ...good };
  });
  if (incomplete) errors = { [name]: [[ROWS_INCOMPLETE, { count: incomplete }]], ...errors };
  return { kept, errors };
}

/**
 * The one validator: the values that count (fields not shown dropped) and, by field, what is wrong with them.
 * @param {Spec[]} fields
 * @param {Values} values
 * @param {Record<string, Record<string, string>>} words
 * @returns {{kept: Values, errors: Errors}}
 */
export function check(fields, values, words) {
  /** @type {Values} */
  const kept = {};
  /** @type {Errors} */
  const errors = {};
  for (const spec of fields) {
    if (!holds(spec.shownIf, values)) continue;
    const value = values[spec.name];
    if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) {
      if (spec.required || (spec.requiredIf && holds(spec.requiredIf, values)))
        errors[spec.name] = [[REQUIRED, {}]];
      kept[spec.name] = nothing(spec.type);
      continue;
    }
    const wrong = problem(spec, value, words);
    kept[spec.name] = value;
    if (wrong) errors[spec.name] = [wrong];
    else if (spec.fields) {
      const rows = checkRows(spec, value, words);
      Object.assign(errors, rows.errors);
      kept[spec.name] = rows.kept;
    }
  }
  return { kept, errors };
}

/**
 * The fields as a template sees them, labels and choices in the reader's language.
 * @param {Spec[]} fields
 * @param {Record<string, Record<string, string>>} words
 * @param {(msgid: string) => string} translate
 * @returns {any[]}
 */
export function describe(fields, words, translate) {
  return fields.map((spec) => ({
    name: spec.name,
    type: spec.type,
    label: translate(spec.label),
    choices: Object.entries(words[spec.words ?? ""] ?? {}).map(([code, text]) => [code, translate(text)]),
    max: spec.max ?? null,
    min: spec.min ?? null,
    required: Boolean(spec.required),
    shown_if: spec.shownIf ?? null,
    fields: describe(spec.fields ?? [], words, translate),
    rows: spec.fields ? Object.keys(words[spec.words ?? ""] ?? {}).map((key) => ({ key })) : [],
  }));
}

/**
 * Errors in words: `%(max)d` and the like filled in.
 * @param {Errors} errors
 * @param {(msgid: string) => string} translate
 * @returns {Record<string, string[]>}
 */
export function inWords(errors, translate) {
  return Object.fromEntries(
    Object.entries(errors).map(([name, found]) => [
      name,
      found.map(([text, numbers]) =>
        translate(text).replace(/%\((\w+)\)d/g, (_whole, key) => String(numbers[key])),
      ),
    ]),
  );
}
