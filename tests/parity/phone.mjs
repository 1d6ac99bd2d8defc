// The phone in Node for the parity tests: the shipping modules on fake-indexeddb, told what to do line by line.
//
// Each line of standard input is a command, each line of standard output its answer; where the phone fetches, it
// prints `{"fetch": …}` and reads the server's answer as the next line.

import "fake-indexeddb/auto";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import vm from "node:vm";

globalThis.self = globalThis;
vm.runInThisContext(readFileSync(process.argv[2], "utf-8"));
const data = globalThis.FIELDAPP_DATA;
for (const [locale, path] of Object.entries(data.languages)) {
  const file = join(dirname(process.argv[2]), basename(path));
  data.catalogs[locale] = data.catalog(...JSON.parse(readFileSync(file, "utf-8")));
}

const { world } = await import("../../static/phone/clock.js");
const { render } = await import("../../static/phone/render.js");
const { createUploader } = await import("../../static/phone/blobs.js");
const { createRunner } = await import("../../static/phone/exchange.js");
const { createIdentity } = await import("../../static/phone/identity.js");
const { createPhone } = await import("../../static/phone/phone.js");
const { openDevice, openUser } = await import("../../static/phone/store.js");
const { runQueries } = await import("../../static/phone/query.js");

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value);
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const ORIGIN = "http://localhost";
let phone = null;
let runner = null;
let uploader = null;
let identity = null;

async function fetchFromServer(input, options) {
  const request = input instanceof Request ? input : new Request(new URL(input, ORIGIN), options);
  const body = Buffer.from(await request.arrayBuffer()).toString("base64");
  say({
    fetch: { url: request.url, method: request.method, headers: Object.fromEntries(request.headers), body },
  });
  const answer = await next();
  if (!answer.status) throw new TypeError("the line broke");
  const said = answer.status === 204 ? null : Buffer.from(answer.body, "base64");
  return new Response(said, { status: answer.status, headers: answer.headers });
}

const commands = {
  render: ({ template, ctx }) => ({ html: render(data, template, ctx) }),

  async open({ user, me, now }) {
    world.now = () => now;
    const device = await openDevice();
    await device.set("user", user);
    await device.set("me", me);
    identity = createIdentity({
      openDevice: async () => device,
      openUser: (id) => openUser(id, data, device),
      ask: async () => null,
      pause: async () => {},
    });
    runner = createRunner({
      data,
      device: () => identity.device(),
      openStore: (id) => identity.openStore(id),
      fetch: fetchFromServer,
      locks: null,
      now: () => world.now(),
      random: () => 0.5,
      setTimer: () => 0,
      onChange: () => identity.refresh(),
    });
    uploader = createUploader({
      openStore: (id) => identity.openStore(id),
      fetch: fetchFromServer,
      locks: null,
      now: () => world.now(),
      random: () => 0,
      setTimer: () => 0,
      onSent: () => runner.run("sent"),
    });
    const outside = { origin: ORIGIN, fetch: fetchFromServer, caches: null, pause: async () => {} };
    phone = createPhone({ data, identity, world: outside, onSave: () => {} });
    return { ok: true };
  },

  clock({ now }) {
    world.now = () => now;
    return { ok: true };
  },

  async exchange() {
    return { outcome: await runner.run("test") };
  },

  /** What is waiting is sent, and what the phone then still holds is told. */
  async upload({ user }) {
    await uploader.run(user);
    const { store } = await identity.current();
    const all = (name, key) => store.read([name], (tx) => tx.objectStore(name)[key]());
    return { blobs: await all("blobs", "getAll"), bytes: await all("bytes", "getAllKeys") };
  },

  async ask({ path, method = "GET", headers = {}, body = null, bytes = null }) {
    if (bytes) body = Buffer.from(bytes, "base64");
    const answer = await phone.respond(
      new Request(new URL(path, ORIGIN), { method, headers, body, redirect: "manual" }),
    );
    return { status: answer.status, headers: Object.fromEntries(answer.headers), html: await answer.text() };
  },

  /** What waits, what became of each operation, and the records of a kind by id with their state. */
  async held({ kind }) {
    const { store } = await identity.current();
    const [ops, records] = await store.read(["ops", "records"], (tx) =>
      Promise.all([
        tx.objectStore("ops").getAll(),
        tx
          .objectStore("records")
          .index("k")
          .getAll(IDBKeyRange.only([kind])),
      ]),
    );
    const results = ops.map(({ op, acked, result }) => [
      op,
      acked ? (result?.status ?? "applied") : "waiting",
    ]);
    return {
      ops: Object.fromEntries(results),
      records: Object.fromEntries(records.map((row) => [row.id, row.state?.code ?? "received"])),
    };
  },

  async query({ queries, scope }) {
    const { store } = await identity.current();
    return { results: await Promise.all(queries.map((one) => asked(store, one, scope))) };
  },

  async records({ rows }) {
    const { store } = await identity.current();
    const { entries } = await import("../../static/phone/records.js");
    await store.write(["records", "meta"], async (tx) => {
      for (const { _kind, ...record } of rows) {
        const shown = record.gone ? null : record;
        const k = shown ? entries(data, _kind, shown) : [];
        await tx.objectStore("records").put({ id: record.id, kind: _kind, server: record, shown, k });
      }
    });
    return { ok: true };
  },
};

async function asked(store, query, scope) {
  const { found, missing } = await runQueries(store, data, { queries: [query] }, scope);
  if (missing !== null) return null;
  return plain(found[query.as]);
}

function plain(value) {
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, one]) => [key, plain(one)]));
  if (Array.isArray(value)) return value.map((one) => one.id);
  return value && typeof value === "object"
    ? (value.id ?? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)])))
    : value;
}

for (;;) {
  const line = await lines.next();
  if (line.done) break;
  const { do: what, ...rest } = JSON.parse(line.value);
  try {
    say(await commands[what](rest));
  } catch (error) {
    say({ error: String(error?.stack ?? error) });
  }
}
