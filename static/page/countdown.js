// Countdown: the seconds left to undo, and the end of the line that offers it.
//
// `<time data-countdown="10" datetime="<instant of the save>">10</time>` inside a `[data-toast]`.

import htmx from "htmx.org";

/** When each save was first shown here, by its instant: the phone's clock may be wrong. @type {Map<string, number>} */
const firstShown = new Map();

/** @param {HTMLElement} time */
function tick(time) {
  if (!time.isConnected) return;
  const instant = time.getAttribute("datetime") ?? "";
  const from = firstShown.get(instant) ?? performance.now();
  firstShown.set(instant, from);
  const left = Number(time.dataset.countdown) - Math.floor((performance.now() - from) / 1000);
  if (left <= 0) {
    (time.closest("[data-toast]") ?? time).remove();
    return;
  }
  time.textContent = String(left);
  setTimeout(() => tick(time), 1000);
}

export function startCountdowns() {
  htmx.onLoad((content) => {
    const root = /** @type {Element} */ (content);
    for (const time of root.querySelectorAll("[data-countdown]")) tick(/** @type {HTMLElement} */ (time));
  });
}
