// Token: a short signed text that names a record and until when, checked without a network; `fieldapp/declare/token.py` is its twin.

const HEAD = 72;
const NOBODY = "00000000-0000-0000-0000-000000000000";

/** @param {string} hex */
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

/** @param {string} hex */
const idOf = (hex) => hex.toLowerCase().replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");

/** @param {string} text @param {string} key @returns {Promise<boolean>} */
async function isSigned(text, key) {
  try {
    const curve = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const known = await crypto.subtle.importKey("raw", bytesOf(key), curve, false, ["verify"]);
    return await crypto.subtle.verify(curve, known, bytesOf(text.slice(HEAD)), bytesOf(text.slice(0, HEAD)));
  } catch {
    return false;
  }
}

/**
 * What is wrong with a text that is to be for the record `of` at the instant `now`, and the id that it is about.
 * @param {string} text
 * @param {{key: string, of: string, now: string, about: boolean}} given `about`: it must name somebody, or nobody
 * @returns {Promise<{wrong: string | null, about: string | null}>}
 */
export async function judged(text, { key, of, now, about }) {
  const no = (/** @type {string} */ wrong) => ({ wrong, about: null });
  if (!/^[0-9A-F]{200}$/.test(text)) return no("forged");
  if (idOf(text.slice(0, 32)) !== of) return no("other");
  if (!(await isSigned(text, key))) return no("forged");
  const named = idOf(text.slice(32, 64));
  if ((named !== NOBODY) !== about) return no("other");
  if (parseInt(text.slice(64, HEAD), 16) * 60_000 < Date.parse(now)) return no("late");
  return { wrong: null, about: about ? named : null };
}

/**
 * The tokens of a form: what is wrong with them, and the records that they name, by kind; those are put into `values` too.
 * @param {any[]} fields
 * @param {Record<string, any>} values changed in place
 * @param {Record<string, string>} words what is said of each wrong
 * @param {(name: string) => any} lookup
 * @param {(kind: string, id: string) => Promise<any>} find
 */
export async function prove(fields, values, words, lookup, find) {
  /** @type {import("./forms.js").Errors} */
  const errors = {};
  /** @type {Record<string, any>} */
  const named = {};
  for (const { name, type, key, of, about: kind } of fields) {
    if (type !== "token" || !values[name]) continue;
    const given = { key: lookup(key), of: lookup(of), now: lookup("now"), about: Boolean(kind) };
    const { wrong, about } = await judged(values[name], given);
    const record = about && (await find(kind, about));
    if (wrong || (about && !record)) errors[name] = [[words[wrong ?? "unknown"], {}]];
    else if (about) {
      named[kind] = record;
      values[kind] = about;
    }
  }
  return { errors, named };
}
