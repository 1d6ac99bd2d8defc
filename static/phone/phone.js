// Phone: decides for each request whether the phone answers it or the network does.

import { answerAsset } from "./assets.js";
import { underWay } from "./attachments.js";
import { clear } from "./clearing.js";
import {
  answer,
  bodyOf,
  download,
  isField,
  offlinePage,
  problemPage,
  strangerPage,
  wantsFragment,
} from "./pages.js";
import { rescueFile } from "./rescue.js";
import { createRouter } from "./router.js";
import { standing, waiting } from "./standing.js";

/**
 * @typedef {import("./identity.js").Identity} Identity
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./context.js").Phone} Person
 *
 * @typedef {object} World what the phone may use of its surroundings
 * @property {string} origin
 * @property {typeof fetch} fetch
 * @property {CacheStorage} caches
 * @property {(ms: number) => Promise<void>} pause
 */

/** Until the first pull is complete the server answers, if it does so within this time. */
const SERVER_FIRST = 4000;
const RESCUE = "/rescue/file";
const LEAVE = "/leave";

/**
 * @param {object} parts
 * @param {any} parts.data
 * @param {Identity} parts.identity
 * @param {World} parts.world
 */
export function createPhone({ data, identity, world }) {
  const router = createRouter(data.screens);
  /** Databases whose first pull is complete. @type {WeakSet<object>} */
  const complete = new WeakSet();

  /** @returns {Promise<Person | null>} */
  const person = async () => {
    const known = await identity.current();
    return known && { data, ...known };
  };

  /** @param {Person} phone */
  const isComplete = async ({ store }) => {
    if (!complete.has(store) && (await standing(store)).ready) complete.add(store);
    return complete.has(store);
  };

  /**
   * The phone's answer; what fails here is still a page in words.
   * @param {Person} phone
   * @param {Request} request
   * @returns {Promise<Response | null>}
   */
  const answerHere = async (phone, request) => {
    try {
      return await answer(phone, router, request);
    } catch (error) {
      const full = /** @type {Error} */ (error).name === "StorageFull"; // P8
      if (!full) console.error(error);
      if (request.method === "GET") {
        const elsewhere = await world.fetch(request).catch(() => null);
        if (elsewhere) return elsewhere;
      }
      const asked = { url: new URL(request.url), fragment: wantsFragment(request) };
      return problemPage(phone, full ? 507 : 500, asked);
    }
  };

  /**
   * The server's answer, if it comes soon enough and is one.
   * @param {Request} request
   */
  const fromServer = async (request) => {
    const late = world.pause(SERVER_FIRST).then(() => null);
    const there = await Promise.race([world.fetch(request.clone()).catch(() => null), late]);
    return there && there.status < 500 ? there : null;
  };

  /**
   * Who is here, and whether the server should answer in their place: after a sign-in or sign-out it is right about
   * the person, and while the first pull is under way it knows more. What waits only here it never knows.
   * @param {Request} request
   * @returns {Promise<{phone: Person | null, there: Response | null}>}
   */
  const consider = async (request) => {
    const reads = request.method === "GET";
    if (await identity.doubted()) {
      const settled = identity.settle();
      const there = reads ? await fromServer(request) : null;
      if (there) return { phone: null, there };
      await settled;
    }
    const phone = await person();
    const early = phone && reads && !(await isComplete(phone)) && !(await waiting(phone.store)).count;
    return { phone, there: early ? await fromServer(request) : null };
  };

  /**
   * @param {Request} request
   * @param {() => void} onSave
   * @returns {Promise<Response>}
   */
  const answerField = async (request, onSave) => {
    const { phone, there } = await consider(request).catch((error) => {
      console.error(error); // the phone's memory can not be opened: the server answers the same address
      return { phone: null, there: null };
    });
    if (there) return there;
    if (!phone) return answerElsewhere(request);
    // What one person filled in is not saved under the name of the one who signed in meanwhile (P9).
    if ((request.headers.get("Field-Author") || phone.me.id) !== phone.me.id && request.method !== "GET")
      return new Response("", { status: 409 });
    const again = request.clone();
    const made = await answerHere(phone, request);
    // What this phone does not hold yet, or what was saved before it answered, is the server's to answer.
    if (!made || (made.status === 404 && !complete.has(phone.store)))
      return world.fetch(again).catch(() => made ?? Response.error());
    if (request.method === "POST" && made.status < 400) onSave();
    return made;
  };

  /**
   * An address that only the server answers; without a server the phone says so.
   * @param {Request} request
   */
  const answerElsewhere = async (request) => {
    try {
      return await world.fetch(request);
    } catch (error) {
      if (request.mode !== "navigate") throw error;
      const phone = await person().catch(() => null);
      if (phone) return offlinePage(phone, new URL(request.url));
      const locale = await identity.language().catch(() => null);
      return strangerPage(
        data,
        locale && ((await data.speak?.(locale)) ?? locale),
        await waitingHere().catch(() => 0),
      );
    }
  };

  /** What waits on this phone, whoever saved it. @param {(store: Store) => Promise<number>} [count] */
  const waitingHere = async (count = async (store) => (await waiting(store)).count) => {
    const stores = await Promise.all((await identity.everyone()).map(identity.openStore));
    const counts = await Promise.all(stores.map(count));
    return counts.reduce((sum, count) => sum + count, 0);
  };

  /**
   * Everything unsent as a file: without a server, without a session, whoever is signed in. Where nothing waits, or
   * nothing can be read, it is left to the server to say so.
   * @param {Request} request
   */
  const answerRescue = async (request) => {
    const file = await rescueFile(data, identity).catch((error) => console.error(error));
    return file ? download(file) : answerElsewhere(request);
  };

  /**
   * Signing in or out: the server's, but afterwards this phone must ask who it belongs to.
   * @param {Request} request
   * @param {boolean} out
   */
  const answerDoor = async (request, out) => {
    const clears = out && request.method === "POST" && (await bodyOf(request.clone())).has("clear");
    // What was offered when nothing waited is refused when something does: the page says what to do instead (P8).
    const kept = async () => (await waitingHere()) + (await waitingHere(underWay));
    if (clears && (await kept().catch(() => 1)))
      return Response.redirect(new URL(LEAVE, world.origin).href, 303);
    const leaving = clears ? await person() : null;
    const answered = await answerElsewhere(request);
    // A refused password changes nothing about whose phone this is.
    const done = answered.type === "opaqueredirect" || answered.redirected || (out && answered.ok);
    if (leaving && done && (await clear(leaving.store))) complete.delete(leaving.store);
    if (request.method === "POST" && done) await identity.doubt(out);
    return answered;
  };

  return {
    /**
     * @param {Request} request
     * @param {() => void} [onSave] called before the answer to a save is given
     * @returns {Promise<Response> | null} null leaves the request to the browser
     */
    respond(request, onSave = () => {}) {
      const url = new URL(request.url);
      if (url.origin !== world.origin) return null;
      if (url.pathname.startsWith("/static/")) {
        return request.method === "GET" ? answerAsset(request, data, world) : null;
      }
      if (url.pathname === "/sign-in" || url.pathname === "/sign-out") {
        return answerDoor(request, url.pathname === "/sign-out");
      }
      if (url.pathname === RESCUE) return answerRescue(request);
      if (isField(router, url.pathname, request.method)) return answerField(request, onSave);
      return request.mode === "navigate" ? answerElsewhere(request) : null;
    },
  };
}
