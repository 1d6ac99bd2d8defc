// How Wang Fang's work reaches the office once, whatever the network does (P4 to P7, P9, P11, P14, P20).

import assert from "node:assert/strict";
import { test } from "node:test";
import { list, standing, waiting } from "../../static/phone/outbox.js";
import { LI, meta, morning, nothing, Phone, stairwell, visits, WANG } from "./cast.js";

/** Everything that the phone holds, for comparing before and after. */
const everything = (phone) =>
  phone.store.read(["records", "ops", "meta"], async (tx) => {
    const [records, ops] = [await tx.objectStore("records").getAll(), await tx.objectStore("ops").getAll()];
    return JSON.stringify([
      records,
      ops,
      await tx.objectStore("meta").get("sync"),
      await tx.objectStore("meta").get("outbox"),
    ]);
  });

test("the first pull makes the phone ready with every door, household and inherited place", async () => {
  const { phone } = await morning({ doors: 12 });
  assert.equal((await standing(phone.store)).ready, true);
  const homes = await phone.many("household", { unit: "unit-1" });
  assert.equal(homes.length, 12);
  assert.equal(homes[0].grid, "grid-3");
  assert.equal(homes[0].community, "xinhua");
  assert.deepEqual(homes[0]._state, { code: "received", at: "2026-11-23T02:00:00Z" });
  assert.equal((await phone.device.get("me")).name, "Wang Fang");
});

test("a visit is received once and shows the server's time after one round trip", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  const before = office.requests.length;
  assert.equal((await phone.run()).code, "done");
  assert.equal(office.requests.length - before, 1);
  assert.equal(visits(office).length, 1);
  const [visit] = await phone.many("visit", { household: "home-101" });
  assert.equal(visit._state.code, "received");
  assert.equal(visit.version, 1);
  assert.deepEqual(await waiting(phone.store), { count: 0, oldest: null });
  const home = await phone.one("household", "home-101");
  assert.deepEqual([home.last_outcome, home._state.code], ["met", "received"]);
});

test("a lost answer does not record the visit twice", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "no_answer");
  phone.fetch = async (url, init) => {
    await office.fetch(url, init);
    throw new TypeError("connection reset");
  };
  assert.equal((await phone.run()).code, "offline");
  assert.equal((await waiting(phone.store)).count, 1);
  await phone.restart();
  phone.fetch = office.fetch;
  assert.equal((await phone.run()).code, "done");
  assert.equal(visits(office).length, 1);
  assert.equal((await phone.one("household", "home-101")).no_answers, 1);
  assert.equal((await waiting(phone.store)).count, 0);
});

// P5
const WRONG = {
  "a captive portal": () =>
    new Response("<html>Sign in to Wi-Fi</html>", { headers: { "Content-Type": "text/html" } }),
  "a captive portal that speaks JSON": () => Response.json({ login: "/wifi" }),
  "a truncated body": (text) =>
    new Response(text.slice(0, -20), { headers: { "Content-Type": "application/json" } }),
  "a page with a torn column": (text) => {
    const said = JSON.parse(text);
    said.pages = [
      {
        channel: "grid:grid-3",
        kind: "visit",
        fields: ["id", "version"],
        columns: [["x", "y"], [1]],
        gone: [],
        forget: [],
      },
    ];
    return Response.json(said);
  },
  "an answer without cursors": (text) => Response.json({ ...JSON.parse(text), cursors: null }),
  "an answer for Li Na": (text) => Response.json({ ...JSON.parse(text), me: LI }),
  "a result of no known status": (text) =>
    Response.json({ ...JSON.parse(text), results: [{ op: "x", seq: 1, status: "perhaps" }] }),
  "an answer of another protocol": (text) => Response.json({ ...JSON.parse(text), protocol: 2 }),
  "an error page that is no answer": () => new Response("Bad gateway", { status: 502 }),
  "a sign-in page of somebody else": () => Response.json({ error: "unauthorized" }, { status: 401 }),
};

for (const [what, answer] of Object.entries(WRONG)) {
  test(`${what} changes nothing on the phone`, async () => {
    const { phone, office } = await morning();
    await phone.visit("home-101", "met");
    const before = await everything(phone);
    phone.fetch = async (url, init) => answer(await (await office.fetch(url, init)).text());
    assert.equal((await phone.run()).code, "offline");
    assert.equal(await everything(phone), before);
    phone.fetch = office.fetch;
    assert.equal((await phone.run()).code, "done");
    assert.equal(visits(office).length, 1);
  });
}

test("a phone that dies between two pages goes on where it was and acknowledges nothing before the last page", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  stairwell(office, 30, "unit-2");
  office.pageSize = 20;
  let answers = 0;
  phone.fetch = async (url, init) => (++answers > 2 ? nothing() : office.fetch(url, init));
  assert.equal((await phone.run()).code, "offline");
  assert.equal((await waiting(phone.store)).count, 1);
  assert.equal((await phone.many("visit", { household: "home-101" })).length, 1);
  await phone.restart();
  phone.fetch = office.fetch;
  assert.equal((await phone.run()).code, "done");
  assert.equal((await waiting(phone.store)).count, 0);
  assert.equal((await phone.many("door", { unit: "unit-2" })).length, 30);
  assert.equal(visits(office).length, 1);
});

test("a visit that the first of two pages brings is counted once while its receipt is under way", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "no_answer");
  phone.fetch = async (url, init) => {
    await office.fetch(url, init);
    throw new TypeError("connection reset");
  };
  await phone.run();
  stairwell(office, 30, "unit-2");
  office.pageSize = 20;
  let answers = 0;
  phone.fetch = async (url, init) => (++answers > 1 ? nothing() : office.fetch(url, init));
  assert.equal((await phone.run()).code, "offline");
  assert.equal((await waiting(phone.store)).count, 1);
  assert.equal((await phone.many("visit", { household: "home-101" }))[0].version, 1);
  assert.equal((await phone.one("household", "home-101")).no_answers, 1);
});

test("a phone that fills up while it takes over an answer asks for the same records again", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  office.put("household", { id: "home-201", phone: "000-2" });
  const before = await everything(phone);
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (...args) {
    if (this.name === "records") throw new DOMException("no room", "QuotaExceededError");
    return put.apply(this, args);
  };
  try {
    assert.equal((await phone.run()).code, "full");
  } finally {
    IDBObjectStore.prototype.put = put;
  }
  assert.equal(await everything(phone), before);
  assert.equal((await phone.run()).code, "done");
  assert.equal((await phone.one("household", "home-201")).phone, "000-2");
  assert.equal((await waiting(phone.store)).count, 0);
});

test("an answer that was overtaken by a newer one does not bring an older household back", async () => {
  const { phone, office } = await morning();
  const older = structuredClone(office.records.get("home-101").record);
  office.put("household", { id: "home-101", phone: "000-2" });
  await phone.run();
  phone.fetch = async (url, init) => {
    const said = await (await office.fetch(url, init)).json();
    const fields = Object.keys(older).filter((name) => !["community", "grid", "unit"].includes(name));
    const columns = fields.map((name) => [older[name]]);
    said.pages = [{ channel: "grid:grid-3", kind: "household", fields, columns, gone: [], forget: [] }];
    return Response.json(said);
  };
  assert.equal((await phone.run()).code, "done");
  const { phone: number, version } = await phone.one("household", "home-101");
  assert.deepEqual([number, version], ["000-2", 2]);
});

test("a visit saved when the last answer has been taken over is sent by the run that Wang Fang asks for", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  const { get } = phone.device;
  let asked = null;
  phone.device.get = async (key) => {
    // The person is noted after the answer is written, and before the runner looks what is left.
    if (key === "me" && asked === null) {
      asked = false;
      await phone.visit("home-201", "met");
      asked = phone.run("button");
    }
    return get.call(phone.device, key);
  };
  await phone.run();
  await asked;
  assert.equal(visits(office).length, 2);
  assert.equal((await waiting(phone.store)).count, 0);
});

test("two hundred and fifty waiting operations go in batches of at most a hundred, in order", async () => {
  const { phone, office } = await morning();
  for (let i = 0; i < 250; i++) await phone.visit("home-101", "no_answer");
  await phone.run();
  const batches = office.requests.map((request) => request.ops.length).filter(Boolean);
  assert.deepEqual(batches, [100, 100, 50]);
  assert.equal(visits(office).length, 250);
  assert.equal((await phone.one("household", "home-101")).no_answers, 250);
});

test("a batch that is too large is halved until it passes", async () => {
  const { phone, office } = await morning();
  for (let i = 0; i < 40; i++) await phone.visit("home-101", "no_answer");
  const answer = office.answer.bind(office);
  office.answer = (request) => (request.ops.length > 7 ? new Response("", { status: 413 }) : answer(request));
  assert.equal((await phone.run()).code, "done");
  assert.equal(visits(office).length, 40);
});

test("a visit saved while the answer travels is sent in the same run", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  let first = true;
  phone.fetch = async (url, init) => {
    const answer = await office.fetch(url, init);
    if (first) {
      first = false;
      await phone.visit("home-201", "met");
    }
    return answer;
  };
  assert.equal((await phone.run()).code, "done");
  assert.equal(visits(office).length, 2);
  assert.equal((await waiting(phone.store)).count, 0);
});

test("two runners in two tabs send a visit once", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  const other = phone.newRunner();
  const [one, two] = await Promise.all([phone.run(), other.run("button")]);
  assert.deepEqual([one.code, two.code].sort(), ["done", "elsewhere"]);
  assert.equal(visits(office).length, 1);
  assert.equal((await waiting(phone.store)).count, 0);
});

test("a tab that froze with the lock is passed over after a minute and changes nothing when it thaws", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  let thaw;
  const frozen = new Promise((resolve) => {
    thaw = resolve;
  });
  phone.fetch = async (url, init) => {
    const answer = await office.fetch(url, init);
    await frozen;
    return answer;
  };
  phone.locks = { request: (_name, _options, work) => work(null) };
  const sleeper = phone.newRunner().run("button");
  while (!office.requests.some((request) => request.ops.length)) await new Promise(setImmediate);
  phone.fetch = office.fetch;
  const other = phone.newRunner();
  assert.equal((await other.run("button")).code, "elsewhere");
  phone.clock += 61_000;
  assert.equal((await phone.newRunner().run("button")).code, "done");
  const after = await everything(phone);
  thaw();
  assert.equal((await sleeper).code, "elsewhere");
  assert.equal(await everything(phone), after);
  assert.equal(visits(office).length, 1);
});

test("a poisoned visit is kept in quarantine on Wang Fang's phone, with the reason, and not lost from her list", async () => {
  const { phone } = await morning();
  await phone.visit("home-101", "met", { note: "poison" });
  await phone.visit("home-201", "met");
  await phone.run();
  const [visit] = await phone.many("visit", { household: "home-101" });
  assert.equal(visit._state.code, "quarantined");
  assert.equal(visit._state.reason, "invalid");
  assert.equal((await phone.one("household", "home-101")).last_outcome, null);
  assert.equal((await phone.one("household", "home-201")).last_outcome, "met");
  assert.equal((await waiting(phone.store)).count, 0);
  assert.equal((await standing(phone.store)).problems, 1);
  const [problem] = await list(phone.store);
  assert.deepEqual([problem.state, problem.reason], ["quarantined", "invalid"]);
  await phone.restart();
  await phone.run();
  assert.equal((await phone.many("visit", { household: "home-101" })).length, 1);
});

test("a quarantined visit that Wang Fang takes back leaves her list and stays among what went wrong", async () => {
  const { phone } = await morning();
  const { group } = await phone.visit("home-101", "met", { note: "poison" });
  await phone.run();
  await phone.undo(group);
  assert.deepEqual(await phone.many("visit"), []);
  await phone.run();
  assert.deepEqual(await phone.many("visit"), []);
  assert.deepEqual(
    (await list(phone.store)).map((one) => one.state),
    ["held", "quarantined"],
  );
});

test("another worker's visit arrives under Wang Fang's pending one and both are counted", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "no_answer");
  const visit = office.put("visit", {
    id: "visit-of-li",
    household: "home-101",
    grid: "grid-3",
    outcome: "no_answer",
    note: "",
  });
  office.affect("visit", [visit]);
  await phone.run();
  assert.equal((await phone.one("household", "home-101")).no_answers, 2);
  assert.equal((await phone.many("visit", { household: "home-101" })).length, 2);
});

test("a cloned phone takes a new device id and both phones' visits arrive once", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  const twin = await phone.clone();
  await phone.visit("home-201", "met");
  await phone.run();
  await twin.visit("home-301", "met");
  assert.equal((await twin.run()).code, "done");
  assert.equal(visits(office).length, 3);
  assert.notEqual((await meta(twin, "outbox")).device, (await meta(phone, "outbox")).device);
  assert.equal((await waiting(twin.store)).count, 0);
  await twin.visit("home-401", "met");
  assert.equal((await twin.run()).code, "done");
  assert.equal(visits(office).length, 4);
});

test("an older copy of the phone never takes another's receipt for its own visit", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  await phone.run();
  const restored = await phone.clone();
  await phone.visit("home-201", "met");
  await phone.run();
  restored.fetch = async (url, init) => {
    const answer = await office.fetch(url, init);
    restored.fetch = office.fetch;
    await restored.visit("home-301", "met");
    return answer;
  };
  assert.equal((await restored.run()).code, "done");
  assert.equal(visits(office).length, 3);
  assert.equal((await waiting(restored.store)).count, 0);
});

test("a server restored from last night's backup is sent again what it lacks, and what it lost is gone here too", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  await phone.run();
  const backup = structuredClone([office.records, office.devices, office.results, office.ops, office.seq]);
  await phone.visit("home-201", "met");
  await phone.visit("home-301", "refused");
  office.put("door", { id: "door-new", grid: "grid-3", unit: "unit-1", label: "9", floor: 9 });
  await phone.run();
  assert.equal((await phone.many("door", { unit: "unit-1" })).length, 5);
  [office.records, office.devices, office.results, office.ops, office.seq] = backup;
  office.epoch = "epoch-2";
  assert.equal((await phone.run()).code, "done");
  assert.equal(visits(office).length, 3);
  assert.equal((await waiting(phone.store)).count, 0);
  assert.equal((await phone.many("visit")).length, 3);
  assert.equal((await phone.many("door", { unit: "unit-1" })).length, 4);
  assert.equal((await phone.one("household", "home-301")).last_outcome, "refused");
});

test("after a restore an older copy of the phone that came first takes nothing of what this one had delivered", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  await phone.run();
  const backup = structuredClone([office.records, office.devices, office.results, office.ops, office.seq]);
  const older = await phone.clone();
  await phone.visit("home-201", "met");
  await phone.run();
  [office.records, office.devices, office.results, office.ops, office.seq] = backup;
  office.epoch = "epoch-2";
  await older.visit("home-301", "met");
  await older.run();
  assert.equal((await phone.run()).code, "done");
  assert.deepEqual(
    visits(office)
      .map((visit) => visit.record.household)
      .sort(),
    ["home-101", "home-201", "home-301"],
  );
  assert.notEqual((await meta(phone, "outbox")).device, (await meta(older, "outbox")).device);
  assert.equal((await waiting(phone.store)).count, 0);
});

test("a phone that went on under a new device id hears anew, after a restore, what becomes of its visits", async () => {
  const { phone, office } = await morning();
  const backup = structuredClone([office.records, office.devices, office.results, office.ops, office.seq]);
  await phone.visit("home-101", "met");
  await phone.run();
  const twin = await phone.clone();
  await twin.visit("home-201", "met");
  await phone.visit("home-301", "met");
  await phone.run();
  await twin.run();
  [office.records, office.devices, office.results, office.ops, office.seq] = backup;
  office.epoch = "epoch-2";
  const apply = office.apply.bind(office);
  office.apply = (op) => ({ ...apply(op), status: "review", reason: "conflict" });
  assert.equal((await twin.run()).code, "done");
  const ops = await twin.store.read(["ops"], (tx) => tx.objectStore("ops").getAll());
  assert.deepEqual(
    ops.map((op) => op.result.status),
    ["review", "review"],
  );
});

test("a server that lost a phone's device is sent everything that is still held", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  await phone.visit("home-201", "met");
  await phone.run();
  office.devices.clear();
  await phone.visit("home-301", "met");
  assert.equal((await phone.run()).code, "done");
  assert.deepEqual(
    office.requests.at(-1).ops.map((op) => op.seq),
    [1, 2, 3],
  );
  assert.equal(visits(office).length, 3);
});

test("a grid that Wang Fang no longer has is forgotten, except the household with work waiting", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  office.channels = ["community:xinhua"];
  office.forget = ["grid:grid-3"];
  const fetch = office.fetch;
  phone.fetch = async (url, init) => {
    const answer = await (await fetch(url, init)).json();
    return Response.json({ ...answer, more: true, last: 0, results: [] });
  };
  await phone.run();
  assert.deepEqual((await phone.many("door")).length, 0);
  assert.deepEqual(
    (await phone.many("household")).map((home) => home.id),
    ["home-101"],
  );
  assert.equal((await waiting(phone.store)).count, 1);
  assert.ok(!("grid:grid-3" in (await meta(phone, "sync")).cursors));
  phone.fetch = office.fetch;
  await phone.run();
  assert.equal((await waiting(phone.store)).count, 0);
  assert.deepEqual(await phone.many("household"), []);
  assert.equal((await phone.many("grid")).length, 1);
});

test("older visits follow in the background after the phone is ready", async () => {
  const { office } = await morning({ doors: 2 });
  for (let i = 0; i < 30; i++) {
    office.clock += 60_000;
    office.put("visit", {
      id: `old-${String(i).padStart(2, "0")}`,
      household: "home-101",
      grid: "grid-3",
      outcome: "no_answer",
      note: "",
    });
  }
  const second = new Phone(office);
  office.pageSize = 10;
  let ready = 0;
  second.fetch = async (url, init) => {
    const answer = await office.fetch(url, init);
    if (office.requests.at(-1).tail && !ready) ready = (await second.many("visit")).length;
    return answer;
  };
  await second.start();
  assert.equal((await second.run("start")).code, "done");
  assert.equal(ready, 1);
  assert.equal((await second.many("visit")).length, 30);
  assert.equal((await meta(second, "sync")).cursors["grid:grid-3"].tail, null);
  assert.deepEqual([office.requests.at(-1).tail, office.requests.at(-4).tail], [true, false]);
});

test("a large body travels compressed", async () => {
  const { phone, office } = await morning();
  for (let i = 0; i < 10; i++) await phone.visit("home-101", "met");
  let sent;
  phone.fetch = async (url, init) => {
    sent = init;
    return office.fetch(url, init);
  };
  await phone.run();
  assert.equal(sent.headers["Content-Encoding"], "gzip");
  assert.ok(sent.body.byteLength < 3000);
});

test("records of a kind that this app does not know yet are kept and found after the update", async () => {
  const { phone, office } = await morning();
  const newer = structuredClone({ ...phone.data, kinds: {} });
  newer.kinds = {
    ...phone.data.kinds,
    letter: {
      fields: { household: null, title: null },
      parent: "household",
      inherits: ["grid", "unit"],
      channel: ["grid:{grid}"],
      keys: [["unit"]],
    },
  };
  newer.version = "v2";
  office.data = newer;
  office.put("letter", {
    id: "letter-1",
    household: "home-101",
    grid: "grid-3",
    unit: "unit-1",
    title: "Dogs on the leash",
  });
  assert.equal((await phone.run()).code, "done");
  await phone.restart(newer);
  const [letter] = await phone.many("letter", { unit: "unit-1" });
  assert.equal(letter.title, "Dogs on the leash");
  assert.equal(letter.grid, "grid-3");
});

test("a visit that was repaired at the office is received on Wang Fang's phone, and is no problem any more", async () => {
  const { phone, office } = await morning(); // P13
  await phone.visit("home-101", "met", { note: "poison" });
  await phone.run();
  const [sent] = office.requests.at(-1).ops;
  const tell = (more) =>
    office.put("sync_result", { id: sent.op, user: WANG.id, reason: null, detail: {}, ...more });
  office.apply({ ...sent, patch: { ...sent.patch, note: "" } });
  tell({ status: "applied", detail: { decided: { by: "zhang", at: "2026-11-23T02:00:00Z" } } });
  await phone.run();
  const [visit] = await phone.many("visit", { household: "home-101" });
  assert.equal(visit._state.code, "received");
  assert.equal((await phone.one("household", "home-101")).last_outcome, "met");
  assert.equal((await standing(phone.store)).problems, 0);
  assert.deepEqual(await list(phone.store), []);
  const [op] = await phone.store.read(["ops"], (tx) => tx.objectStore("ops").getAll());
  assert.equal(op.result.detail.decided.by, "zhang");
});

test("a visit that was rejected at the office stays on Wang Fang's list with what was said", async () => {
  const { phone, office } = await morning(); // P13
  await phone.visit("home-101", "met", { note: "poison" });
  await phone.run();
  const [sent] = office.requests.at(-1).ops;
  office.put("sync_result", {
    id: sent.op,
    user: WANG.id,
    status: "quarantined",
    reason: "rejected",
    detail: { says: "Recorded twice" },
  });
  await phone.run();
  const [visit] = await phone.many("visit", { household: "home-101" });
  assert.deepEqual([visit._state.code, visit._state.reason], ["quarantined", "rejected"]);
  assert.equal((await list(phone.store))[0].detail.says, "Recorded twice");
});

test("what is heard of a visit before its own receipt is not unsaid by it", async () => {
  const { phone, office } = await morning(); // P13
  await phone.visit("home-101", "met", { note: "poison" });
  phone.fetch = async (url, init) => {
    const answer = await (await office.fetch(url, init)).json();
    const [{ op }] = answer.results;
    const result = { id: op, user: WANG.id, status: "review", reason: "left_scope", detail: {} };
    const fields = ["id", "version", "server_time", "user", "status", "reason", "detail"];
    const columns = fields.map((name) => [{ version: 1, server_time: answer.now, ...result }[name]]);
    const page = {
      channel: `user:${WANG.id}`,
      kind: "sync_result",
      fields,
      columns,
      gone: [],
      forget: [],
    };
    return Response.json({ ...answer, pages: [page, ...answer.pages] });
  };
  await phone.run();
  assert.deepEqual(
    (await list(phone.store)).map((one) => [one.state, one.reason]),
    [["review", "left_scope"]],
  );
});
