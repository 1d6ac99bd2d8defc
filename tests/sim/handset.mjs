// Handset: a phone that boots the service worker as it ships, is used, freezes, dies and is charged again.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import vm from "node:vm";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { lying, powerCut, users } from "./storage.mjs";

export const ORIGIN = "http://localhost";

/** What the browser makes in its own time is made at once here, so that a seed decides the order of everything. */
const subtle = {
  digest: async (/** @type {string} */ _, /** @type {any} */ bytes) =>
    new Uint8Array(createHash("sha256").update(new Uint8Array(bytes)).digest()).buffer,
};

/** What the worker's script takes from its surroundings; here each is the simulation's. */
const SURROUNDINGS = [
  "self",
  "globalThis",
  "indexedDB",
  "IDBKeyRange",
  "navigator",
  "crypto",
  "Math",
  "Date",
  "setTimeout",
  "clearTimeout",
  "fetch",
  "caches",
  "BroadcastChannel",
  "CompressionStream",
  "console",
];

const text = readFileSync(new URL("../../static/build/sw.js", import.meta.url), "utf-8");
const script = new vm.Script(`(function (${SURROUNDINGS.join(", ")}) {${text}\n})`, { filename: "sw.js" });

/** One run of the worker, from its start to its end. */
export class Boot {
  alive = true;
  frozen = false;
  /** @type {(() => void)[]} */
  thawing = [];
  /** @type {(() => void)[]} */
  steps = [];
  /** @type {Record<string, (event: any) => void>} */
  listeners = {};

  /** @param {Phone} phone @param {number} number */
  constructor(phone, number) {
    this.phone = phone;
    this.world = phone.world;
    this.name = `${phone.name}.${number}`;
    this.chance = this.world.chance(`boot ${this.name}`);
    this.world.boots.push(this);
    this.world.as(this, () => this.#evaluate());
  }

  #evaluate() {
    const { phone, world, chance } = this;
    const now = () => world.now + phone.skew;
    class PhoneDate extends Date {
      constructor(/** @type {any[]} */ ...given) {
        // @ts-expect-error
        super(...(given.length ? given : [now()]));
      }
      static now() {
        return now();
      }
    }
    const self = {
      location: { origin: ORIGIN },
      addEventListener: (/** @type {string} */ type, /** @type {any} */ listener) => {
        this.listeners[type] = listener;
      },
      registration: { sync: { register: async () => phone.wantsSync() } },
      navigator: {
        locks: { request: (/** @type {any[]} */ ...asked) => phone.lock(this, ...asked) },
        storage: { estimate: async () => ({ usage: 1000, quota: 1_000_000 }) },
      },
      fetch: (/** @type {any} */ input, /** @type {any} */ init) => phone.wire.fetch(this, input, init),
      caches: {},
    };
    const surroundings = {
      self,
      globalThis: self,
      indexedDB: phone.storage,
      IDBKeyRange,
      navigator: self.navigator,
      crypto: { getRandomValues: (/** @type {Uint8Array} */ array) => chance.fill(array), subtle },
      Math: Object.assign(Object.create(Math), { random: () => chance.real() }),
      Date: PhoneDate,
      setTimeout: (/** @type {() => void} */ run, /** @type {number} */ ms) => world.later(ms, this, run),
      clearTimeout: (/** @type {any} */ timer) => world.cancel(timer),
      fetch: self.fetch,
      caches: self.caches,
      BroadcastChannel: class {
        postMessage(/** @type {any} */ said) {
          if (said.type === "cleared") phone.cleared = true;
        }
      },
      // Packing is the wire's, not the protocol's: without it a request is readable in the trace.
      CompressionStream: undefined,
      console: { ...console, error: (/** @type {any} */ error) => phone.complain(error) },
    };
    Object.assign(self, surroundings);
    script.runInThisContext()(...SURROUNDINGS.map((name) => /** @type {any} */ (surroundings)[name]));
  }

  /** @param {() => void} run */
  #awake(run) {
    if (this.frozen) this.thawing.push(run);
    else this.world.as(this, run);
  }

  /**
   * A page asks this worker for an address.
   * @param {string} method @param {string} path @param {Record<string, any> | Uint8Array} [form] or a file
   * @param {string | null} [author] whose page it is
   * @returns {Promise<any>} the answer; never, when the phone dies first
   */
  ask(method, path, form, author) {
    return new Promise((resolve, reject) => {
      this.#awake(() => {
        const event = {
          request: new Asked(method, path, form, author),
          respondWith: (/** @type {Promise<any>} */ answer) => answer.then(resolve, reject),
          waitUntil: (/** @type {Promise<any>} */ work) => work.catch((error) => this.phone.complain(error)),
        };
        this.listeners.fetch(event);
      });
    });
  }

  /** A page asks for an exchange. @param {string} reason @param {string | null} user @returns {Promise<string>} what came of it */
  run(reason, user) {
    return new Promise((resolve) => {
      this.#awake(() => {
        this.listeners.message({
          data: { type: "run", reason, user },
          ports: [{ postMessage: (/** @type {any} */ said) => resolve(said.code) }],
          waitUntil: (/** @type {Promise<any>} */ work) => work.catch((error) => this.phone.complain(error)),
        });
      });
    });
  }

  /** The browser says that there is a network (Background Sync). */
  sync() {
    const waitUntil = (/** @type {Promise<any>} */ work) => work.catch((error) => this.phone.complain(error));
    this.world.as(this, () => this.listeners.sync({ tag: "fieldapp", waitUntil }));
  }

  freeze() {
    this.frozen = true;
  }

  thaw() {
    this.frozen = false;
    for (const run of this.thawing.splice(0)) this.world.later(0, this, run);
  }

  end() {
    this.alive = false;
    this.steps = [];
    this.world.boots.splice(this.world.boots.indexOf(this), 1);
  }
}

/** A request as a page sends it. Node's own reads its body over many turns of its loop; this one reads it at once. */
class Asked {
  mode = "same-origin";

  /** @param {string} method @param {string} path @param {Record<string, any> | Uint8Array} [form] or a file @param {string | null} [author] */
  constructor(method, path, form, author) {
    this.method = method;
    this.url = ORIGIN + path;
    this.form = form;
    this.author = author;
    this.headers = new Headers(form && { "Content-Type": "application/x-www-form-urlencoded" });
    if (author) this.headers.set("Field-Author", author);
  }

  clone() {
    return new Asked(this.method, this.url.slice(ORIGIN.length), this.form, this.author);
  }

  async text() {
    return new URLSearchParams(Object.entries(this.form ?? {}).flatMap(spread)).toString();
  }

  async arrayBuffer() {
    return new Uint8Array(/** @type {Uint8Array} */ (this.form)).buffer;
  }
}

/** @param {[string, any]} field */
const spread = ([name, value]) => (Array.isArray(value) ? value.map((one) => [name, one]) : [[name, value]]);

export class Phone {
  storage = new IDBFactory();
  /** The phone's clock is off by so much, ms. */
  skew = 0;
  /** Who is signed in, by the cookie. @type {string | null} */
  session = null;
  /** @type {Boot[]} */
  boots = [];
  booted = 0;
  /** Chance to die before a step of the storage. */
  frail = 0;
  online = true;
  /** Names of the locks that are held, and by which boot. @type {Map<string, Boot>} */
  locks = new Map();
  syncWanted = false;
  /** It was signed off, had delivered everything and kept nothing. */
  cleared = false;

  /** @param {import("./world.mjs").World} world @param {string} name @param {string} person @param {any} wire */
  constructor(world, name, person, wire) {
    Object.assign(this, { world, name, person, wire });
    this.world = world;
    this.name = name;
    /** Whose phone it is. */
    this.person = person;
    this.session = person;
    this.wire = wire;
    this.fate = world.chance(`fate ${name}`);
  }

  /** The worker that answers now; an older one may still be at work beside it. @returns {Boot} */
  get boot() {
    return this.boots[this.boots.length - 1];
  }

  start() {
    const boot = new Boot(this, ++this.booted);
    this.boots.push(boot);
    this.world.note(this.name, `starts (${boot.name})`);
    return boot;
  }

  mayDie() {
    return this.frail > 0 && this.fate.hit(this.frail);
  }

  /** @param {string} when */
  crash(when) {
    if (!this.boots.length) return;
    this.world.note(this.name, `dies ${when}`);
    for (const boot of this.boots.splice(0)) boot.end();
    this.storage = powerCut(this.storage, () => this.fate.hit(0.5));
    this.locks.clear();
    this.world.later(this.fate.int(1, 600) * 1000, null, () => this.revive());
  }

  revive() {
    if (this.boots.length) return;
    this.start();
    this.boot.run("start", null);
  }

  wantsSync() {
    this.syncWanted = true;
  }

  /** As the browser's LockManager, as far as the worker uses it. @param {Boot} boot @param {any[]} asked */
  async lock(boot, ...asked) {
    const [name, options, work] = asked;
    if (!options.ifAvailable) throw new Error("only ifAvailable is known here");
    const holder = this.locks.get(name);
    if (holder?.alive) return work(null);
    this.locks.set(name, boot);
    try {
      return await work({ name });
    } finally {
      if (this.locks.get(name) === boot) this.locks.delete(name);
    }
  }

  /** @param {any} error */
  complain(error) {
    this.world.problem(`${this.name}: ${error?.stack ?? error}`);
  }

  /** Every operation that lies on this phone. @returns {any[]} with the person's id as `user` */
  operations() {
    return users(this.storage).flatMap((user) =>
      lying(this.storage, user, "ops").map((op) => ({ ...op, user })),
    );
  }
}
