// Wire: what an exchange sends, and the strict reading of what comes back; anything else changes nothing (P5).

export const PROTOCOL = 1;
const MAX_OPS = 100;
const MAX_BYTES = 2 * 1024 * 1024;
const GZIP_FROM = 1000;
const STATUSES = ["applied", "review", "quarantined", "held"];

/** The answer is not the protocol: a captive portal, a truncated body, a broken page. */
export class NotTheProtocol extends Error {
  name = "NotTheProtocol";
}

/**
 * @typedef {{op: string, seq: number, status: string, reason: string | null, detail: any}} Result
 * @typedef {{at: number, head: number | null, tail: number | null}} Cursor
 * @typedef {{channel: string, kind: string, fields: string[], columns?: any[][], rows: any[][], gone: string[],
 *   forget: string[]}} Page on the wire by column, `rows` once it was read
 *
 * @typedef {object} Answer
 * @property {string} epoch
 * @property {string} now
 * @property {number} last
 * @property {Result[]} results
 * @property {any} me
 * @property {string[]} forget
 * @property {Page[]} pages
 * @property {Record<string, Cursor>} cursors
 * @property {boolean} more
 * @property {string} [app] the server's version of the app
 * @property {string[]} [anew] channels that are read from their start again (P16)
 * @property {import("./digest.js").Sums | null} [digests] what each channel holds, on the last page
 * @property {string[]} [files] of those asked about, the ones that the server holds
 */

/**
 * An operation as it travels: what the phone keeps beside it stays here.
 * @param {import("./overlay.js").Op} held
 * @param {number} base
 */
export function toWire(held, base) {
  const {
    op,
    n,
    group,
    after,
    kind,
    record,
    verb,
    form,
    base_version,
    base: seen,
    patch,
    at,
    offset,
    files,
  } = held;
  return {
    op,
    seq: n - base,
    group,
    after,
    kind,
    record,
    verb,
    form,
    base_version,
    base: seen,
    patch,
    at,
    offset,
    files,
  };
}

/**
 * As many of these operations as one batch may hold.
 * @param {any[]} ops
 * @param {number} most
 */
export function batch(ops, most) {
  let size = 0;
  const some = [];
  for (const op of ops.slice(0, Math.min(most, MAX_OPS))) {
    size += new TextEncoder().encode(JSON.stringify(op)).length + 1;
    if (some.length && size > MAX_BYTES) break;
    some.push(op);
  }
  return some;
}

/** @param {unknown} request @returns {Promise<{body: any, headers: Record<string, string>}>} */
export async function pack(request) {
  const text = JSON.stringify(request);
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  if (text.length <= GZIP_FROM || typeof CompressionStream === "undefined") return { body: text, headers };
  const stream = new Response(text).body?.pipeThrough(new CompressionStream("gzip"));
  return {
    body: await new Response(stream).arrayBuffer(),
    headers: { ...headers, "Content-Encoding": "gzip" },
  };
}

/**
 * The JSON of an answer, whatever its status, if it is the protocol's.
 * @param {Response} response
 * @returns {Promise<any>}
 */
export async function unpack(response) {
  if (!(response.headers.get("Content-Type") ?? "").startsWith("application/json"))
    throw new NotTheProtocol("content type");
  const text = await response.text();
  /** @type {any} */
  let said;
  try {
    said = JSON.parse(text);
  } catch {
    throw new NotTheProtocol("body");
  }
  if (said?.protocol !== PROTOCOL) throw new NotTheProtocol("protocol");
  return said;
}

const isText = (/** @type {any} */ value) => typeof value === "string";
const isCount = (/** @type {any} */ value) => Number.isInteger(value) && value >= 0;
const isCountOrNull = (/** @type {any} */ value) => value === null || isCount(value);
const isObject = (/** @type {any} */ value) =>
  value !== null && typeof value === "object" && !Array.isArray(value);
/** @param {any} value @param {(one: any) => boolean} each */
const isList = (value, each) => Array.isArray(value) && value.every(each);

const isDigest = (/** @type {any} */ value) => isList(value, isCount) && value.length === 2;

/** @param {any} page */
function isPage(page) {
  if (!isObject(page) || !isText(page.channel) || !isText(page.kind) || !isList(page.fields, isText))
    return false;
  const { fields, columns } = page;
  const ids = columns?.[fields.indexOf("id")];
  return (
    isList(ids, isText) &&
    isList(columns[fields.indexOf("version")], isCount) &&
    isList(columns, (column) => Array.isArray(column) && column.length === ids.length) &&
    columns.length === fields.length &&
    isList(page.gone, isText) &&
    isList(page.forget, isText)
  );
}

/**
 * @param {any} said
 * @param {string} user
 * @returns {Answer}
 */
export function readAnswer(said, user) {
  const fine =
    isText(said.epoch) &&
    Number.isFinite(Date.parse(said.now)) &&
    isCount(said.last) &&
    isList(
      said.results,
      (one) => isObject(one) && isText(one.op) && isCount(one.seq) && STATUSES.includes(one.status),
    ) &&
    isObject(said.me) &&
    said.me.id === user &&
    isList(said.forget, isText) &&
    isList(said.pages, isPage) &&
    isObject(said.cursors) &&
    Object.values(said.cursors).every(
      (c) => isObject(c) && isCount(c.at) && isCountOrNull(c.head) && isCountOrNull(c.tail),
    ) &&
    typeof said.more === "boolean" &&
    (said.anew === undefined || isList(said.anew, isText)) &&
    isList(said.files ?? [], isText) &&
    (!said.digests || (isObject(said.digests) && Object.values(said.digests).every(isDigest)));
  if (!fine) throw new NotTheProtocol("shape");
  for (const page of said.pages)
    page.rows = page.columns[0].map((/** @type {any} */ _, /** @type {number} */ at) =>
      page.columns.map((/** @type {any[]} */ column) => column[at]),
    );
  return said;
}
