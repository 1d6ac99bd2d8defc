// When Wang Fang's phone sends by itself: whose session it is, how often it tries, and by which clock (P5, P9, P14, P20).

import assert from "node:assert/strict";
import { test } from "node:test";
import { standing, waiting } from "../../static/phone/outbox.js";
import { LI, meta, morning, nothing, Phone, visits, WANG } from "./cast.js";

test("a busy server is left alone for as long as it asked, even when Wang Fang presses the button", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  phone.fetch = async () => office.refuse(503, "busy", {}, { "Retry-After": "30" });
  assert.equal((await phone.run()).code, "busy");
  phone.fetch = office.fetch;
  const asked = office.requests.length;
  assert.equal((await phone.run()).code, "later");
  assert.equal(office.requests.length, asked);
  phone.clock += 30_000;
  assert.equal((await phone.run()).code, "done");
});

test("a phone whose clock goes back a little while it waits for a busy server still comes back by itself", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  phone.fetch = async () => office.refuse(503, "busy", {}, { "Retry-After": "30" });
  await phone.run();
  phone.fetch = office.fetch;
  phone.clock += phone.timers.at(-1).ms - 4000;
  phone.timers.splice(0)[0].run();
  for (let turn = 0; turn < 500 && !phone.timers.length; turn++) await new Promise(setImmediate);
  assert.equal(phone.timers.length, 1);
  phone.clock += phone.timers[0].ms;
  phone.timers.splice(0)[0].run();
  while ((await waiting(phone.store)).count) await new Promise(setImmediate);
  assert.equal(visits(office).length, 1);
});

test("a phone without network tries again by itself, each time later, and at once when asked", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  phone.fetch = nothing;
  const delays = [];
  for (let i = 0; i < 5; i++) {
    await phone.run("button");
    delays.push(phone.timers.at(-1).ms);
  }
  assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000]);
  assert.equal((await phone.run("save")).code, "later");
  phone.fetch = office.fetch;
  phone.clock += 16_000;
  const [timer] = phone.timers.splice(0);
  timer.run();
  while ((await waiting(phone.store)).count) await new Promise(setImmediate);
  assert.equal(visits(office).length, 1);
});

test("when the network is back after an outage the phone waits a random moment first", async () => {
  const { phone } = await morning();
  await phone.visit("home-101", "met");
  phone.fetch = nothing;
  await phone.run();
  assert.equal((await phone.run("online")).code, "later");
  assert.equal(phone.timers.at(-1).ms, 4000);
});

test("a session that expired stops the phone's own tries, keeps the work and goes on after signing in", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  phone.fetch = async () => office.refuse(401, "signed_out");
  assert.equal((await phone.run()).code, "signed_out");
  assert.equal((await standing(phone.store)).signed_out, true);
  assert.equal((await phone.run("save")).code, "stopped");
  assert.equal((await phone.many("visit")).length, 1);
  phone.fetch = office.fetch;
  assert.equal((await phone.run("start")).code, "done");
  assert.equal((await standing(phone.store)).signed_out, false);
  assert.equal(visits(office).length, 1);
});

test("when Li Na signs in on Wang Fang's phone, Wang Fang's work stays hers and waits", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  const wangs = phone.store;
  const { openUser } = await import("../../static/phone/store.js");
  const stores = {
    [WANG.id]: wangs,
    [LI.id]: await openUser(LI.id, phone.data, phone.device, phone.factory),
  };
  const { createRunner } = await import("../../static/phone/exchange.js");
  office.me = LI;
  const runner = createRunner({
    data: phone.data,
    device: phone.device,
    openStore: async (user) => stores[user],
    fetch: office.fetch,
    locks: null,
    now: () => phone.clock,
    setTimer: () => 0,
    clearTimer: () => {},
  });
  const outcome = await runner.run("start");
  assert.deepEqual([outcome.code, outcome.user], ["done", LI.id]);
  assert.equal(await phone.device.get("user"), LI.id);
  assert.equal(visits(office).length, 0);
  assert.equal((await waiting(wangs)).count, 1);
  assert.equal((await waiting(stores[LI.id])).count, 0);
  assert.deepEqual(
    (await phone.device.waiting()).map(({ user, count }) => [user, count]),
    [
      ["li-na", 0],
      ["wang-fang", 1],
    ],
  );
  office.me = WANG;
  const back = await runner.run("start");
  assert.deepEqual([back.code, back.user], ["done", WANG.id]);
  assert.equal(visits(office).length, 1);
});

test("a phone that knows nobody learns from the server whose session it is", async () => {
  const { office } = await morning();
  const phone = await new Phone(office).start();
  await phone.device.set("user", null);
  assert.equal((await phone.run("identity")).code, "done");
  assert.equal(await phone.device.get("user"), WANG.id);
  assert.equal(office.requests.at(-2).user, "");
});

test("a phone an hour ahead dates its visits by the server's clock", async () => {
  const { phone, office } = await morning();
  phone.clock += 3_600_000;
  await phone.run();
  assert.equal(phone.store.offset, -3_600_000);
  await phone.visit("home-101", "met");
  const [visit] = await phone.many("visit");
  assert.equal(visit.device_time, "2026-11-23T02:00:00Z");
  await phone.run();
  assert.equal(office.requests.at(-1).ops[0].offset, -3_600_000);
  assert.equal(office.requests.at(-1).ops[0].at, "2026-11-23T03:00:00.000Z");
});

test("a clock set back a day stops neither the lease nor the next try", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met");
  phone.fetch = async () => office.refuse(503, "busy", {}, { "Retry-After": "60" });
  await phone.run();
  await phone.store.put("meta", "lease", { token: "a dead tab", until: phone.clock + 60_000 });
  phone.clock -= 86_400_000;
  phone.fetch = office.fetch;
  assert.equal((await phone.run()).code, "done");
});

test("receipts are thrown away after thirty days, and what went wrong stays", async () => {
  const { phone, office } = await morning();
  await phone.visit("home-101", "met", { note: "poison" });
  await phone.visit("home-201", "met");
  await phone.run();
  for (const days of [29, 2]) {
    phone.clock += days * 86_400_000;
    office.clock += days * 86_400_000;
    await phone.run();
    const ops = await phone.store.read(["ops"], (tx) => tx.objectStore("ops").count());
    assert.equal(ops, days === 29 ? 2 : 1);
  }
  await phone.visit("home-301", "met");
  assert.equal((await phone.run()).code, "done");
  assert.equal(visits(office).length, 2);
});

test("the lock is held for one exchange and not for the session", async () => {
  const { phone, office } = await morning(); // P6
  const held = [];
  let holding = 0;
  phone.locks = {
    async request(name, options, work) {
      held.push([name, options.ifAvailable, ++holding]);
      const done = await work({ name });
      holding -= 1;
      return done;
    },
  };
  const runner = phone.newRunner();
  for (const home of ["home-101", "home-201"]) {
    await phone.visit(home, "met");
    assert.equal((await runner.run("button")).code, "done");
    assert.equal(holding, 0);
  }
  assert.deepEqual(new Set(held.map((one) => one.join())), new Set([`fieldapp:${phone.user},true,1`]));
  assert.equal(await meta(phone, "lease"), undefined);
  assert.equal(visits(office).length, 2);
});

test("over a link that flaps, losing every other question or answer, each visit arrives once", async () => {
  const { phone, office } = await morning(); // P11
  let turn = 0;
  phone.fetch = async (url, init) => {
    turn += 1;
    if (turn % 4 === 1) return nothing();
    const answer = await office.fetch(url, init);
    if (turn % 4 === 2) throw new TypeError("connection reset");
    return answer;
  };
  for (let i = 0; i < 12; i++) {
    await phone.visit("home-101", "no_answer");
    await phone.run();
  }
  while ((await waiting(phone.store)).count) await phone.run();
  assert.equal(visits(office).length, 12);
  assert.equal((await phone.one("household", "home-101")).no_answers, 12);
});

test("a clock set forward a day keeps the order of the visits and dates them by the server's day", async () => {
  const { phone, office } = await morning(); // P19
  await phone.visit("home-101", "no_answer");
  phone.clock += 86_400_000;
  await phone.visit("home-101", "met");
  assert.equal((await phone.run()).code, "done");
  assert.equal(phone.store.offset, -86_400_000);
  await phone.visit("home-201", "met");
  await phone.run();
  const [visit] = await phone.many("visit", { household: "home-201" });
  assert.equal(visit.device_time, "2026-11-23T02:00:00Z");
  assert.deepEqual(
    visits(office).map((one) => one.record.outcome),
    ["no_answer", "met", "met"],
  );
});

test("two thousand phones that see the network come back at once do not come back in one second", async () => {
  const { phone } = await morning(); // P7
  phone.fetch = nothing;
  const waits = [];
  for (let i = 0; i < 200; i++) {
    phone.timers = [];
    phone.random = () => i / 200;
    const runner = phone.newRunner();
    await runner.run("button");
    assert.equal((await runner.run("online")).code, "later");
    waits.push(phone.timers.at(-1).ms);
  }
  const inOneSecond = Math.max(
    ...waits.map((from) => waits.filter((ms) => ms >= from && ms < from + 1000).length),
  );
  assert.ok(inOneSecond <= 200 / 7, `${inOneSecond} of 200 within one second`);
});

test("a server that says when to come back is not asked before, whether it says it with 429 or 503", async () => {
  for (const status of [429, 503]) {
    const { phone, office } = await morning(); // P7
    await phone.visit("home-101", "met");
    phone.fetch = async () => office.refuse(status, "busy", {}, { "Retry-After": "30" });
    assert.equal((await phone.run()).code, "busy");
    phone.fetch = office.fetch;
    phone.clock += 29_000;
    assert.equal((await phone.run()).code, "later");
    phone.clock += 1_001;
    assert.equal((await phone.run()).code, "done");
    assert.equal(visits(office).length, 1);
  }
});
