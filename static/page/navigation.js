// Navigation: by fragment through htmx, with back and forward, focus on the new heading, and nothing kept in a cache.

/** @typedef {import("./worker.js").Worker} Worker */

/** The phone answers at once; a browser's store has been seen to answer never. In milliseconds. */
const PATIENCE = 90_000;

const screen = () => document.getElementById("app");
const here = () => location.pathname + location.search;

/** Where each address was scrolled to, for back and forward; gone with the page. @type {Map<string, number>} */
const scrolled = new Map();
/** The address shown now; `location` is the one before until it is painted, and the next one when the browser goes back. */
let shown = here();
let late = false;

export const address = () => shown;

/** Whose page this is: since it came, somebody else may have signed in. Empty where nobody has. */
export const author = () =>
  /** @type {HTMLElement | null} */ (document.querySelector("[data-user]"))?.dataset.user ?? "";

/** Tells the browser where we are; a refused form is no step of its own. */
function step() {
  if (late && shown !== here()) history.pushState({ htmx: true }, "", shown);
  late = false;
}

/** What the browser then writes down takes as long as a screen's layout: it comes once the screen is painted. */
function stepOncePainted() {
  late = true;
  requestAnimationFrame(() => setTimeout(step));
}

/** A theme or language chosen on this page takes effect at once: the screen carries both, the document shows them. */
function dressDocument() {
  const dressed = /** @type {HTMLElement | null} */ (screen()?.querySelector("[data-theme]"));
  if (!dressed) return;
  document.documentElement.dataset.theme = dressed.dataset.theme;
  if (dressed.lang) document.documentElement.lang = dressed.lang;
}

/** Whether a field has the focus. */
const fieldInUse = () => document.activeElement?.matches("input, textarea, select");

/** Bring a screen reader to what is new: the first wrong field, else the heading; a field with the focus keeps it. */
function focusNew() {
  const root = screen();
  if (!root) return;
  const wrong = /** @type {HTMLElement | null} */ (root.querySelector("[aria-invalid='true']"));
  if (wrong) return wrong.focus();
  if (root.contains(document.activeElement) && fieldInUse()) return;
  const heading = root.querySelector("h1");
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

/** Nobody answered, or only for somebody else: what that means for a page, or for a save. @param {string} [shown] its id */
function showUnanswered(shown) {
  for (const id of ["unreachable", "unsaved", "another"]) {
    const notice = document.getElementById(id);
    if (notice) notice.hidden = id !== shown;
  }
}

/** @param {Worker} worker */
export function startNavigation(worker) {
  if ("scrollRestoration" in history) history.scrollRestoration = "manual";
  const on = (/** @type {string} */ name, /** @type {(event: any) => void} */ act) =>
    document.addEventListener(name, act);

  on("htmx:beforeRequest", (event) => {
    const { requestConfig, boosted, xhr } = event.detail;
    showUnanswered();
    xhr.setRequestHeader("Field-Author", author());
    if (navigator.serviceWorker?.controller) {
      xhr.timeout = PATIENCE;
      xhr.ontimeout = xhr.onerror;
    }
    if (boosted && requestConfig.verb === "get" && worker.replaced()) {
      event.preventDefault(); // the new version brings its own style and script
      location.assign(event.detail.pathInfo.finalRequestPath);
    }
  });
  on("htmx:sendError", ({ detail }) =>
    showUnanswered(detail.requestConfig.verb === "get" ? "unreachable" : "unsaved"),
  );

  on("htmx:beforeSwap", (event) => {
    const { xhr, boosted, requestConfig } = event.detail;
    if (xhr.status === 409) {
      event.detail.shouldSwap = false;
      return showUnanswered("another");
    }
    // What has the focus as it goes makes the browser lay out the old screen and the new one together.
    if (event.target === screen() && !fieldInUse()) /** @type {any} */ (document.activeElement)?.blur();
    // A whole page (sign-in after a session's end, a page of the server alone) is not put inside another one.
    if (!boosted || !/^\s*<!doctype/i.test(event.detail.serverResponse)) return;
    event.detail.shouldSwap = false;
    const path = xhr.responseURL || event.detail.pathInfo.finalRequestPath;
    if (requestConfig.verb === "get" || xhr.responseURL !== requestConfig.path) location.assign(path);
    else location.reload();
  });

  on("htmx:beforeHistoryUpdate", (event) => {
    step();
    scrolled.set(shown, window.scrollY);
    shown = event.detail.history.path;
    stepOncePainted();
  });

  on("htmx:afterSettle", (event) => {
    if (event.target !== screen()) return;
    dressDocument();
    focusNew();
  });

  on("htmx:historyCacheMiss", () => scrolled.set(shown, window.scrollY));
  on("htmx:historyRestore", () => {
    shown = here();
    dressDocument();
    focusNew();
    window.scrollTo(0, scrolled.get(shown) ?? 0);
  });
  on("htmx:historyCacheMissLoadError", () => location.reload());

  // A page kept whole by the browser would save under a used id: show it anew.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
}
