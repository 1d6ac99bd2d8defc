// The query words on the phone's store: what they find, in which order, and that they read little to find it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { entries } from "../../static/phone/records.js";
import { between, openUser, walk } from "../../static/phone/store.js";
import { DATA, morning, NOW, Phone, WANG } from "./cast.js";
import { Office } from "./office.js";
import { VECTORS } from "./query_vectors.js";

/** A phone that holds these records, as if pulled. */
async function holding(data, records) {
  const phone = await new Phone(new Office(data, WANG), { data }).start();
  await phone.store.write(["records", "meta"], async (tx) => {
    for (const { _kind: kind, ...record } of records) {
      const shown = {
        version: 1,
        device_time: "2026-11-01T00:00:00Z",
        server_time: "2026-11-01T00:00:00Z",
        ...record,
      };
      await tx.objectStore("records").put({ id: record.id, kind, shown, k: entries(data, kind, shown) });
    }
  });
  return phone;
}

const plain = (result) => {
  if (result instanceof Map) return Array.from(result, ([value, one]) => [value, one?.id ?? one]);
  if (Array.isArray(result)) return result.map((one) => one.id);
  return result?.id ?? result;
};

for (const { name, data, records, queries } of VECTORS) {
  for (const { query, scope, expected } of queries) {
    test(`${name}: ${JSON.stringify({ ...query, as: undefined })}`, async () => {
      const phone = await holding(data, records);
      assert.deepEqual(plain(await phone.query(query, scope)), expected);
    });
  }
}

test("queries see earlier results, and the screen is missing when a needed record is", async () => {
  const { phone } = await morning();
  const { runQueries } = await import("../../static/phone/query.js");
  const queries = [
    { as: "home", q: "one", kind: "household", where: { id: "household" } },
    { as: "doors", q: "many", kind: "door", where: { unit: "home.unit" }, order: ["-floor"] },
    { as: "homes", q: "many", kind: "household", where: { door: "doors" }, order: ["label"] },
  ];
  const scope = { params: { household: "home-201" }, now: "2026-11-23T02:00:00Z", today: "2026-11-23" };
  const { found, missing } = await runQueries(phone.store, phone.data, { queries }, scope);
  assert.equal(missing, null);
  assert.deepEqual(
    found.doors.map((door) => door.floor),
    [4, 3, 2, 1],
  );
  assert.equal(found.homes.length, 4);
  const nobody = await runQueries(
    phone.store,
    phone.data,
    { queries },
    { ...scope, params: { household: "x" } },
  );
  assert.equal(nobody.missing, "home");
  const optional = { queries: [{ ...queries[0], optional: true }] };
  assert.deepEqual(await runQueries(phone.store, phone.data, optional, { ...scope, params: {} }), {
    found: { home: null },
    missing: null,
  });
});

test("a record of another kind with that id is not found", async () => {
  const { phone } = await morning();
  assert.equal(await phone.one("door", "home-101"), null);
});

test("derived values are computed for today and stand beside the fields", async () => {
  const phone = await holding(DATA, [
    { _kind: "household", id: "a", due_on: "2026-11-22" },
    { _kind: "household", id: "b", due_on: "2026-11-23" },
  ]);
  assert.equal((await phone.one("household", "a")).overdue, true);
  assert.equal((await phone.one("household", "b")).overdue, false);
});

test("what is pending is newest, the last saved first, and comes last in the server's order", async () => {
  const { phone } = await morning();
  await phone.visit("home-101", "no_answer");
  await phone.run();
  phone.clock += 1000;
  const [two] = (await phone.visit("home-101", "refused")).records;
  const [three] = (await phone.visit("home-101", "met")).records;
  const where = { household: "home-101" };
  const newest = await phone.many("visit", where, { newest: true, limit: 2 });
  assert.deepEqual(
    newest.map((visit) => visit.id),
    [three.id, two.id],
  );
  const asReceived = await phone.many("visit", where);
  assert.deepEqual(
    asReceived.map((visit) => visit.outcome),
    ["no_answer", "refused", "met"],
  );
  const latest = await phone.query({
    q: "latest",
    kind: "visit",
    by: "household",
    where: { unit: { lit: "unit-1" } },
    newest: true,
  });
  assert.equal(latest.get("home-101").id, three.id);
});

test("after an update the records are found by the new keys, and a phone that died half way finishes", async () => {
  const { phone } = await morning({ doors: 6 });
  await phone.visit("home-101", "met");
  const newer = {
    ...DATA,
    version: "v2",
    kinds: { ...DATA.kinds, household: { ...DATA.kinds.household, keys: [["label"]] } },
  };
  await phone.store.put("meta", "rekey", {
    goal: (await import("../../static/phone/records.js")).signature(newer),
    kind: "household",
    after: "home-101",
  });
  await phone.store.put("meta", "keys", "older");
  await phone.restart(newer);
  const counted = await phone.query({ q: "count", kind: "household", where: { label: { lit: "301" } } });
  assert.equal(counted, 1);
  await phone.store.put("meta", "keys", "older");
  await phone.restart(newer);
  assert.equal(await phone.query({ q: "count", kind: "household", where: { label: { lit: "101" } } }), 1);
  assert.equal((await phone.one("household", "home-101")).last_outcome, "met");
  assert.equal((await phone.run()).code, "done");
  assert.equal((await phone.many("household", { label: "101" }))[0]._state.code, "received");
});

test("with ten thousand doors a screen's queries read no more rows than with a hundred", async (t) => {
  const data = {
    ...DATA,
    screens: [
      {
        queries: [
          {
            q: "count",
            kind: "household",
            where: { grid: "g" },
            by: "unit",
            range: { field: "due_on", op: "lte", value: "today" },
          },
          { q: "many", kind: "visit", where: {}, newest: true, limit: 20 },
        ],
      },
    ],
  };
  const made = (count) =>
    Array.from({ length: count }, (_, i) => ({
      _kind: "household",
      id: `home-${i}`,
      seq: i + 1,
      grid: "grid-3",
      unit: `unit-${Math.floor(i / 500)}`,
      label: `${(i % 66) + 100}`,
      address: `${Math.floor(i / 500)}-${i % 5}-${(i % 66) + 100}`,
      name: "",
      due_on: new Date(NOW + ((i * 7919) % 400) * 86_400_000 - 200 * 86_400_000).toISOString().slice(0, 10),
    }));
  const words = {
    today: {
      q: "many",
      kind: "household",
      where: { grid: "me.grids" },
      range: { field: "due_on", op: "lte", value: "today" },
      order: ["due_on"],
      limit: 20,
    },
    count: {
      q: "count",
      kind: "household",
      where: { grid: "me.grids" },
      range: { field: "due_on", op: "lte", value: "today" },
    },
    byUnit: {
      q: "count",
      kind: "household",
      where: { grid: "me.grids" },
      range: { field: "due_on", op: "lte", value: "today" },
      by: "unit",
    },
    search: { q: "search", kind: "household", text: { lit: "1" }, limit: 20 },
    searchLonger: { q: "search", kind: "household", text: { lit: "1-1-1" }, limit: 20 },
  };
  const figures = {};
  for (const count of [100, 10_000]) {
    const phone = await holding(data, made(count));
    for (const [name, query] of Object.entries(words)) {
      const start = performance.now();
      await phone.query(query);
      figures[name] = [...(figures[name] ?? []), `${(performance.now() - start).toFixed(1)} ms`];
    }
    let read = 0;
    const { getAll } = IDBIndex.prototype;
    IDBIndex.prototype.getAll = function (range, limit) {
      const request = getAll.call(this, range, limit);
      request.addEventListener("success", () => {
        read += request.result.length;
      });
      return request;
    };
    try {
      await phone.query(words.today);
    } finally {
      IDBIndex.prototype.getAll = getAll;
    }
    assert.ok(read <= 20, `${read} rows`);
    let walked = 0;
    await phone.store.read(["records"], (tx) =>
      walk(tx, between(["household"], ["household"]), "next", () => ++walked >= 3),
    );
    assert.equal(walked, 3);
  }
  for (const [name, [few, many]] of Object.entries(figures))
    t.diagnostic(`${name}: 100 doors ${few}, 10,000 doors ${many}`);
});

test("what was read once is read again only when records have changed, whoever changed them", async () => {
  const phone = await holding(DATA, [{ _kind: "household", id: "a", name: "Li" }]);
  const asked = { q: "many", kind: "household", where: { id: { lit: ["a"] } } };
  const names = async () => (await phone.query(asked)).map((one) => one.name);
  const { prototype } = IDBObjectStore;
  const { get } = prototype;
  let reads = 0;
  prototype.get = function (key) {
    reads += this.name === "records" ? 1 : 0;
    return get.call(this, key);
  };
  try {
    assert.deepEqual([await names(), await names(), reads], [["Li"], ["Li"], 1]);
    const other = await openUser(WANG.id, DATA, null, phone.factory);
    await other.write(["records", "meta"], async (tx) => {
      const row = await tx.objectStore("records").get("a");
      await tx.objectStore("records").put({ ...row, shown: { ...row.shown, name: "Wu" } });
    });
    await other.close();
    assert.deepEqual(await names(), ["Wu"]);
  } finally {
    prototype.get = get;
  }
});
