// Own: everything that a person recorded on this phone, the newest first, and what became of each.

import { instant } from "./clock.js";
import { deviceTime } from "./overlay.js";

/** @typedef {import("./overlay.js").Op} Op */

/** So many on one page. */
const ON_A_PAGE = 50;

/** Where a page of the list begins, counted from the newest. @param {string | undefined} page @param {number} count */
export function startOf(page, count) {
  const asked = /^[1-9]\d{0,5}$/.test(page ?? "") ? Number(page) : 1;
  return Math.min(asked - 1, Math.max(0, Math.ceil(count / ON_A_PAGE) - 1)) * ON_A_PAGE;
}

/**
 * @param {import("./store.js").Store} store
 * @param {string | undefined} page
 * @returns {Promise<{rows: any[], count: number, page: number, newer: number | null, older: number | null}>}
 */
export function ownList(store, page) {
  return store.read(["ops"], async (tx) => {
    const ops = tx.objectStore("ops");
    /** @type {number[]} */
    const all = (await ops.getAllKeys()).reverse();
    const from = startOf(page, all.length);
    /** @type {Op[]} */
    const shown = await Promise.all(all.slice(from, from + ON_A_PAGE).map((n) => ops.get(n)));
    const related = await Promise.all(shown.map((op) => ops.index("record").getAll(op.record)));
    const undone = new Set(related.flat().flatMap((op) => (op.verb === "retract" ? op.patch.of : [])));
    const at = from / ON_A_PAGE + 1;
    return {
      rows: shown.map((op, i) => row(op, undone.has(op.op), related[i])),
      count: all.length,
      page: at,
      newer: at > 1 ? at - 1 : null,
      older: from + ON_A_PAGE < all.length ? at + 1 : null,
    };
  });
}

/** @param {Op} op @param {boolean} undone @param {Op[]} related those on the same record */
function row(op, undone, related) {
  return {
    op: op.op,
    says: op.says ?? related.find((one) => one.op === op.patch.of)?.says ?? null,
    kind: op.kind,
    record: op.record,
    verb: op.verb,
    at: deviceTime(op),
    received: op.acked ? instant(Date.parse(op.acked)) : null,
    state: op.acked ? (op.result?.status ?? "received") : "phone",
    reason: op.acked ? (op.result?.reason ?? null) : null,
    undone,
  };
}
