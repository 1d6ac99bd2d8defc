// Context: everything a template may see, built once an answer from the phone's store, as Flask builds it.

import { now as correctedNow, instant } from "./clock.js";
import { uuid7 } from "./ids.js";
import { readStatus } from "./status.js";

/**
 * @typedef {object} Phone what an answer is made from
 * @property {any} data what the build exported
 * @property {import("./store.js").Store} store
 * @property {import("./store.js").Device} device
 * @property {any} me the person as the last exchange told, with their own settings
 *
 * @typedef {Record<string, any>} Context
 */

/** @param {number} ms @param {number} utcOffset minutes */
function localDay(ms, utcOffset) {
  return new Date(ms + utcOffset * 60000).toISOString().slice(0, 10);
}

/** @param {string} day @param {number} utcOffset minutes */
function endOfDay(day, utcOffset) {
  return instant(Date.parse(`${day}T23:59:59Z`) - utcOffset * 60000);
}

/**
 * The time of an answer: read once, so that all of it is of one moment.
 * @param {Phone} phone
 */
export function moment({ data, store }) {
  const ms = correctedNow(store);
  const today = localDay(ms, data.utcOffset);
  return { now: instant(ms), today, end_of_day: endOfDay(today, data.utcOffset) };
}

/**
 * `ctx` without a screen's own records.
 * @param {Phone} phone
 * @param {{url: string, args: Record<string, string>, fragment: boolean, tab: string | null, needs: string[]}} asked
 * @param {{now: string, today: string, end_of_day: string}} [time]
 * @returns {Promise<Context>}
 */
export async function buildContext(phone, { url, args, fragment, tab, needs }, time = moment(phone)) {
  const { me } = phone;
  const locale = (await phone.data.speak?.(me.locale)) ?? me.locale;
  return {
    me,
    ...time,
    locale,
    args,
    url,
    status: await readStatus(phone, Date.parse(time.now), needs, args),
    form: null,
    fresh_id: uuid7(),
    fragment,
    tab,
  };
}

/**
 * The translation of a message id in the reader's language.
 * @param {any} data
 * @param {string} locale
 * @returns {(msgid: string) => string}
 */
export function translator(data, locale) {
  const catalog = data.catalogs[locale] ?? Object.values(data.catalogs)[0];
  return (msgid) => (typeof catalog[msgid] === "string" ? catalog[msgid] : msgid);
}

/**
 * The value of a dotted name; a record alone stands for its id.
 * @param {Record<string, any>} scope
 * @param {string} name
 */
export function lookup(scope, name) {
  let found = /** @type {any} */ (scope);
  for (const part of name.split(".")) found = found && typeof found === "object" ? found[part] : undefined;
  return found && typeof found === "object" ? found.id : found;
}
