// Identity: whose phone this is now, and the database that belongs to them alone (P9).

/**
 * @typedef {import("./store.js").Device} Device
 * @typedef {import("./store.js").Store} Store
 * @typedef {{store: Store, device: Device, me: any}} Person
 *
 * @typedef {object} Identity
 * @property {() => Promise<Person | null>} current null when nobody is known to be signed in
 * @property {(signedOut: boolean) => Promise<void>} doubt somebody signed in or out: ask the server before the next answer
 * @property {() => void} refresh what is known about the person may have changed
 * @property {() => Promise<Device>} device
 * @property {(user: string) => Promise<Store>} openStore
 */

/** An answer waits this long at most to learn who is signed in; then the phone goes on with whom it knew. */
const ASK_AT_MOST = 3000;

/** A person's own settings, which take effect before the server has heard of them. */
const SETTINGS = ["locale", "theme"];

/**
 * @param {object} parts
 * @param {() => Promise<Device>} parts.openDevice
 * @param {(user: string, device: Device) => Promise<Store>} parts.openUser
 * @param {() => Promise<unknown>} parts.ask one exchange, which tells who is signed in
 * @param {(ms: number) => Promise<void>} parts.pause
 * @returns {Identity}
 */
export function createIdentity({ openDevice, openUser, ask, pause }) {
  /** @type {Promise<Device> | null} */
  let device = null;
  /** @type {Map<string, Promise<Store>>} */
  const stores = new Map();
  /** @type {Promise<{user: string | null, me: any, doubted: boolean, signedOut: boolean}> | null} */
  let known = null;

  /**
   * An opening that failed is tried again by the next answer.
   * @template T
   * @param {Promise<T>} opening
   * @param {() => void} forget
   */
  const retried = (opening, forget) => {
    opening.catch(forget);
    return opening;
  };

  const opened = () => {
    device ??= retried(openDevice(), () => {
      device = null;
    });
    return device;
  };

  /** @param {string} user */
  const openStore = async (user) => {
    const held = stores.get(user) ?? retried(openUser(user, await opened()), () => stores.delete(user));
    stores.set(user, held);
    return held;
  };

  const read = async () => {
    const meta = await opened();
    const [user, me, doubted, signedOut] = await Promise.all(
      ["user", "me", "doubted", "signedOut"].map((key) => meta.get(key)),
    );
    return { user: user ?? null, me, doubted: Boolean(doubted), signedOut: Boolean(signedOut) };
  };

  const knowledge = () => {
    known ??= retried(read(), () => {
      known = null;
    });
    return known;
  };

  const settle = async () => {
    const told = await Promise.race([ask(), pause(ASK_AT_MOST).then(() => null)]);
    known = null;
    return told;
  };

  return {
    device: opened,
    openStore,

    async current() {
      let now = await knowledge();
      if (now.doubted) {
        await settle();
        now = await knowledge();
      }
      if (!now.user || !now.me || now.signedOut) return null;
      const store = await openStore(now.user);
      const own = now.me.profile ? (await store.get("records", now.me.profile))?.shown : null;
      const chosen = own
        ? Object.fromEntries(SETTINGS.filter((key) => own[key]).map((key) => [key, own[key]]))
        : {};
      return { store, device: await opened(), me: { ...now.me, ...chosen } };
    },

    async doubt(signedOut) {
      const meta = await opened();
      await meta.set("doubted", true);
      if (signedOut) await meta.set("signedOut", true);
      known = null;
    },

    refresh() {
      known = null;
    },
  };
}
