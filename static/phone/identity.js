// Identity: whose phone this is now, and the database that belongs to them alone (P9).

import { world as clock } from "./clock.js";
import { uuid7 } from "./ids.js";

/**
 * @typedef {import("./store.js").Device} Device
 * @typedef {import("./store.js").Store} Store
 * @typedef {{store: Store, device: Device, me: any}} Person
 *
 * @typedef {object} Known
 * @property {string | null} user
 * @property {any} me as the last exchange told
 * @property {boolean} doubted somebody signed in or out since
 * @property {boolean} signedOut the person said so, and nobody came after
 *
 * @typedef {ReturnType<typeof createIdentity>} Identity
 */

/** An answer waits this long at most to learn who is signed in; then the phone goes on with whom it knew. */
const ASK_AT_MOST = 3000;
/** Asked in vain, the phone does not ask again for this long: a dead network must not slow every screen. */
const ASK_AGAIN_AFTER = 30_000;
/** A person's own settings take effect before the server has heard of them. */
const SETTINGS = ["locale", "theme"];

/**
 * The person with the settings that this phone last saved.
 * @param {Store} store
 * @param {any} me
 */
export async function withSettings(store, me) {
  const own = me.profile ? (await store.get("records", me.profile))?.shown : null;
  const chosen = SETTINGS.filter((key) => own?.[key]).map((key) => [key, own[key]]);
  return { ...me, ...Object.fromEntries(chosen) };
}

/**
 * @param {object} parts
 * @param {() => Promise<Device>} parts.openDevice
 * @param {(user: string, device: Device) => Promise<Store>} parts.openUser
 * @param {() => Promise<unknown>} parts.ask one exchange: it notes who is signed in, and ends the doubt
 * @param {(ms: number) => Promise<void>} parts.pause
 */
export function createIdentity({ openDevice, openUser, ask, pause }) {
  /** @type {Promise<Device> | null} */
  let device = null;
  /** @type {Map<string, Promise<Store>>} */
  const stores = new Map();
  /** @type {Promise<Known> | null} */
  let known = null;
  let askedInVain = Number.NEGATIVE_INFINITY;

  const opened = () => {
    device ??= openDevice();
    device.catch(() => {
      device = null; // the next answer tries again
    });
    return device;
  };

  /** @param {string} user @returns {Promise<Store>} */
  const openStore = (user) => {
    const held = stores.get(user) ?? opened().then((meta) => openUser(user, meta));
    stores.set(user, held);
    held.catch(() => stores.delete(user));
    return held;
  };

  /** @returns {Promise<Known>} */
  const read = async () => {
    const meta = await opened();
    const [user, me, doubted, signedOut] = await Promise.all(
      ["user", "me", "doubted", "signedOut"].map((key) => meta.get(key)),
    );
    // Somebody who was here before is known from their own database.
    const own = user && me?.id !== user ? (await (await openStore(user)).get("meta", "sync"))?.me : me;
    return { user: user ?? null, me: own ?? null, doubted: Boolean(doubted), signedOut: Boolean(signedOut) };
  };

  const knowledge = () => {
    known ??= read();
    known.catch(() => {
      known = null;
    });
    return known;
  };

  /** @param {Record<string, unknown>} facts */
  const note = async (facts) => {
    const meta = await opened();
    for (const [key, value] of Object.entries(facts)) await meta.set(key, value);
    known = null;
  };

  return {
    device: opened,
    openStore,

    /** Everyone of whom something is or was kept on this phone. @returns {Promise<string[]>} */
    async everyone() {
      const [held, { user }] = await Promise.all([(await opened()).waiting(), knowledge()]);
      return [...new Set([...held.map((one) => one.user), ...(user ? [user] : [])])];
    },

    /** The language of whoever was here last. @returns {Promise<string | null>} */
    async language() {
      return (await knowledge()).me?.locale ?? null;
    },

    /** Whether somebody may have signed in or out since the last exchange. */
    async doubted() {
      return (await knowledge()).doubted;
    },

    /** Find out who is signed in; resolves soon in any case. */
    async settle() {
      if (Math.abs(clock.now() - askedInVain) < ASK_AGAIN_AFTER) return;
      await Promise.race([ask(), pause(ASK_AT_MOST)]).catch(() => {});
      known = null;
      if (await this.doubted()) askedInVain = clock.now();
    },

    /**
     * The person at work here; null when nobody is known to be.
     * @returns {Promise<Person | null>}
     */
    async current() {
      const { user, me, signedOut } = await knowledge();
      if (!user || !me || signedOut) return null;
      const store = await openStore(user);
      return { store, device: await opened(), me: await withSettings(store, me) };
    },

    /** Somebody signed in or out. @param {boolean} signedOut */
    async doubt(signedOut) {
      askedInVain = Number.NEGATIVE_INFINITY;
      const doubted = uuid7(); // each doubt is its own: an exchange begun before does not end it
      await note(signedOut ? { doubted, signedOut: true } : { doubted });
    },

    /**
     * A page made by the server names its person; believed only on a phone that knows nobody yet.
     * @param {string | null | undefined} user
     */
    async introduce(user) {
      if (user && !(await knowledge()).user) await note({ user, signedOut: false, doubted: false });
    },

    /** What is known about the person may have changed. */
    refresh() {
      known = null;
    },
  };
}
