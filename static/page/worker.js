// Worker: registers the service worker, wakes its sending, and notices when a newer version has taken over.

/**
 * @typedef {object} Worker
 * @property {() => boolean} replaced whether a newer worker answers than the one this page came from
 */

import { author } from "./navigation.js";

const LOOK_FOR_UPDATE_EVERY = 60 * 60 * 1000;
const SEND_EVERY = 60 * 1000; // while something waits, which the worker knows
/** Outcomes after which "Send now" has done what it says. */
const SENT = ["done", "applied"];

/**
 * Ask the worker to exchange with the server now.
 * @param {string} reason
 * @returns {Promise<string>} what came of it
 */
async function run(reason) {
  const { active } = await navigator.serviceWorker.ready;
  const user = author();
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = (event) => resolve(event.data.code);
    // A page that was on its way while the worker took over all pages is nobody's: without a signal it would be lost.
    const claim = !navigator.serviceWorker.controller;
    active?.postMessage({ type: "run", reason, user, claim }, [port2]);
  });
}

/**
 * "Send now": the button is busy meanwhile, and words that the template holds say when nothing was reached.
 * @param {HTMLButtonElement} button
 */
async function sendNow(button) {
  button.setAttribute("aria-busy", "true");
  const code = await run("button");
  button.removeAttribute("aria-busy");
  for (const line of document.querySelectorAll("[data-run-failed]")) {
    /** @type {HTMLElement} */ (line).hidden = SENT.includes(code);
  }
}

/** Refused in private windows and by some in-app browsers: the server answers the same pages. */
function register() {
  navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" }).then(
    () => run("start"),
    () => {},
  );
}

/** @returns {Worker} */
export function startWorker() {
  const workers = navigator.serviceWorker;
  if (!workers) return { replaced: () => false };

  let controlled = Boolean(workers.controller);
  let replaced = false;
  workers.addEventListener("controllerchange", () => {
    replaced ||= controlled;
    controlled = true;
  });

  let looked = Date.now();
  const lookForUpdate = async () => {
    if (Date.now() - looked < LOOK_FOR_UPDATE_EVERY) return;
    looked = Date.now();
    const registration = await workers.ready;
    await registration.update().catch(() => {}); // no network: the next look finds it
  };

  if (document.readyState === "complete") register();
  else window.addEventListener("load", register, { once: true });
  window.addEventListener("online", () => run("online"));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    run("visible");
    lookForUpdate();
  });
  setInterval(() => document.visibilityState === "visible" && run("timer"), SEND_EVERY);
  document.addEventListener(
    "click",
    (event) => {
      const button = /** @type {Element} */ (event.target).closest?.("[data-run]");
      if (!button || !workers.controller) return;
      event.preventDefault();
      event.stopPropagation();
      sendNow(/** @type {HTMLButtonElement} */ (button));
    },
    true,
  );
  return { replaced: () => replaced };
}
