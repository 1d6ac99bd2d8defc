// Worker: registers the service worker, wakes its sending, and notices when a newer version has taken over.

/**
 * @typedef {object} Worker
 * @property {() => boolean} replaced whether a newer worker answers than the one this page came from
 * @property {(reason: string) => void} run ask the worker to exchange now
 */

const LOOK_FOR_UPDATE_EVERY = 60 * 60 * 1000;

/** @returns {Worker} */
export function startWorker() {
  const workers = navigator.serviceWorker;
  if (!workers) return { replaced: () => false, run: () => {} };

  const answeredByWorker = Boolean(workers.controller);
  let replaced = false;
  let looked = Date.now();
  workers.addEventListener("controllerchange", () => {
    replaced = answeredByWorker;
  });

  /** @param {string} reason */
  const run = async (reason) => {
    const registration = await workers.ready;
    const user = /** @type {HTMLElement | null} */ (document.querySelector("[data-user]"))?.dataset.user;
    registration.active?.postMessage({ type: "run", reason, user });
  };

  const lookForUpdate = async () => {
    if (Date.now() - looked < LOOK_FOR_UPDATE_EVERY) return;
    looked = Date.now();
    const registration = await workers.ready;
    await registration.update().catch(() => {}); // no network: the next look finds it
  };

  const register = () => {
    // Refused in private windows and by some in-app browsers: the server answers the same pages.
    workers.register("/sw.js", { updateViaCache: "none" }).then(
      () => run("start"),
      () => {},
    );
  };
  if (document.readyState === "complete") register();
  else window.addEventListener("load", register, { once: true });

  window.addEventListener("online", () => run("online"));
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    run("visible");
    lookForUpdate();
  });
  document.addEventListener(
    "click",
    (event) => {
      const button = /** @type {Element} */ (event.target).closest?.("[data-run]");
      if (!button || !workers.controller) return;
      event.preventDefault();
      event.stopPropagation();
      run("button");
    },
    true,
  );

  return { replaced: () => replaced, run };
}
