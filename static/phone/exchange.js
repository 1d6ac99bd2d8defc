// Exchange: when to talk to the server, how long to wait when it does not answer, and what its refusals mean.

import { openSync } from "./apply.js";
import { clear } from "./clearing.js";
import { instantMs, measureOffset, world } from "./clock.js";
import { cycle, Refused } from "./cycle.js";
import { uuid7 } from "./ids.js";
import { Superseded } from "./lease.js";
import { mark, waiting } from "./standing.js";
import { StorageFull } from "./store.js";
import { NotTheProtocol, PROTOCOL, pack, readAnswer, unpack } from "./wire.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Device} Device
 *
 * @typedef {object} Outcome
 * @property {string} code "done", or why not: "offline", "later", "elsewhere", "nobody", "full", "failed", "cleared", or the
 *   server's word: "signed_out", "other_user", "revoked", "busy", …
 * @property {string | null} [user] whom it was for; with "other_user", whom the server takes us for
 *
 * @typedef {() => void} Cancel
 *
 * @typedef {object} Parts
 * @property {any} data
 * @property {Device | (() => Promise<Device>)} device
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
export const RECONNECT_WITHIN_MS = 8_000;
/** A server may make a phone wait for this long and no longer. */
const LONGEST_WAIT_MS = 900_000;

/** These come by themselves and wait for their turn; a person who asks, or a phone that is back, does not. */
const PATIENT = ["timer", "save"];

/** Nothing but the person can mend these. */
const STOPS = ["signed_out", "other_user", "revoked"];

/**
 * @param {Parts} parts
 * @returns {{run: (reason: string) => Promise<Outcome>}}
 */
export function createRunner({
  data,
  device: place,
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
  /** @type {Device} */
  let device;
  let failures = 0;
  /** No patient run before this (backoff); no run at all before that (Retry-After). */
  let patientFrom = 0;
  let anyFrom = 0;
  /** @type {any} */
  let timer = null;
  /** What was in doubt when the exchange under way began: who signs in or out meanwhile is asked about again. */
  let doubt = /** @type {unknown} */ (null);
  /** @type {Promise<Outcome> | null} */
  let running = null;
  /** @type {string | null} */
  let again = null;

  /** @param {number} ms */
  const schedule = (ms) => {
    if (timer !== null) clearTimer(timer);
    timer = setTimer(() => {
      timer = null;
      run("timer").catch(backOff);
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
      // Before anything of it is kept: whose phone is ready reads it in their language, without a signal too.
      await data.speak?.(answer.me.locale);
      return { answer, offset: measureOffset(offset, sent, heard, Date.parse(answer.now)) };
    } catch (error) {
      throw error instanceof Refused ? error : new NotTheProtocol(String(error));
    } finally {
      clearTimer(limit);
    }
  };

  /** What the device knows before any database is open. @param {string} key @param {any} value */
  const know = async (key, value) => {
    if (JSON.stringify(await device.get(key)) !== JSON.stringify(value)) await device.set(key, value);
  };

  /** Who somebody is after signing in or out is no longer in doubt. @param {boolean} signedOut */
  const sure = async (signedOut) => {
    const since = await device.get("doubted");
    if (!since || since !== doubt) return;
    await know("signedOut", signedOut);
    await know("doubted", false);
  };

  /** @param {import("./apply.js").Sync} sync */
  const heard = async ({ me }) => {
    await know("me", me);
    await sure(false);
    onChange({ code: "applied", user: me.id });
  };

  /**
   * One cycle under the lock; a lock that a frozen tab holds is no reason to wait longer than its lease.
   * @param {Store} store
   * @param {boolean} tail
   */
  const locked = async (store, tail) => {
    const once = (/** @type {boolean} */ sole) =>
      cycle(store, data, { token, sole, tail, now, ask, onApplied: heard });
    if (!locks) return once(false);
    return locks.request(`fieldapp:${store.user}`, { ifAvailable: true }, (lock) => once(lock !== null));
  };

  /** @param {Store} store @param {string} reason @returns {Promise<Outcome>} */
  const exchange = async (store, reason) => {
    const user = store.user;
    if (PATIENT.includes(reason) && (await store.get("meta", "sync"))?.stopped)
      return { code: "stopped", user };
    try {
      let outcome = await locked(store, false);
      while (outcome.code === "done" && outcome.tail) outcome = await locked(store, true);
      if (outcome.code === "revoked") return await cleared(store);
      if (outcome.code === "done") failures = 0;
      else backOff();
      return { code: outcome.code, user };
    } catch (error) {
      return await failed(store, error);
    } finally {
      await mark(store);
    }
  };

  /** Signed off by the desk, everything delivered: nothing of this person stays. @param {Store} store @returns {Promise<Outcome>} */
  const cleared = async (store) => {
    if (!(await clear(store))) return { code: "revoked", user: store.user }; // something waits: a save, an attachment
    for (const [key, value] of Object.entries({ me: null, user: null, signedOut: true, doubted: false }))
      await know(key, value);
    return { code: "cleared", user: store.user };
  };

  /** Nobody is known yet: the server says whose session this is. @returns {Promise<Outcome>} */
  const introduce = async () => {
    try {
      await ask(stranger(data.version, now()), 0);
      return { code: "nobody", user: null };
    } catch (error) {
      return failed(null, error);
    }
  };

  /** @param {Store | null} store @param {any} error @returns {Promise<Outcome>} */
  const failed = async (store, error) => {
    const user = store?.user ?? null;
    if (error instanceof Superseded) return { code: "elsewhere", user };
    if (error instanceof Refused && STOPS.includes(error.code)) {
      await store?.write(["meta"], async (tx) => {
        const sync = await openSync(tx);
        await tx.objectStore("meta").put({ ...sync, stopped: error.code }, "sync");
      });
      if (error.code === "signed_out") await sure(true);
      return { code: error.code, user: error.said.user ?? user };
    }
    backOff();
    if (error instanceof Refused && error.after) {
      anyFrom = now() + error.after;
      schedule(error.after + Math.round(random() * FIRST_RETRY_MS));
    }
    if (error instanceof Refused) return { code: error.code, user };
    if (error instanceof NotTheProtocol) return { code: "offline", user };
    if (error instanceof StorageFull) return { code: "full", user };
    console.error(error);
    return { code: "failed", user };
  };

  /** @param {string} reason @returns {Promise<Outcome>} */
  const attempt = async (reason) => {
    device = typeof place === "function" ? await place() : place;
    let user = (await device.get("user")) ?? null;
    doubt = await device.get("doubted");
    const wait = (PATIENT.includes(reason) ? Math.max(patientFrom, anyFrom) : anyFrom) - now();
    if (wait > 0 && wait <= LONGEST_WAIT_MS) {
      // The timer came, but the phone's clock had gone back meanwhile.
      if (timer === null) schedule(wait);
      return { code: "later", user };
    }
    if (reason === "online" && failures) {
      patientFrom = 0;
      schedule(Math.round(random() * RECONNECT_WITHIN_MS));
      return { code: "later", user };
    }
    let outcome = user ? await exchange(await openStore(user), reason) : await introduce();
    if (outcome.code === "other_user" && outcome.user && outcome.user !== user) {
      // P9: the other person's work stays where it is, under their name.
      user = outcome.user;
      await device.set("me", null);
      await device.set("user", user);
      outcome = await exchange(await openStore(user), reason);
    }
    if (user && timer === null && outcome.code === "done" && (await waiting(await openStore(user))).count)
      backOff();
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
    // Even to note whose phone this is there may be no room.
    const once = (/** @type {string} */ why) => attempt(why).catch((error) => failed(null, error));
    const whole = async () => {
      let outcome = await once(reason);
      while (again !== null) {
        const next = again;
        again = null;
        outcome = await once(next);
      }
      return outcome;
    };
    running = whole();
    try {
      return await running;
    } finally {
      running = null;
    }
  }

  return { run };
}

/** @param {Response} response @param {number} now @returns {number} ms, 0 when the server does not say */
function retryAfter(response, now) {
  const said = response.headers.get("Retry-After");
  if (!said) return 0;
  const ms = /^\d+$/.test(said) ? Number(said) * 1000 : Date.parse(said) - now;
  return Math.min(LONGEST_WAIT_MS, Math.max(0, ms || 0));
}

/** A question without a name or an operation; only its refusal is wanted. @param {string} app @param {number} ms */
function stranger(app, ms) {
  const report = { waiting: 0, oldest: null, used: null, left: null };
  const asks = { protocol: PROTOCOL, app, user: "", device: uuid7(), clock: instantMs(ms), epoch: null };
  return { ...asks, ops: [], cursors: {}, report, tail: false };
}
