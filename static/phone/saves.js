// Saves: turns a valid form into operations in the outbox, as `fieldapp/declare/save.py` does on the server.

import { sha256 } from "./attachments.js";
import { lookup } from "./context.js";
import { settled } from "./drafts.js";
import { check, holds, readValues } from "./forms.js";
import { uuid7 } from "./ids.js";
import { save, undo } from "./outbox.js";
import { find, resolve } from "./query.js";
import { evaluate } from "./render.js";
import { prove } from "./token.js";

/**
 * @typedef {import("./context.js").Phone} Phone
 * @typedef {import("./forms.js").Values} Values
 * @typedef {import("./outbox.js").Save} Save
 */

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Marks a message id for the catalogs; it is translated when it is shown. @param {string} msgid */
const _l = (msgid) => msgid;

const FULL = _l(
  "This phone is full, so nothing was saved. Free some space, then save again; what you entered is kept here.",
);

/** Saves go one after the other, so that each sees what the one before it took. @type {Promise<unknown>} */
let lastInLine = Promise.resolve();

/**
 * @template T
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
function inTurn(work) {
  const done = lastInLine.then(work);
  lastInLine = done.catch(() => {});
  return done;
}

/**
 * The group of a form sent to this address. One page may hold many forms under one fresh id: the first one sent takes
 * it, and each other address has an id of its own made from it, so that its second submit finds it again.
 * @param {import("./store.js").Store} store
 * @param {string} freshId
 * @param {string} path
 */
async function groupOf(store, freshId, path) {
  if (!UUID.test(freshId)) return uuid7();
  const [taken] = await store.read(["ops"], (tx) => tx.objectStore("ops").index("group").getAll(freshId, 1));
  if (!taken || taken.url === path) return freshId;
  let hash = 0n;
  for (const one of path) hash = BigInt.asUintN(48, hash * 1_000_003n + BigInt(one.codePointAt(0) ?? 0));
  return freshId.slice(0, 24) + hash.toString(16).padStart(12, "0");
}

/** @param {unknown} a @param {unknown} b */
function same(a, b) {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/**
 * A creation takes the form's fields of its kind, what it `sets` from the names in scope, and its parent's id.
 * @param {any} data
 * @param {{kind: string, target: string | null, sets: Record<string, any>}} one
 * @param {Record<string, any>} scope
 * @param {Values} values
 * @param {string} id
 * @returns {Save}
 */
function creation(data, { kind, target, sets }, scope, values, id) {
  const { fields, parent } = data.kinds[kind];
  /** @type {Values} */
  const patch = {};
  /** @param {string} name @param {any} value */
  const take = (name, value) => {
    if (value !== null && value !== undefined) patch[name] = value;
  };
  for (const name of Object.keys(fields)) take(name, values[name]);
  for (const [name, value] of Object.entries(sets)) take(name, resolve(value, scope));
  if (target && parent) patch[parent] = scope[target].id;
  return { verb: "create", kind, record: id, patch };
}

/**
 * What each record of a create is made from: the form, or the form with one of its rows in front.
 * @param {{each: string | null, key: string | null, when: Record<string, string[]>}} one
 * @param {Values} values
 * @returns {Values[]}
 */
function sources({ each, key, when }, values) {
  if (!each) return [values];
  const rows = (values[each] ?? []).filter((/** @type {Values} */ row) => holds(when, row));
  return rows.map((/** @type {Values} */ row) => ({ ...values, ...row, ...(key && { [key]: row.key }) }));
}

/**
 * A patch takes only the fields that differ from the loaded record, with the loaded values as base; null without any. A
 * field that was emptied takes the value that its kind begins with.
 * @param {any} data
 * @param {{kind: string, target: string, fields: string[]}} one
 * @param {Record<string, any>} found
 * @param {Values} values
 * @returns {Save | null}
 */
function change(data, { kind, target, fields }, found, values) {
  const loaded = found[target];
  if (!loaded) return null; // an optional record that is not held
  const empty = data.kinds[kind].fields;
  const filled = Object.fromEntries(fields.map((name) => [name, values[name] ?? empty[name]]));
  const changed = fields.filter((name) => name in values && !same(filled[name], loaded[name]));
  if (!changed.length) return null;
  /** @param {Values} from */
  const of = (from) => Object.fromEntries(changed.map((name) => [name, from[name] ?? null]));
  return { verb: "patch", kind, record: loaded.id, patch: of(filled), base: of(loaded) };
}

/**
 * What a valid form makes; nothing changed makes nothing.
 * @param {any} data
 * @param {any} screen
 * @param {Record<string, any>} found
 * @param {Values} values
 * @param {string} group
 * @returns {Save[]}
 */
function operations(data, screen, found, values, group) {
  /** @type {Save[]} */
  const made = [];
  const scope = { ...found };
  /** The first record takes the group's id. */
  let id = group;
  for (const one of screen.saves) {
    const save = one.verb === "patch" && change(data, one, found, values);
    if (save) made.push(save);
    for (const given of one.verb === "create" ? sources(one, values) : []) {
      made.push(creation(data, one, scope, given, id));
      scope[one.kind] = id;
      id = uuid7();
    }
  }
  return made;
}

/**
 * Puts the digests into what is created, each over its fields in the form that `fieldapp/declare/digest.py` describes.
 * @param {any} data
 * @param {Save[]} saves
 */
async function seal(data, saves) {
  for (const { verb, kind, patch = {} } of saves) {
    const { digests = {}, fields } = data.kinds[kind];
    for (const [name, of] of Object.entries(verb === "create" ? digests : {})) {
      const pairs = of.map((/** @type {string} */ field) => [field, patch[field] ?? fields[field]]);
      patch[name] = await sha256(JSON.stringify(pairs));
    }
  }
}

/**
 * What stands in the way of a well-formed save: a token that does not hold, or what the screen itself refuses.
 * @param {Phone} phone
 * @param {any} screen
 * @param {Values} kept gets the ids that tokens name
 * @param {Record<string, any>} scope gets the records that tokens name
 */
async function refusals({ data, store }, screen, kept, scope) {
  const { errors, named } = await prove(
    data.forms[screen.form].fields,
    kept,
    data.words.token,
    (name) => lookup(scope, name),
    (kind, id) => find(store, data, kind, id, /** @type {any} */ (scope)),
  );
  Object.assign(scope, named);
  if (!Object.keys(errors).length)
    for (const [name, why] of Object.entries(screen.refuses ?? {})) {
      const said = String(evaluate(/** @type {any} */ (why), scope, data));
      if (said) errors[name] = [[said, {}]];
    }
  return errors;
}

/**
 * Check what a page sent and save it as one group.
 * @param {Phone} phone
 * @param {{screen: any, params: Record<string, string>, path: string, ctx: Record<string, any>,
 *   body: URLSearchParams | FormData}} sent
 * @returns {Promise<{values: Values, scope: Record<string, any>, full: boolean, errors: import("./forms.js").Errors | null}>}
 */
export async function submit(phone, { screen, params, path, ctx, body }) {
  const { data, store, me } = phone;
  const { fields } = data.forms[screen.form];
  const values = readValues(fields, body, data.utcOffset);
  const { kept, errors } = check(fields, values, data.words);
  /** @type {Record<string, any>} */
  const scope = { ...params, ...ctx, form: { values: kept } };
  if (!Object.keys(errors).length) Object.assign(errors, await refusals(phone, screen, kept, scope));
  if (Object.keys(errors).length) return { values, scope, full: false, errors };

  const says = screen.says ? String(evaluate(screen.says, scope, data)) : "";
  const freshId = String(body.get("fresh_id") ?? "");
  await settled(path);
  try {
    await inTurn(async () => {
      const group = await groupOf(store, freshId, path);
      scope.saved = group; // the first record's id
      const saves = operations(data, screen, ctx, kept, group);
      await seal(data, saves);
      if (saves.length)
        await save(store, data, { me, now: ctx.now, saves, freshKey: group, says, url: path, draft: path });
    });
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "StorageFull") throw error;
    return { values, scope, full: true, errors: { _: [[FULL, {}]] } }; // P8
  }
  return { values, scope, full: false, errors: null };
}

/**
 * Take back one save; false when it is not on this phone, or already taken back.
 * @param {Phone} phone
 * @param {string} group
 * @returns {Promise<boolean>}
 */
export async function takeBack({ data, store, me }, group) {
  return UUID.test(group) && undo(store, data, { me, group });
}
