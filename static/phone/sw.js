// Service worker: the events, and nothing else.

import { dropOldAssets, keepAssets, keepLater, speak } from "./assets.js";
import { underWay } from "./attachments.js";
import { createUploader } from "./blobs.js";
import { createRunner, RECONNECT_WITHIN_MS } from "./exchange.js";
import { createIdentity } from "./identity.js";
import { createPhone } from "./phone.js";
import { evaluate } from "./render.js";
import { waiting } from "./standing.js";
import { openDevice, openUser } from "./store.js";

const worker = /** @type {any} */ (self);
const data = worker.FIELDAPP_DATA;
data.evaluate = (/** @type {Function} */ made, /** @type {any} */ scope) => evaluate(made, scope, data);
const TAG = "fieldapp";
/** Asked for without a need of its own; the browser's `sync` comes also after a save that has been sent. */
const WHILE_WAITING = ["timer", "sync"];
/** What an exchange may come to without anything looking different afterwards. */
const QUIET = ["offline", "later", "elsewhere", "stopped", "nobody"];

const world = {
  origin: worker.location.origin,
  fetch: worker.fetch.bind(worker),
  caches: worker.caches,
  /** @param {number} ms @returns {Promise<void>} */
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

data.speak = (/** @type {string} */ locale) => speak(data, locale, world);

const pages = new BroadcastChannel("fieldapp");

/** @param {string} by what changed: a save or an exchange */
function tell(by) {
  pages.postMessage({ type: "changed", by });
}

const identity = createIdentity({
  openDevice,
  openUser: (user, device) => openUser(user, data, device),
  ask: () => run("identity"),
  pause: world.pause,
});

const uploader = createUploader({
  openStore: identity.openStore,
  fetch: world.fetch,
  onSent: () => run("sent"),
});

/** @type {Promise<ReturnType<typeof createRunner>> | null} */
let runner = null;
/** Attachments and what is kept for later; nobody waits for them, but they keep the worker alive. @type {Promise<any>} */
let background = Promise.resolve();

/** @param {string} reason */
async function run(reason) {
  runner ??= identity.device().then((device) =>
    createRunner({
      data,
      device,
      openStore: identity.openStore,
      fetch: world.fetch,
      onChange: ({ code }) => {
        identity.refresh();
        if (code === "cleared") pages.postMessage({ type: "cleared" });
        else if (!QUIET.includes(code)) tell("exchange");
      },
    }),
  );
  runner.catch(() => {
    runner = null;
  });
  const outcome = await (await runner).run(reason);
  if (["done", "revoked"].includes(outcome.code) && outcome.user)
    background = Promise.allSettled([
      uploader.run(outcome.user, reason === "button"),
      keepLater(data, world),
    ]);
  return outcome;
}

/**
 * What a page or the browser asks for.
 * @param {string} reason
 * @param {string | null} [user] whom the page was made for
 * @returns {Promise<string>} what came of it
 */
async function runFor(reason, user) {
  await identity.introduce(user);
  if (WHILE_WAITING.includes(reason)) {
    const person = await identity.current();
    if (!person || !((await waiting(person.store)).count || (await underWay(person.store)))) return "done";
  }
  return (await run(reason)).code;
}

/** After a save: other pages follow, and what waits is sent, now or when the browser next sees a network. */
async function afterSave() {
  tell("save");
  await Promise.allSettled([worker.registration.sync?.register(TAG), run("save")]);
  await background;
}

const phone = createPhone({ data, identity, world });

worker.addEventListener("install", (/** @type {any} */ event) => {
  // Drafts and operations live in the store, not in a page: a new version may take over at once.
  event.waitUntil(keepAssets(data, world).then(() => worker.skipWaiting()));
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(Promise.all([dropOldAssets(data, world.caches), worker.clients.claim()]));
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const answered = phone.respond(event.request, () => event.waitUntil(afterSave()));
  if (answered) event.respondWith(answered);
});

worker.addEventListener("message", (/** @type {any} */ event) => {
  const { type, reason, user, claim } = event.data ?? {};
  if (claim) event.waitUntil(worker.clients.claim());
  if (type === "run")
    event.waitUntil(
      runFor(reason, user)
        .then((code) => event.ports[0]?.postMessage({ code }))
        .then(() => background),
    );
});

worker.addEventListener("sync", (/** @type {any} */ event) => {
  // The browsers of a whole street see the network come back in the same second (P7).
  if (event.tag === TAG)
    event.waitUntil(
      world
        .pause(Math.random() * RECONNECT_WITHIN_MS)
        .then(() => runFor("sync"))
        .then(() => background),
    );
});
