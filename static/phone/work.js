// Work: the rows that one transaction touches, recomputed together and written once.

import { count } from "./digest.js";
import { fold, refused, stateOf } from "./overlay.js";
import { depth, entries, inherit } from "./records.js";

/**
 * @typedef {import("./overlay.js").Op} Op
 * @typedef {import("./overlay.js").Row} Row
 * @typedef {import("./records.js").Fields} Fields
 */

export class Work {
  /** @type {Map<string, Row | undefined>} */
  #rows = new Map();
  /** @type {Map<number, Op | undefined>} */
  #ops = new Map();
  /** @type {Set<string>} */
  #touched = new Set();
  /** What of the server's word is counted in the digests, by id. @type {Map<string, Fields | null>} */
  #counted = new Map();

  /**
   * @param {any} tx over "records" and "ops"
   * @param {any} data
   * @param {{id: string, community: string}} me
   * @param {import("./digest.js").Sums} [digests] of all that is stored, changed in place (P16)
   */
  constructor(tx, data, me, digests = {}) {
    this.tx = tx;
    this.data = data;
    this.me = me;
    this.digests = digests;
    /** Nothing is stored yet: the first pull need not look. */
    this.empty = false;
  }

  /** @param {string | null | undefined} id @returns {Promise<Row | undefined>} */
  async row(id) {
    if (!id) return undefined;
    if (!this.#rows.has(id))
      this.#keep(id, this.empty ? undefined : await this.tx.objectStore("records").get(id));
    return this.#rows.get(id);
  }

  /** @param {string} id @param {any} stored */
  #keep(id, stored) {
    if (this.#rows.has(id)) return;
    if (stored) {
      stored.server = "server" in stored ? stored.server : stored.shown;
      stored.pending ??= [];
      this.#counted.set(id, stored.left ? null : stored.server);
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
      if (!parent && row.server)
        for (const field of this.data.kinds[kind]?.inherits ?? []) record[field] ??= row.server[field];
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
        this.#count(row, null);
        this.#touched.delete(row.id);
        this.#drop(row);
      }
    }
  }

  /** Forget a row that was only looked at. @param {Row} row */
  #drop(row) {
    if (this.#touched.has(row.id)) return;
    this.#rows.delete(row.id);
    this.#counted.delete(row.id);
  }

  /** Recompute and write every touched row: children before the parents that their effects change. */
  async settle() {
    const rows = [...this.#touched].map((id) => /** @type {Row} */ (this.#rows.get(id)));
    const deep = new Map(rows.map((row) => [row, depth(this.data, row.kind)]));
    rows.sort((a, b) => /** @type {number} */ (deep.get(a)) - /** @type {number} */ (deep.get(b)));
    /** @type {Map<Row, Op[]>} */
    const pending = new Map();
    for (const row of rows) {
      const ops = row.pending.length ? await this.pendingOf(row) : [];
      pending.set(row, ops);
      row.shown = ops.length ? await fold(this, row, ops, false) : row.server;
    }
    for (const row of rows.reverse()) {
      const ops = pending.get(row) ?? [];
      if (ops.some((op) => op.record !== row.id)) row.shown = await fold(this, row, ops, true);
      row.state = stateOf(row, ops);
    }
    await Promise.all(rows.map((row) => this.#write(row)));
    this.#touched.clear();
  }

  /**
   * The operations that still count: unacknowledged ones, and a creation that the server could not apply, because
   * nothing that a person recorded vanishes from their own list; unless they took it back themselves.
   * @param {Row} row
   */
  async pendingOf(row) {
    const all = await Promise.all(row.pending.map((n) => this.op(n)));
    /** @type {Set<string>} */
    const kept = new Set();
    const ops = all.filter((op) => {
      if (!op?.acked) return op;
      const stays =
        !row.server && op.record === row.id && refused(op) && (op.verb === "create" || kept.has(op.patch.of));
      if (stays) kept.add(op.op);
      return stays;
    });
    row.pending = ops.map((op) => /** @type {Op} */ (op).n);
    return /** @type {Op[]} */ (ops);
  }

  /**
   * The records shown whose `field` names this one, as this transaction sees them.
   * @param {string} kind
   * @param {string} field
   * @param {string} id
   * @returns {Promise<Fields[]>}
   */
  async children(kind, field, id) {
    const stored = await this.tx.objectStore("records").index("k").getAll([kind, field, id]);
    for (const row of stored) this.#keep(row.id, row);
    return [...this.#rows.values()].flatMap((row) =>
      row?.kind === kind && row.shown?.[field] === id ? [row.shown] : [],
    );
  }

  /** @param {Row} row @param {Fields | null} server what the server says of it from now on */
  #count(row, server) {
    const before = this.#counted.get(row.id) ?? null;
    if (before === server) return;
    if (before) count(this.digests, this.data, row.kind, before, -1);
    if (server) count(this.digests, this.data, row.kind, server, 1);
    this.#counted.set(row.id, server);
  }

  /** @param {Row} row */
  #write(row) {
    this.#count(row, row.left ? null : row.server);
    const records = this.tx.objectStore("records");
    if (!row.server && !row.pending.length) return records.delete(row.id);
    if (row.left && !row.pending.length) return records.delete(row.id);
    /** @type {any} */
    const stored = {
      id: row.id,
      kind: row.kind,
      shown: row.shown,
      k: row.shown ? entries(this.data, row.kind, row.shown) : [],
    };
    if (row.pending.length) Object.assign(stored, { server: row.server, pending: row.pending });
    for (const extra of /** @type {const} */ (["state", "outcome", "left", "gen"]))
      if (row[extra]) stored[extra] = row[extra];
    return records.put(stored);
  }
}
