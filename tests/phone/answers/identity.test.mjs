// Identity: who answers while it is not sure whose phone this is.

import assert from "node:assert/strict";
import test from "node:test";
import { LI, WANG } from "../cast.js";
import { Desk, morning } from "./desk.mjs";

const FRESH = "019a0000-0000-7000-8000-000000000003";
const VISIT = "/households/home-101/visit";
const text = async (answer) => (await answer).text();
const isFlask = async (answer) => (await text(answer)).startsWith("flask ");

test("a phone on which nobody signed in leaves every field address to the server", async () => {
  const desk = await new Desk().start();
  assert.equal(await text(desk.request("/units/unit-1")), "flask /units/unit-1");
});

/** A phone whose signal went after the first of the pages that the first pull takes. */
async function halfWay(options) {
  const desk = await new Desk(options).start();
  await desk.identity.introduce(WANG.id);
  const { fetch } = desk.office;
  let pages = 0;
  desk.office.pageSize = 7;
  desk.office.fetch = (url, init) => {
    if (++pages > 1) throw new TypeError("the signal is gone");
    return fetch(url, init);
  };
  await desk.exchange("start");
  return desk;
}

test("while the first pull is under way the server answers, and the phone when there is none", async () => {
  const desk = await halfWay();
  assert.equal(await text(desk.request("/units/unit-1")), "flask /units/unit-1");
  desk.online = false;
  assert.equal((await desk.see("/units/unit-1")).template, "board.html");
});

test("what waits on this phone is never looked for on the server", async () => {
  const desk = await halfWay();
  const saved = await desk.post(VISIT, { outcome: "met", fresh_id: FRESH });
  assert.equal(saved.status, 303);
  assert.equal((await desk.see("/units/unit-1")).template, "board.html");
});

test("what is not on the phone yet is the server's to save", async () => {
  const desk = await halfWay();
  const saved = await desk.post("/households/home-401/visit", { outcome: "met", fresh_id: FRESH });
  assert.equal(await saved.text(), "flask /households/home-401/visit");
});

test("a network that swallows everything does not stop the phone, half-way through the first pull or in doubt", async () => {
  const desk = await halfWay({ patience: "none" });
  desk.fetch = () => new Promise(() => {});
  await desk.restart();
  assert.equal((await desk.see("/units/unit-1")).template, "board.html");
  await desk.identity.doubt(false);
  assert.equal((await desk.see("/units/unit-1")).template, "board.html");
});

test("sign-in, sign-out and the exchange are the server's", async () => {
  const desk = await morning();
  await desk.post("/sign-out", {});
  await desk.post("/sign-in", { username: WANG.id });
  assert.deepEqual(desk.asked, ["POST /sign-out", "POST /sign-in"]);
  assert.equal(await desk.request("/sync", { method: "POST", form: {} }), null);
  assert.equal(await desk.request("/livez"), null);
});

test("after Wang Fang signed out her pages are not shown, online or offline", async () => {
  const desk = await morning();
  await desk.post("/sign-out", {});
  assert.ok(await isFlask(desk.request("/units/unit-1")));
  desk.online = false;
  await assert.rejects(desk.request("/units/unit-1"));
});

test("Li Na signs in on Wang Fang's phone: an own database, and Wang Fang's visit still waits", async () => {
  const desk = await morning();
  desk.online = false;
  await desk.post(VISIT, { outcome: "met", fresh_id: FRESH });
  desk.online = true;
  await desk.post("/sign-in", { username: LI.id });
  assert.ok(await isFlask(desk.request("/units/unit-1")), "the server's page while in doubt");
  await desk.exchange("start");
  const board = JSON.parse(await text(desk.request("/units/unit-1")));
  assert.equal(board.me.id, LI.id);
  assert.equal(board.households[0].last_outcome, null);
  assert.deepEqual([board.status.waiting, board.status.others], [0, 1]);

  await desk.post("/sign-in", { username: WANG.id });
  await desk.exchange("start");
  const { store } = await desk.identity.current();
  assert.deepEqual([store.user, desk.office.ops.size], [WANG.id, 1]);
});

test("signed in again without a signal the phone goes on with the person it knew", async () => {
  const desk = await morning();
  await desk.identity.doubt(false);
  desk.online = false;
  assert.equal((await desk.see("/units/unit-1")).me.id, WANG.id);
});

test("a session that ended on the server does not stop the work on the phone", async () => {
  const desk = await morning();
  desk.session = null;
  await desk.exchange();
  const { status, template } = JSON.parse(await text(desk.request("/units/unit-1")));
  assert.equal(template, "board.html");
  assert.equal(status.signed_out, true);
  assert.equal((await desk.post(VISIT, { outcome: "met", fresh_id: FRESH })).status, 303);
});

test("a refused password changes nothing about whose phone this is", async () => {
  const desk = await morning();
  const request = new Request("http://phone.example/sign-in", { method: "POST", body: "username=x" });
  const { createPhone } = await import("../../../static/phone/phone.js");
  const refusing = async () => new Response("wrong", { status: 401 });
  const world = {
    origin: "http://phone.example",
    fetch: refusing,
    caches: null,
    pause: () => new Promise(() => {}),
  };
  const phone = createPhone({ data: desk.data, identity: desk.identity, world });
  assert.equal((await phone.respond(request)).status, 401);
  assert.equal(await desk.identity.doubted(), false);
});

test("a page that only the server has is said to need a connection", async () => {
  const desk = await morning();
  assert.equal(await text(desk.request("/review", { mode: "navigate" })), "flask /review");
  desk.online = false;
  const page = await desk.see("/review", { mode: "navigate" });
  assert.equal(page.template, "offline.html");
});

test("a language that Wang Fang chooses is that of the next screen, before the server has heard of it", async () => {
  const desk = await morning();
  desk.office.me.profile = "home-401"; // any record that holds settings will do
  await desk.exchange();
  desk.online = false;
  const settings = { locale: "zh_Hans_CN", theme: "dark" };
  const htmx = { "HX-Request": "true" };
  const next = JSON.parse(await text(desk.post("/settings", settings, htmx)));
  assert.deepEqual([next.locale, next.me.locale, next.me.theme], ["zh_Hans_CN", "zh_Hans_CN", "dark"]);
  assert.equal((await desk.see("/search")).locale, "zh_Hans_CN");
});
