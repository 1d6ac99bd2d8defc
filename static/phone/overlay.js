// Overlay: what the phone shows = the server's last word ⊕ its own pending operations, in order (P3).

import { instant } from "./clock.js";
import { depth, entries, inherit } from "./records.js";

/**
 * @typedef {import("./records.js").Fields} Fields
 *
 * @typedef {object} Row a record as it is stored
 * @property {string} id
 * @property {string} kind
 * @property {Fields | null} server the server's last word; left out in the store while nothing is pending
 * @property {Fields | null} shown
 * @property {number[]} pending operations (`n`) that change what is shown, oldest first
 * @property {{code: string, at: string | null, reason?: string | null}} [outcome] what became of an operation that was not applied
 * @property {{code: string, at: string | null, reason?: string | null}} [state] left out when simply received
 * @property {number} [gen] the baseline that brought it, counted up when the server's history changes (P20)
 * @property {boolean} [left] it has left the person's scope and goes when nothing is pending
 * @property {any[][]} [k]
 *
 * @typedef {object} Op an operation as it is stored: what goes on the wire, and what the phone keeps beside it
 * @property {number} n place in this phone's outbox; its `seq` is `n` minus the device's `base`
 * @property {string} op
 * @property {string} group
 * @property {string[]} after
 * @property {string} kind
 * @property {string} record
 * @property {"create" | "patch" | "retract" | "delete"} verb
 * @property {number} form
 * @property {number | null} base_version
 * @property {Fields} base
 * @property {Fields} patch
 * @property {string} at
 * @property {number} offset
 * @property {string[]} files
 * @property {string[]} records the records whose shown values it touches
 * @property {{verb: string, patch: Fields, base: Fields}} [undoes]
 * @property {string | null} acked when the server's receipt came (phone's corrected time)
 * @property {{status: string, reason: string | null, detail: any} | null} result
 * @property {number} [problem] 1 when it ended elsewhere than in "applied"
 * @property {string | null} says
 * @property {string | null} url
 */

/** @param {Op} op @returns {string} when it was done, by the server's clock */
export function deviceTime(op) {
  return instant(Date.parse(op.at) + op.offset);
}

/** @param {Op} op */
const refused = (op) => op.acked !== null && op.result !== null && op.result.status !== "applied";

/** @param {any} a @param {any} b */
export const same = (a, b) => a === b || JSON.stringify(a ?? null) === JSON.stringify(b ?? null);

/** The rows that one transaction touches: read once, recomputed together, written once. */
export class Work {
  /** @type {Map<string, Row | undefined>} */
  #rows = new Map();
  /** @type {Map<number, Op | undefined>} */
  #ops = new Map();
  /** @type {Set<string>} */
  #touched = new Set();

  /**
   * @param {any} tx over "records" and "ops"
   * @param {any} data
   * @param {{id: string, community: string}} me
   */
  constructor(tx, data, me) {
    this.tx = tx;
    this.data = data;
    this.me = me;
  }

  /** @param {string | null | undefined} id @returns {Promise<Row | undefined>} */
  async row(id) {
    if (!id) return undefined;
    if (!this.#rows.has(id)) this.#keep(id, await this.tx.objectStore("records").get(id));
    return this.#rows.get(id);
  }

  /** @param {string} id @param {any} stored */
  #keep(id, stored) {
    if (this.#rows.has(id)) return;
    if (stored) {
      stored.server = "server" in stored ? stored.server : stored.shown;
      stored.pending ??= [];
    }
    this.#rows.set(id, stored);
  }

  /** Read many rows at once. @param {Iterable<string>} ids */
  async load(ids) {
    await Promise.all(Array.from(new Set(ids), (id) => this.row(id)));
  }

  /** @param {number} n @returns {Promise<Op | undefined>} */
  async op(n) {
    if (!this.#ops.has(n)) this.#ops.set(n, await this.tx.objectStore("ops").get(n));
    return this.#ops.get(n);
  }

  /** @param {Op} op */
  putOp(op) {
    this.#ops.set(op.n, op);
    return this.tx.objectStore("ops").put(op);
  }

  /** A row that will be recomputed; made when there is none. @param {string} id @param {string} kind @returns {Promise<Row>} */
  async change(id, kind) {
    let row = await this.row(id);
    if (!row) {
      row = { id, kind, server: null, shown: null, pending: [] };
      this.#rows.set(id, row);
    }
    this.#touched.add(id);
    return row;
  }

  /** Recompute again what is there. @param {Iterable<string>} ids */
  async touch(ids) {
    for (const id of ids) if (await this.row(id)) this.#touched.add(id);
  }

  /**
   * The server's word about a record: fields, or null when it is gone.
   * @param {string} id
   * @param {string} kind
   * @param {Fields | null} record
   * @param {number} [gen]
   */
  async receive(id, kind, record, gen = 0) {
    const row = await this.change(id, kind);
    if (record) {
      // Never back to an older version, unless the server's history itself went back.
      if (row.server && row.server.version > record.version && (row.gen ?? 0) >= gen) return;
      const parent = await this.row(record[this.data.kinds[kind]?.parent]);
      if (!parent && row.server) for (const field of this.data.kinds[kind]?.inherits ?? []) record[field] ??= row.server[field];
      inherit(this.data, kind, record, parent?.server ?? parent?.shown);
      if (row.outcome && record.version !== row.server?.version) row.outcome = undefined;
    }
    row.server = record;
    row.left = undefined;
    row.gen = gen || undefined;
    for (const n of row.pending) await this.touch((await this.op(n))?.records ?? []);
  }

  /** A record that left the person's scope goes; with something pending, it goes after that (P15). @param {Row} row */
  async leave(row) {
    (await this.change(row.id, row.kind)).left = true;
  }

  /** Let every stored record go that `goes` says. @param {(row: Row) => boolean} goes */
  async sweep(goes) {
    const records = this.tx.objectStore("records");
    for (let at = await records.openCursor(); at; at = await at.continue()) {
      this.#keep(at.value.id, at.value);
      const row = /** @type {Row} */ (this.#rows.get(at.value.id));
      if (!goes(row)) this.#drop(row);
      else if (row.pending.length) await this.leave(row);
      else {
        await at.delete();
        this.#rows.set(row.id, undefined);
      }
    }
  }

  /** Forget a row that was only looked at. @param {Row} row */
  #drop(row) {
    if (!this.#touched.has(row.id)) this.#rows.delete(row.id);
  }

  /** Recompute and write every touched row: children before the parents that their effects change. */
  async settle() {
    const rows = [...this.#touched].map((id) => /** @type {Row} */ (this.#rows.get(id)));
    const deep = new Map(rows.map((row) => [row, depth(this.data, row.kind)]));
    rows.sort((a, b) => /** @type {number} */ (deep.get(a)) - /** @type {number} */ (deep.get(b)));
    /** @type {Map<Row, Op[]>} */
    const pending = new Map();
    for (const row of rows) {
      const ops = row.pending.length ? await this.#pending(row) : [];
      pending.set(row, ops);
      row.shown = ops.length ? await this.#fold(row, ops, false) : row.server;
    }
    for (const row of rows.reverse()) {
      const ops = pending.get(row) ?? [];
      if (ops.some((op) => op.record !== row.id)) row.shown = await this.#fold(row, ops, true);
      row.state = stateOf(row, ops);
    }
    await Promise.all(rows.map((row) => this.#write(row)));
    this.#touched.clear();
  }

  /**
   * The operations that still count: unacknowledged ones, and a creation that the server could not apply,
   * because nothing that a person recorded vanishes from their own list.
   * @param {Row} row
   */
  async #pending(row) {
    /** @type {Op[]} */
    const ops = [];
    for (const n of row.pending) {
      const op = await this.op(n);
      if (op && (!op.acked || (op.verb === "create" && op.record === row.id && refused(op) && !row.server))) ops.push(op);
    }
    row.pending = ops.map((op) => op.n);
    return ops;
  }

  /**
   * @param {Row} row
   * @param {Op[]} ops
   * @param {boolean} effects
   * @returns {Promise<Fields | null>}
   */
  async #fold(row, ops, effects) {
    const here = new Set(ops.map((op) => op.op));
    const undone = new Set(ops.filter((op) => op.verb === "retract").map((op) => op.patch.of));
    /** @type {Fields | null} */
    let record = row.server && { ...row.server };
    /** @type {Set<string>} */
    const refold = new Set();
    for (const op of ops) {
      if (undone.has(op.op) || (op.verb === "retract" && here.has(op.patch.of))) continue;
      if (op.record === row.id) record = await this.#own(op, record);
      else if (!effects || !record) continue;
      else if (op.verb === "retract") refold.add(op.kind);
      else if (op.verb === "create") record = await this.#effect(op, record);
    }
    for (const kind of refold) if (record) record = await this.#refold(kind, row.kind, record);
    return record;
  }

  /** @param {Op} op @param {Fields | null} record @returns {Promise<Fields | null>} */
  async #own(op, record) {
    if (op.verb === "create") return record ?? this.#created(op);
    if (!record || op.verb === "delete") return null;
    if (op.verb === "patch") return { ...record, ...op.patch };
    const { verb, patch, base } = op.undoes ?? { verb: "create", patch: {}, base: {} };
    if (verb === "create") return null;
    for (const field of Object.keys(patch)) if (same(record[field], patch[field])) record[field] = base[field] ?? null;
    return record;
  }

  /** A record as the server will make it, `seq` and `server_time` aside. @param {Op} op @returns {Promise<Fields>} */
  async #created(op) {
    const kind = this.data.kinds[op.kind];
    /** @type {Fields} */
    const record = {
      id: op.record,
      community: this.me.community,
      version: null,
      seq: null,
      author: this.me.id,
      device_time: deviceTime(op),
      server_time: null,
      gone: false,
    };
    for (const field of kind.fields) record[field] = op.patch[field] ?? kind.defaults?.[field] ?? null;
    const parent = await this.row(record[kind.parent]);
    inherit(this.data, op.kind, record, parent?.server ?? parent?.shown);
    return record;
  }

  /** @param {Op} op the creation of a child @param {Fields} target @returns {Promise<Fields>} */
  async #effect(op, target) {
    const child = await this.row(op.record);
    // Once the server holds the child, its word about the target counts it already.
    return child?.shown && !child.server ? affect(this.data, op.kind, child.shown, target) : target;
  }

  /**
   * A retracted child is already counted in the server's word: count its sisters anew.
   * @param {string} kind of the children
   * @param {string} targetKind
   * @param {Fields} target
   * @returns {Promise<Fields>}
   */
  async #refold(kind, targetKind, target) {
    /** @type {Set<string>} */
    const computed = new Set();
    /** @type {Map<string, Fields>} */
    const sisters = new Map();
    for (const { target: field, fields } of this.data.kinds[kind].effects) {
      for (const name of Object.keys(fields)) computed.add(name);
      const found = await this.tx.objectStore("records").index("k").getAll([kind, field, target.id]);
      for (const row of found) this.#keep(row.id, row);
      for (const row of this.#rows.values()) {
        if (row?.kind === kind && row.shown?.[field] === target.id) sisters.set(row.id, row.shown);
      }
    }
    let record = { ...target };
    for (const name of computed) record[name] = this.data.kinds[targetKind]?.defaults?.[name] ?? null;
    const inOrder = [...sisters.values()].sort(
      (a, b) => order(a.device_time, b.device_time) || (a.seq ?? Infinity) - (b.seq ?? Infinity) || order(a.id, b.id),
    );
    for (const sister of inOrder) record = affect(this.data, kind, sister, record);
    return record;
  }

  /** @param {Row} row */
  #write(row) {
    const records = this.tx.objectStore("records");
    if (!row.server && !row.pending.length) return records.delete(row.id);
    if (row.left && !row.pending.length) return records.delete(row.id);
    /** @type {any} */
    const stored = { id: row.id, kind: row.kind, shown: row.shown, k: row.shown ? entries(this.data, row.kind, row.shown) : [] };
    if (row.pending.length) Object.assign(stored, { server: row.server, pending: row.pending });
    for (const extra of /** @type {const} */ (["state", "outcome", "left", "gen"])) if (row[extra]) stored[extra] = row[extra];
    return records.put(stored);
  }
}

/** @param {any} a @param {any} b */
const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** @param {Row} row @param {Op[]} ops */
function stateOf(row, ops) {
  const waiting = ops.filter((op) => !op.acked).pop();
  if (waiting) return { code: "phone", at: deviceTime(waiting) };
  return row.outcome;
}

/**
 * What creating `child` changes in the record that it names; every field is computed from the target as it was.
 * @param {any} data
 * @param {string} kind
 * @param {Fields} child
 * @param {Fields} target
 * @returns {Fields}
 */
export function affect(data, kind, child, target) {
  const changed = { ...target };
  for (const effect of data.kinds[kind]?.effects ?? []) {
    if (child[effect.target] !== target.id) continue;
    for (const [field, compute] of Object.entries(effect.fields)) {
      changed[field] = evaluate(data, compute, { this: child, target });
    }
  }
  return changed;
}

/**
 * A compiled expression; `data.evaluate` is the template runtime's, where the expression needs its filters.
 * @param {any} data
 * @param {any} compiled
 * @param {Record<string, unknown>} scope
 * @returns {any}
 */
export function evaluate(data, compiled, scope) {
  return (data.evaluate ? data.evaluate(compiled, scope) : compiled(scope)) ?? null;
}
