// Phone: decides for each request whether the phone answers it or the network does.

import { answerAsset } from "./assets.js";
import { standing, waiting } from "./outbox.js";
import { answer, isField, offlinePage, problemPage, wantsFragment } from "./pages.js";
import { createRouter } from "./router.js";

/**
 * @typedef {import("./identity.js").Identity} Identity
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
      console.error(error);
      if (request.method === "GET") {
        const elsewhere = await world.fetch(request).catch(() => null);
        if (elsewhere) return elsewhere;
      }
      return problemPage(phone, 500, { url: new URL(request.url), fragment: wantsFragment(request) });
    }
  };

  /**
   * While the first pull is under way the server knows more; but never ask it about what waits only here.
   * @param {Person} phone
   * @param {Request} request
   */
  const serverFirst = async (phone, request) => {
    if ((await waiting(phone.store)).count) return answerHere(phone, request);
    const slow = world.pause(SERVER_FIRST).then(() => null);
    const there = await Promise.race([world.fetch(request.clone()).catch(() => null), slow]);
    return there ?? answerHere(phone, request);
  };

  /**
   * @param {Request} request
   * @param {() => void} onSave
   */
  const answerField = async (request, onSave) => {
    const phone = await person().catch((error) => {
      console.error(error);
      return null;
    });
    if (!phone) return world.fetch(request);
    if (request.method === "GET") {
      return (await isComplete(phone)) ? answerHere(phone, request) : serverFirst(phone, request);
    }
    const again = request.clone();
    const made = await answerHere(phone, request);
    // What this phone does not hold (yet), or what was saved before it answered, is the server's to answer.
    if (made === null || (made.status === 404 && !(await isComplete(phone)))) return world.fetch(again);
    if (request.method === "POST" && made.status < 400) onSave();
    return made;
  };

  /**
   * Signing in or out: the server's, but afterwards this phone must ask who it belongs to.
   * @param {Request} request
   * @param {boolean} out
   */
  const answerDoor = async (request, out) => {
    const answered = await world.fetch(request);
    const done = answered.type === "opaqueredirect" || answered.redirected || answered.ok;
    if (request.method === "POST") await identity.doubt(out && done);
    return answered;
  };

  /** @param {Request} request */
  const answerElsewhere = async (request) => {
    try {
      return await world.fetch(request);
    } catch (error) {
      const phone = await person().catch(() => null);
      if (!phone) throw error;
      return offlinePage(phone, new URL(request.url));
    }
  };

  return {
    /**
     * @param {Request} request
     * @param {() => void} onSave called before the answer to a save is given
     * @returns {Promise<Response> | null} null leaves the request to the browser
     */
    respond(request, onSave) {
      const url = new URL(request.url);
      if (url.origin !== world.origin) return null;
      if (url.pathname.startsWith("/static/")) {
        return request.method === "GET" ? answerAsset(request, world) : null;
      }
      if (url.pathname === "/sign-in" || url.pathname === "/sign-out") {
        return answerDoor(request, url.pathname === "/sign-out");
      }
      if (isField(router, url.pathname, request.method)) return answerField(request, onSave);
      return request.mode === "navigate" && request.method === "GET" ? answerElsewhere(request) : null;
    },
  };
}
