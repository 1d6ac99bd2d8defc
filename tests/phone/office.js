// Office: a small server in memory that speaks POST /sync, for tests of the phone alone. Not the real one.

import { gunzipSync } from "node:zlib";
import { count } from "../../static/phone/digest.js";
import { evaluate } from "../../static/phone/render.js";

export const COMMON = ["id", "version", "seq", "author", "device_time", "server_time"];

/** @param {number} ms */
const seconds = (ms) => `${new Date(ms).toISOString().slice(0, 19)}Z`;

export class Office {
  epoch = "epoch-1";
  seq = 0;
  /** @type {Map<string, any>} id → {kind, channel, record, gone} */
  records = new Map();
  /** @type {Map<string, {last: number, seen: Map<number, any>}>} */
  devices = new Map();
  /** @type {Map<string, any>} op id → result */
  results = new Map();
  /** @type {Map<string, any>} op id → operation */
  ops = new Map();
  /** @type {any[]} */
  requests = [];
  pageSize = 1000;
  pruned = 0;
  /** Whether answers end with digests, and of which version of the app. */
  counts = false;
  version = "v1";
  forget = [];
  /** Signed off by the desk: what still comes is kept apart, and answered by its receipt alone. */
  revoked = false;
  /** Until a signed-off phone has said its last word. */
  signedIn = true;
  /** Attachments that have arrived. @type {Set<string>} */
  here = new Set();
  clock = Date.parse("2026-11-23T02:00:00.000Z");

  /** @param {any} data @param {any} me */
  constructor(data, me) {
    const fields = { user: null, status: null, reason: null, detail: null };
    const result = { fields, channel: ["user:{user}"] };
    this.data = { ...data, kinds: { ...data.kinds, sync_result: result } };
    this.me = me;
    this.channels = [`user:${me.id}`, `community:${me.community}`, ...me.grids.map((grid) => `grid:${grid}`)];
  }

  /** Put a record as the server's own word. */
  put(kind, fields, { gone = false } = {}) {
    const held = this.records.get(fields.id);
    const record = {
      community: this.me.community,
      author: "import",
      device_time: seconds(this.clock),
      server_time: seconds(this.clock),
      ...held?.record,
      ...fields,
      version: (held?.record.version ?? 0) + 1,
      seq: ++this.seq,
    };
    const channel = this.data.kinds[kind].channel[0].replace(/\{(\w+)\}/g, (_, name) => record[name]);
    this.records.set(fields.id, { kind, channel, record, gone });
    return record;
  }

  /** What `fetch` would bring. @returns {Promise<Response>} */
  fetch = async (url, init) => {
    if (url !== "/sync" || init.method !== "POST") throw new Error(`${init.method} ${url}`);
    const body = init.headers["Content-Encoding"] === "gzip" ? gunzipSync(Buffer.from(init.body)) : init.body;
    const request = JSON.parse(body.toString());
    this.requests.push(request);
    return this.answer(request);
  };

  refuse(status, code, more = {}, headers = {}) {
    return Response.json({ protocol: 1, error: { code, message: code, ...more } }, { status, headers });
  }

  /** @param {any} request @returns {Response} */
  answer(request) {
    if (!this.signedIn) return this.refuse(401, "signed_out");
    if (request.user !== this.me.id) return this.refuse(409, "other_user", { user: this.me.id });
    const device = this.devices.get(request.device) ?? { last: 0, seen: new Map() };
    this.devices.set(request.device, device);
    const results = [];
    if (this.revoked || request.epoch === null || request.epoch === this.epoch) {
      for (const op of request.ops) {
        if (op.seq > device.last + 1) return this.refuse(409, "gap", { send_from: device.last + 1 });
        if (op.seq <= device.last && device.seen.get(op.seq) !== op.op) return this.refuse(409, "fork");
        if (op.seq === device.last + 1) {
          device.seen.set(op.seq, op.op);
          device.last = op.seq;
          if (!this.results.has(op.op)) this.results.set(op.op, this.apply(op));
        }
        results.push({ op: op.op, seq: op.seq, reason: null, detail: {}, ...this.results.get(op.op) });
      }
    }
    const files = request.files.filter((hash) => this.here.has(hash));
    if (this.revoked) {
      const { clears, waiting, files: photos } = request.report;
      this.signedIn = !clears || Boolean(request.ops.length || waiting || photos);
      return this.refuse(403, "revoked", { last: device.last, results, files });
    }
    const cursors = request.epoch === this.epoch ? request.cursors : {};
    const pulled = this.pull(cursors, request.tail);
    const anew = Object.keys(cursors).filter((one) => cursors[one].at < this.pruned);
    return Response.json({
      protocol: 1,
      app: this.version,
      epoch: this.epoch,
      now: new Date(this.clock).toISOString(),
      last: device.last,
      results,
      me: this.me,
      forget: this.forget.filter((channel) => channel in request.cursors),
      anew,
      ...pulled,
      files,
      digests: this.counts && !pulled.more ? this.digests() : null,
    });
  }

  digests() {
    const sums = Object.fromEntries(this.channels.map((channel) => [channel, [0, 0]]));
    for (const { kind, record, gone } of this.records.values())
      if (!gone && kind !== "sync_result") count(sums, this.data, kind, record, 1);
    return sums;
  }

  /** @param {any} op */
  apply(op) {
    this.ops.set(op.op, op);
    if (this.revoked) return { status: "quarantined", reason: "revoked" };
    const kind = this.data.kinds[op.kind];
    const held = this.records.get(op.record);
    if (["quarantined", "held"].includes(this.results.get(op.patch.of)?.status))
      return { status: "held", reason: "held" };
    if (op.patch.note === "poison") return { status: "quarantined", reason: "invalid" };
    const fields = {
      author: this.me.id,
      device_time: seconds(Date.parse(op.at) + op.offset),
      server_time: seconds(this.clock),
    };
    if (op.verb === "create") {
      const parent = this.records.get(op.patch[kind.parent])?.record ?? {};
      const inherited = Object.fromEntries((kind.inherits ?? []).map((name) => [name, parent[name] ?? null]));
      const own = Object.fromEntries(
        Object.entries(kind.fields).map(([name, value]) => [name, op.patch[name] ?? value]),
      );
      const made = this.put(op.kind, { id: op.record, ...inherited, ...own, ...fields });
      this.affect(op.kind, [made]);
    } else if (op.verb === "patch") {
      this.put(op.kind, { id: op.record, ...op.patch, ...fields });
    } else if (this.ops.get(op.patch.of)?.verb === "patch") {
      const { patch, base } = this.ops.get(op.patch.of);
      const back = Object.keys(patch).filter((name) => held.record[name] === patch[name]);
      this.put(op.kind, { id: op.record, ...Object.fromEntries(back.map((name) => [name, base[name]])) });
    } else {
      this.put(op.kind, { id: op.record }, { gone: true });
      for (const { target, fields: computed } of kind.effects ?? []) {
        const parent = this.records.get(held.record[target]);
        const blank = Object.fromEntries(Object.keys(computed).map((name) => [name, null]));
        Object.assign(parent.record, blank);
        const sisters = [...this.records.values()].filter(
          (one) => !one.gone && one.record[target] === parent.record.id,
        );
        this.affect(
          op.kind,
          sisters.map((one) => one.record).sort((a, b) => (a.device_time < b.device_time ? -1 : 1)),
        );
        if (!sisters.length) this.put(parent.kind, { id: parent.record.id });
      }
    }
    return { status: "applied" };
  }

  affect(kind, made) {
    for (const child of made) {
      for (const { target, fields } of this.data.kinds[kind].effects ?? []) {
        const parent = this.records.get(child[target]);
        const scope = { this: child, target: { ...parent.record } };
        this.put(parent.kind, {
          id: parent.record.id,
          ...Object.fromEntries(Object.entries(fields).map(([name, fn]) => [name, evaluate(fn, scope)])),
        });
      }
    }
  }

  pull(cursors, tail) {
    const answer = { pages: [], cursors: {}, more: false };
    let room = this.pageSize;
    for (const channel of this.channels) {
      const asked = cursors[channel];
      const cursor = asked?.at >= this.pruned ? asked : { at: this.seq, head: 0, tail: null };
      const mine = [...this.records.values()]
        .filter((one) => one.channel === channel)
        .sort((a, b) => a.record.seq - b.record.seq);
      const history = (one) => this.data.kinds[one.kind].headBy;
      const isHead = (one) =>
        !history(one) ||
        !mine.some(
          (other) =>
            other.kind === one.kind &&
            other.record[history(one)] === one.record[history(one)] &&
            other.record.seq > one.record.seq,
        );
      let next = { ...cursor };
      let chosen = [];
      if (cursor.head !== null) {
        const heads = mine.filter(
          (one) => one.record.seq <= cursor.at && one.record.seq > cursor.head && isHead(one),
        );
        chosen = heads.slice(0, room);
        const rest = heads.length > chosen.length;
        next = rest
          ? { ...cursor, head: chosen[chosen.length - 1].record.seq }
          : { at: cursor.at, head: null, tail: mine.some(history) ? cursor.at + 1 : null };
        answer.more ||= rest;
      } else if (mine.some((one) => one.record.seq > cursor.at)) {
        const news = mine.filter((one) => one.record.seq > cursor.at);
        chosen = news.slice(0, room);
        next.at = chosen.length ? chosen[chosen.length - 1].record.seq : cursor.at;
        answer.more ||= news.length > chosen.length;
      } else if (tail && cursor.tail !== null) {
        const old = mine.filter((one) => history(one) && one.record.seq < cursor.tail).reverse();
        chosen = old.slice(0, room);
        next.tail = old.length > chosen.length ? chosen[chosen.length - 1].record.seq : null;
      }
      room -= chosen.length;
      answer.cursors[channel] = next;
      for (const kind of new Set(chosen.map((one) => one.kind))) {
        const those = chosen.filter((one) => one.kind === kind);
        const living = those.filter((one) => !one.gone);
        const fields = [...COMMON, ...Object.keys(this.data.kinds[kind].fields)];
        answer.pages.push({
          channel,
          kind,
          fields,
          columns: fields.map((name) => living.map(({ record }) => record[name] ?? null)),
          gone: those.filter((one) => one.gone).map(({ record }) => record.id),
          forget: [],
        });
      }
    }
    return answer;
  }
}
