// Assets: what Wang Fang's phone keeps of one version, and what it must not mistake for an asset.

import assert from "node:assert/strict";
import test from "node:test";
import { answerAsset, dropOldAssets, keepAssets, keepLater, speak } from "../../../static/phone/assets.js";

/** The browser's caches, as far as they are used. */
function memory() {
  /** @type {Map<string, Map<string, Response>>} */
  const held = new Map();
  const key = (request) => (typeof request === "string" ? request : new URL(request.url).pathname);
  return {
    held,
    async open(name) {
      if (!held.has(name)) held.set(name, new Map());
      const cache = held.get(name);
      return { put: async (request, answer) => void cache.set(key(request), answer) };
    },
    keys: async () => [...held.keys()],
    delete: async (name) => held.delete(name),
    async match(request) {
      for (const cache of held.values()) if (cache.has(key(request))) return cache.get(key(request)).clone();
      return undefined;
    },
  };
}

const style = () => new Response("body{}", { headers: { "Content-Type": "text/css" } });
const portal = () =>
  new Response("<h1>Pay for WLAN</h1>", { headers: { "Content-Type": "text/html; charset=utf-8" } });

test("a version keeps all its assets and answers them without a network", async () => {
  const caches = memory();
  await keepAssets({ version: "2", assets: ["/static/app-1.css"] }, { caches, fetch: async () => style() });
  const offline = async () => {
    throw new TypeError("no network");
  };
  const request = new Request("http://phone.example/static/app-1.css");
  const answer = await answerAsset(request, { version: "2", assets: [] }, { caches, fetch: offline });
  assert.equal(await answer.text(), "body{}");
});

test("what an older version kept under the same name is not fetched again, and the older version goes", async () => {
  const caches = memory();
  const asked = [];
  const fetch = async (path) => {
    asked.push(path);
    return style();
  };
  await keepAssets({ version: "1", assets: ["/static/app-1.css", "/static/page-1.js"] }, { caches, fetch });
  const next = { version: "2", assets: ["/static/app-1.css", "/static/page-2.js"] };
  await keepAssets(next, { caches, fetch });
  await dropOldAssets(next, caches);
  assert.deepEqual(asked, ["/static/app-1.css", "/static/page-1.js", "/static/page-2.js"]);
  assert.deepEqual([...caches.held.keys()], ["assets-2"]);
  assert.deepEqual([...caches.held.get("assets-2").keys()], ["/static/app-1.css", "/static/page-2.js"]);
});

test("a café's sign-in page is never kept as the style", async () => {
  const caches = memory();
  const version = { version: "1", assets: ["/static/app-1.css"] };
  await assert.rejects(keepAssets(version, { caches, fetch: async () => portal() }), /not the asset/);
});

test("an icon that the version does not list is kept when it first passes", async () => {
  const caches = memory();
  const version = { version: "1", assets: [] };
  const request = () => new Request("http://phone.example/static/icons/icon-192.png");
  const first = await answerAsset(request(), version, { caches, fetch: async () => new Response("png") });
  assert.equal(await first.text(), "png");
  const offline = async () => {
    throw new TypeError("no network");
  };
  assert.equal(await (await answerAsset(request(), version, { caches, fetch: offline })).text(), "png");
});

test("an asset that is not there is not kept as one", async () => {
  const caches = memory();
  const request = new Request("http://phone.example/static/build/page-0.js");
  const answer = await answerAsset(
    request,
    { version: "1", assets: [] },
    { caches, fetch: async () => new Response("no", { status: 404 }) },
  );
  assert.equal(answer.status, 404);
  assert.equal(caches.held.size, 0);
});

const TEXTS = { "/static/build/en-1.json": ["Today\nMet", { today: "today" }] };
/** A version whose English comes later. */
const english = (version = "1") => ({
  version,
  assets: ["/static/app-1.css"],
  later: ["/static/build/en-1.json"],
  languages: { en: "/static/build/en-1.json" },
  catalog: (lines, apart) => ({ ...lines.split("\n"), ...apart }),
  catalogs: { zh_Hans_CN: { 0: "今天" } },
});
const network = (asked) => async (path) => {
  asked.push(path);
  return TEXTS[path] ? Response.json(TEXTS[path]) : style();
};
const noNetwork = async () => {
  throw new TypeError("no network");
};

test("a new phone does not wait for a language that nobody reads on it, and has it in the background", async () => {
  const caches = memory();
  const asked = [];
  const world = { caches, fetch: network(asked) };
  await keepAssets(english(), world);
  assert.deepEqual(asked, ["/static/app-1.css"]);
  await keepLater(english(), world);
  assert.deepEqual(asked, ["/static/app-1.css", "/static/build/en-1.json"]);
  const data = english();
  assert.equal(await speak(data, "en", { caches, fetch: noNetwork }), "en");
  assert.deepEqual(data.catalogs.en, { 0: "Today", 1: "Met", today: "today" });
});

test("an update brings the languages with it, so that Wang Fang goes on in English without a network", async () => {
  const caches = memory();
  const asked = [];
  await keepAssets(english("1"), { caches, fetch: network(asked) });
  await keepAssets(english("2"), { caches, fetch: network(asked) });
  await dropOldAssets(english("2"), caches);
  assert.deepEqual(asked, ["/static/app-1.css", "/static/build/en-1.json"]);
  assert.equal(await speak(english("2"), "en", { caches, fetch: noNetwork }), "en");
});

test("where English can not be had the worker speaks its own language, and asks again at the next answer", async () => {
  const caches = memory();
  const data = english();
  assert.equal(await speak(data, "en", { caches, fetch: noNetwork }), "zh_Hans_CN");
  assert.equal(await speak(data, "en", { caches, fetch: async () => portal() }), "zh_Hans_CN");
  assert.equal(await speak(data, "en", { caches, fetch: network([]) }), "en");
});
