// Rekey: after an update that finds records by other keys, give the records on the phone those keys.

import { count } from "./digest.js";
import { depth, entries, inherit, signature } from "./records.js";

const AT_ONCE = 300;

/**
 * Parents first, in small transactions; a phone that dies on the way goes on where it was.
 * @param {import("./store.js").Store} store
 * @param {any} data
 */
export async function rekey(store, data) {
  const goal = signature(data);
  const begun = await store.get("meta", "rekey");
  let at = begun?.goal === goal ? begun : { goal, kind: "", after: "" };
  const kinds = Object.keys(data.kinds).sort((a, b) => depth(data, a) - depth(data, b) || (a < b ? -1 : 1));
  for (const kind of kinds.slice(Math.max(0, kinds.indexOf(at.kind)))) {
    const after = kind === at.kind ? at.after : "";
    const all = await store.read(["records"], (tx) =>
      tx.objectStore("records").index("k").getAllKeys([kind]),
    );
    const ids = all.filter((/** @type {string} */ id) => id > after);
    for (let i = 0; i < ids.length; i += AT_ONCE) {
      const some = ids.slice(i, i + AT_ONCE);
      at = { goal, kind, after: some[some.length - 1] };
      await store.write(["records", "meta"], (tx) => rekeySome(tx, data, kind, some, at));
    }
  }
  await store.write(["records", "meta"], async (tx) => {
    await recount(tx, data);
    tx.objectStore("meta").put(goal, "keys");
    await tx.objectStore("meta").delete("rekey");
  });
}

/** The digests anew: another declaration may count other records (P16). @param {any} tx @param {any} data */
async function recount(tx, data) {
  const sync = await tx.objectStore("meta").get("sync");
  if (!sync) return;
  /** @type {import("./digest.js").Sums} */
  const digests = {};
  for (let at = await tx.objectStore("records").openCursor(); at; at = await at.continue()) {
    const { kind, left, shown, server = shown } = at.value;
    if (server && !left) count(digests, data, kind, server, 1);
  }
  tx.objectStore("meta").put({ ...sync, digests }, "sync");
}

/**
 * @param {any} tx
 * @param {any} data
 * @param {string} kind
 * @param {any[]} ids
 * @param {any} at
 */
async function rekeySome(tx, data, kind, ids, at) {
  const records = tx.objectStore("records");
  const rows = (await Promise.all(ids.map((id) => records.get(id)))).filter(Boolean);
  const field = data.kinds[kind].parent;
  const parents = await Promise.all(
    rows.map((row) => (row.shown?.[field] ? records.get(row.shown[field]) : null)),
  );
  for (const [i, row] of rows.entries()) {
    const parent = parents[i]?.server ?? parents[i]?.shown;
    for (const record of [row.shown, row.server]) if (record) inherit(data, kind, record, parent);
    row.k = row.shown ? entries(data, kind, row.shown) : [];
    records.put(row);
  }
  await tx.objectStore("meta").put(at, "rekey");
}
