// Pages: what Wang Fang's phone answers by itself, from what it holds.

import assert from "node:assert/strict";
import test from "node:test";
import { morning } from "./desk.mjs";

const FRESH = "019a0000-0000-7000-8000-000000000001";
const VISIT = "/households/home-101/visit";
const met = (more = {}) => ({ outcome: "met", note: "", phone: "", people: "", fresh_id: FRESH, ...more });

test("Wang Fang's board comes from her phone, with the headers that Flask sends", async () => {
  const desk = await morning();
  desk.online = false;
  const board = await desk.see("/units/unit-1");
  assert.equal(board.http, 200);
  assert.deepEqual(
    board.households.map((one) => one.label),
    ["101", "201", "301", "401"],
  );
  assert.equal(board.tab, "doors");
  assert.equal(board.url, "/units/unit-1");
  assert.equal(board.locale, "en");
  assert.equal(board.fragment, false);
  assert.equal(board.headers.get("Content-Type"), "text/html; charset=utf-8");
  assert.equal(board.headers.get("Cache-Control"), "no-store");
  assert.match(board.headers.get("Content-Security-Policy"), /^default-src 'none'; script-src 'self'/);
  assert.equal(board.headers.get("X-Content-Type-Options"), "nosniff");
  assert.equal(board.headers.get("Referrer-Policy"), "same-origin");
  assert.deepEqual(desk.asked, []);
});

test("htmx gets the fragment, except when it restores history", async () => {
  const desk = await morning();
  assert.equal((await desk.see("/search", { headers: { "HX-Request": "true" } })).fragment, true);
  const restored = { "HX-Request": "true", "HX-History-Restore-Request": "true" };
  assert.equal((await desk.see("/search", { headers: restored })).fragment, false);
});

test("only the arguments that a screen declares reach its template", async () => {
  const desk = await morning();
  assert.deepEqual((await desk.see("/search?q=%E7%8E%8B+3&x=1")).args, { q: "王 3" });
  assert.deepEqual((await desk.see("/search")).args, { q: "" });
});

test("a door that is not on the phone is a 404 in words, another role's page a 403", async () => {
  const desk = await morning();
  const missing = await desk.see("/households/nobody");
  assert.deepEqual([missing.http, missing.template, missing.code], [404, "errors.html", 404]);
  const closed = await desk.see("/staff");
  assert.deepEqual([closed.http, closed.template, closed.code], [403, "errors.html", 403]);
});

test("an untouched form shows the household's own values where it would change them", async () => {
  const desk = await morning();
  const { form, fresh_id } = await desk.see(VISIT);
  assert.deepEqual(form.values, { outcome: null, note: null, phone: "", people: null });
  assert.equal(form.draft, false);
  assert.deepEqual(form.errors, {});
  assert.deepEqual(form.fields[0].choices[0], ["met", "Met"]);
  assert.match(fresh_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
});

test("a visit saved without a signal goes on to the board, which shows it as kept on this phone", async () => {
  const desk = await morning();
  desk.online = false;
  const saved = await desk.post(VISIT, met({ note: "All well", people: "3" }));
  assert.equal(saved.status, 303);
  assert.equal(saved.headers.get("Location"), "http://phone.example/units/unit-1");
  assert.equal(desk.saves, 1);
  const board = await desk.see("/units/unit-1");
  const [home] = board.households;
  assert.equal(home.last_outcome, "met");
  assert.equal(home.people, 3);
  assert.equal(home._state.code, "phone");
});

test("the header counts what waits and tells what was saved last", async () => {
  const desk = await morning();
  desk.online = false;
  await desk.post(VISIT, met({ people: "3" }));
  const { status } = await desk.see("/units/unit-1");
  assert.equal(status.waiting, 2);
  assert.equal(status.last.says, "5-2-101 met");
  assert.equal(status.last.url, VISIT);
  assert.match(status.last.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.equal(status.received, "2026-11-23T02:00:00Z");
  assert.equal(status.ready, true);
  assert.deepEqual(status.operations, []);
  const { status: detailed } = await desk.see("/sync");
  assert.deepEqual(
    detailed.operations.map(({ verb, kind, state }) => [verb, kind, state]),
    [
      ["create", "visit", "waiting"],
      ["patch", "household", "waiting"],
    ],
  );
});

test("htmx gets the next screen at once, with the address to show", async () => {
  const desk = await morning();
  const answer = await desk.post(VISIT, met(), { "HX-Request": "true" });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("HX-Push-Url"), "/units/unit-1");
  const board = JSON.parse(await answer.text());
  assert.equal(board.template, "board.html");
  assert.equal(board.fragment, true);
  assert.equal(board.url, "/units/unit-1");
});

test("a second tap on save is the same visit", async () => {
  const desk = await morning();
  desk.online = false;
  await desk.post(VISIT, met());
  await desk.post(VISIT, met());
  const { status } = await desk.see("/search");
  assert.equal(status.waiting, 1);
});

test("two doors sent from one page under one fresh id are two visits, each once however often it is tapped", async () => {
  const desk = await morning();
  desk.online = false;
  const other = VISIT.replace("101", "201");
  await Promise.all([VISIT, other, other, VISIT].map((path) => desk.post(path, met())));
  const { status, households } = await desk.see("/units/unit-1");
  assert.equal(status.waiting, 2);
  assert.deepEqual(
    households.map((one) => one.last_outcome),
    ["met", "met", null, null],
  );
});

test("what the server would refuse is refused on the phone, with everything that was typed", async () => {
  const desk = await morning();
  const refused = await desk.post(VISIT, { outcome: "", note: "x".repeat(21), phone: "1", people: "many" });
  assert.equal(refused.status, 422);
  const { form, template } = JSON.parse(await refused.text());
  assert.equal(template, "visit.html");
  assert.deepEqual(form.errors, { outcome: ["This field is required."], note: ["At most 20 characters."] });
  assert.deepEqual(form.values, { outcome: "", note: "x".repeat(21), phone: "1", people: "many" });
  assert.equal(desk.saves, 0);
});

test("the refusal is in Wang Fang's language", async () => {
  const desk = await morning();
  desk.office.me.locale = "zh_Hans_CN";
  await desk.exchange();
  const { form } = JSON.parse(await (await desk.post(VISIT, { outcome: "" })).text());
  assert.deepEqual(form.errors.outcome, ["此项必填。"]);
  assert.equal(form.fields[0].label, "结果");
});

test("a visit that changes no fact is one operation; one that does carries only what changed", async () => {
  const desk = await morning();
  desk.online = false;
  await desk.post(VISIT, met({ phone: "000-7" }));
  const { store } = await desk.identity.current();
  const ops = await store.read(["ops"], (tx) => tx.objectStore("ops").getAll());
  assert.deepEqual(
    ops.map(({ verb, kind, patch }) => [verb, kind, patch]),
    [
      ["create", "visit", { outcome: "met", note: "", household: "home-101" }],
      ["patch", "household", { phone: "000-7" }],
    ],
  );
  assert.equal(ops[0].record, FRESH);
  assert.equal(ops[0].group, ops[1].group);
  assert.deepEqual(ops[1].base, { phone: "" });
});

test("undo takes the visit back and shows where Wang Fang was", async () => {
  const desk = await morning();
  desk.online = false;
  await desk.post(VISIT, met());
  const { status } = await desk.see("/units/unit-1");
  const undone = await desk.post("/undo", { group: status.last.group, then: "/units/unit-1" });
  assert.equal(undone.status, 303);
  assert.equal(undone.headers.get("Location"), "http://phone.example/units/unit-1");
  const after = await desk.see("/units/unit-1");
  assert.equal(after.households[0].last_outcome, null);
  assert.equal(after.status.last, null);
});

test("a save that the phone does not know is the server's to undo", async () => {
  const desk = await morning();
  const answer = await desk.post("/undo", { group: FRESH, then: "/units/unit-1" });
  assert.equal(await answer.text(), "flask /undo");
});

test("undo never leads away from this site", async () => {
  const desk = await morning();
  for (const then of ["//evil.example/", "https://evil.example/", "/\\evil.example"]) {
    const fresh_id = `019a0000-0000-7000-8000-${String(Math.abs(hash(then))).padStart(12, "0")}`;
    await desk.post(VISIT, met({ fresh_id }));
    const undone = await desk.post("/undo", { group: fresh_id, then });
    assert.equal(new URL(undone.headers.get("Location")).origin, "http://phone.example", then);
  }
});

test("a full phone says so in words, keeps the form, and saves nothing", async () => {
  const desk = await morning();
  const { store } = await desk.identity.current();
  store.write = async () => {
    throw Object.assign(new Error("full"), { name: "StorageFull" });
  };
  const refused = await desk.post(VISIT, met({ note: "Leaking tap" }));
  assert.equal(refused.status, 507);
  const { form } = JSON.parse(await refused.text());
  assert.match(form.errors._[0], /nothing was saved/);
  assert.equal(form.values.note, "Leaking tap");
  assert.equal(desk.saves, 0);
});

test("an undo on a full phone is refused with 507 in words and changes nothing", async () => {
  const desk = await morning();
  const fresh_id = "019a0000-0000-7000-8000-000000000507";
  await desk.post(VISIT, met({ fresh_id }));
  const { store } = await desk.identity.current();
  const { saves } = desk;
  store.write = async () => {
    throw Object.assign(new Error("full"), { name: "StorageFull" });
  };
  const refused = await desk.post("/undo", { group: fresh_id, then: "/today" });
  assert.equal(refused.status, 507);
  assert.equal(JSON.parse(await refused.text()).code, 507);
  assert.equal(desk.saves, saves);
});

test("what goes wrong inside is still a page in words when there is no network", async (t) => {
  const desk = await morning();
  desk.online = false;
  t.mock.method(console, "error", () => {});
  desk.data.templates["search.html"] = () => ({
    m: () => {
      throw new Error("broken");
    },
  });
  t.after(() => {
    desk.data.templates["search.html"] = desk.data.templates["board.html"];
  });
  const page = await desk.see("/search");
  assert.deepEqual([page.http, page.template, page.code], [500, "errors.html", 500]);
});

function hash(text) {
  return [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) | 0, 7);
}
