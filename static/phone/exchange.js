// Exchange: when to talk to the server, how long to wait when it does not answer, and what its refusals mean.

import { measureOffset, world } from "./clock.js";
import { Refused, cycle } from "./cycle.js";
import { uuid7 } from "./ids.js";
import { mark, waiting } from "./outbox.js";
import { StorageFull } from "./store.js";
import { Superseded } from "./lease.js";
import { pack, readAnswer, unpack } from "./wire.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Device} Device
 *
 * @typedef {object} Outcome
 * @property {string} code "done", or why not: "offline", "later", "elsewhere", "nobody", "full", "failed", or the
 *   server's word: "signed_out", "other_user", "revoked", "busy", …
 * @property {string | null} [user] whom it was for; with "other_user", whom the server takes us for
 *
 * @typedef {() => void} Cancel
 *
 * @typedef {object} Parts
 * @property {any} data
 * @property {Device} device
 * @property {(user: string) => Promise<Store>} openStore
 * @property {typeof globalThis.fetch} [fetch]
 * @property {Pick<LockManager, "request"> | null} [locks] null where there are none: a lease stands in
 * @property {() => number} [now] the phone's clock, ms
 * @property {() => number} [random] 0 ≤ r < 1
 * @property {(run: () => void, ms: number) => any} [setTimer] returns what `clearTimer` takes
 * @property {(timer: any) => void} [clearTimer]
 * @property {(outcome: Outcome) => unknown} [onChange] something may look different now
 */

const ANSWER_WITHIN_MS = 45_000;
const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 300_000;
/** 2,000 phones that come back at once must not come back in one second (P7). */
const RECONNECT_WITHIN_MS = 8_000;
/** A server may make a phone wait for this long and no longer. */
const LONGEST_WAIT_MS = 900_000;

/** These come by themselves and wait for their turn; a person who asks, or a phone that is back, does not. */
const PATIENT = ["timer", "save"];

/** Nothing but the person can mend these. */
const STOPS = ["signed_out", "other_user", "revoked"];

/**
 * @param {Parts} parts
 * @returns {{run: (reason: string) => Promise<Outcome>, wake: () => Promise<Outcome>}}
 */
export function createRunner({
  data,
  device,
  openStore,
  fetch = globalThis.fetch.bind(globalThis),
  locks = globalThis.navigator?.locks ?? null,
  now = () => world.now(),
  random = Math.random,
  setTimer = (run, ms) => setTimeout(run, ms),
  clearTimer = (timer) => clearTimeout(timer),
  onChange = () => {},
}) {
  const token = uuid7();
  let failures = 0;
  /** No patient run before this (backoff); no run at all before that (Retry-After). */
  let patientFrom = 0;
  let anyFrom = 0;
  /** @type {any} */
  let timer = null;
  /** @type {Promise<Outcome> | null} */
  let running = null;
  /** @type {string | null} */
  let again = null;

  /** @param {number} ms */
  const schedule = (ms) => {
    if (timer !== null) clearTimer(timer);
    timer = setTimer(() => {
      timer = null;
      run("timer");
    }, ms);
  };

  /** Full jitter (P7). */
  const backOff = () => {
    const delay = Math.round(random() * Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** failures++));
    patientFrom = now() + delay;
    schedule(delay);
  };

  /** @param {any} request @param {number} offset */
  const ask = async (request, offset) => {
    const { body, headers } = await pack(request);
    const gone = new AbortController();
    const limit = setTimer(() => gone.abort(), ANSWER_WITHIN_MS);
    try {
      const sent = now();
      const response = await fetch("/sync", {
        method: "POST",
        headers,
        body,
        credentials: "same-origin",
        cache: "no-store",
        redirect: "error",
        signal: gone.signal,
      });
      const wait = retryAfter(response, now());
      if (response.status === 413) throw new Refused("too_large", {}, 0);
      if ((response.status === 503 || response.status === 429) && wait) throw new Refused("busy", {}, wait);
      const said = await unpack(response);
      const heard = now();
      if (said.error) throw new Refused(String(said.error.code), { ...said, ...said.error }, wait);
      if (response.status !== 200) throw new Refused("failed", said, wait);
      const answer = readAnswer(said, request.user);
      return { answer, offset: measureOffset(offset, sent, heard, Date.parse(answer.now)) };
    } finally {
      clearTimer(limit);
    }
  };

  /** One cycle under the lock; a lock that a frozen tab holds is no reason to wait longer than its lease. @param {Store} store @param {boolean} tail */
  const locked = async (store, tail) => {
    const once = (/** @type {boolean} */ sole) =>
      cycle(store, data, { token, sole, tail, now, ask, onApplied: () => onChange({ code: "applied", user: store.user }) });
    if (!locks) return once(false);
    return locks.request(`fieldapp:${store.user}`, { ifAvailable: true }, (lock) => once(lock !== null));
  };

  /** @param {Store} store @param {string} reason @returns {Promise<Outcome>} */
  const exchange = async (store, reason) => {
    const user = store.user;
    if (PATIENT.includes(reason) && (await store.get("meta", "sync"))?.stopped) return { code: "stopped", user };
    try {
      let outcome = await locked(store, false);
      while (outcome.code === "done" && outcome.tail) outcome = await locked(store, true);
      if (outcome.code === "done") failures = 0;
      else backOff();
      const me = (await store.get("meta", "sync"))?.me;
      if (me && JSON.stringify(me) !== JSON.stringify(await device.get("me"))) await device.set("me", me);
      return { code: outcome.code, user };
    } catch (error) {
      return failed(store, error);
    } finally {
      await mark(store);
    }
  };

  /** @param {Store} store @param {any} error @returns {Promise<Outcome>} */
  const failed = async (store, error) => {
    const user = store.user;
    if (error instanceof Superseded) return { code: "elsewhere", user };
    if (error instanceof Refused && STOPS.includes(error.code)) {
      await store.write(["meta"], async (tx) => {
        const sync = (await tx.objectStore("meta").get("sync")) ?? {};
        await tx.objectStore("meta").put({ ...sync, stopped: error.code }, "sync");
      });
      return { code: error.code, user: error.said.user ?? user };
    }
    backOff();
    if (error instanceof Refused && error.after) {
      anyFrom = now() + error.after;
      schedule(error.after + Math.round(random() * FIRST_RETRY_MS));
    }
    if (error instanceof Refused) return { code: error.code, user };
    return { code: error instanceof StorageFull ? "full" : "offline", user };
  };

  /** @param {string} reason @returns {Promise<Outcome>} */
  const once = async (reason) => {
    const user = await device.get("user");
    const from = PATIENT.includes(reason) ? Math.max(patientFrom, anyFrom) : anyFrom;
    const wait = from - now();
    if (wait > 0 && wait <= LONGEST_WAIT_MS) return { code: "later", user };
    if (reason === "online" && failures) {
      schedule(Math.round(random() * RECONNECT_WITHIN_MS));
      patientFrom = 0;
      return { code: "later", user };
    }
    if (!user) return { code: "nobody", user: null };
    const store = await openStore(user);
    const outcome = await exchange(store, reason);
    if (timer === null && (await waiting(store)).count && !STOPS.includes(outcome.code) && outcome.code !== "stopped") backOff();
    onChange(outcome);
    return outcome;
  };

  /**
   * Talk to the server now, if it is time to.
   * @param {string} reason "start", "save", "online", "visible", "timer", "sync", "button"
   * @returns {Promise<Outcome>}
   */
  async function run(reason) {
    if (running) {
      // The cycle under way may have looked for the last time already.
      again = again === null || PATIENT.includes(again) ? reason : again;
      return running;
    }
    running = (async () => {
      let outcome = await once(reason);
      while (again !== null) {
        const next = again;
        again = null;
        outcome = await once(next);
      }
      return outcome;
    })();
    try {
      return await running;
    } finally {
      running = null;
    }
  }

  return { run, wake: () => run("start") };
}

/** @param {Response} response @param {number} now @returns {number} ms, 0 when the server does not say */
function retryAfter(response, now) {
  const said = response.headers.get("Retry-After");
  if (!said) return 0;
  const ms = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - now;
  return Math.min(LONGEST_WAIT_MS, Math.max(0, ms || 0));
}
