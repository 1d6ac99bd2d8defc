// Desk: the keyboard at the review: j and k (or arrows) walk the queue, a number presses the button that shows it; on a
// narrow screen the page's own name is in sight among the others.

const rows = () => /** @type {HTMLAnchorElement[]} */ ([...document.querySelectorAll("#queue a.q")]);

/** @param {number} step */
function walk(step) {
  const all = rows();
  const active = /** @type {any} */ (document.activeElement);
  const from = all.includes(active) ? all.indexOf(active) : all.findIndex((row) => row.ariaCurrent);
  const next = all[Math.min(all.length - 1, Math.max(0, from + step))];
  next?.focus();
}

/** @param {string} number */
function press(number) {
  const button = /** @type {HTMLElement | null} */ (document.querySelector(`[data-key="${number}"]`));
  button?.focus();
  button?.click();
}

const WALKS = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

document.addEventListener("keydown", (event) => {
  const at = /** @type {Element} */ (event.target);
  if (event.ctrlKey || event.altKey || event.metaKey || at.closest("input, textarea, select")) return;
  const step = WALKS[/** @type {keyof typeof WALKS} */ (event.key)];
  const scrolls = event.key.startsWith("Arrow") && !at.closest("#queue");
  if (step && !scrolls) {
    event.preventDefault();
    walk(step);
  } else if (/^[1-9]$/.test(event.key)) press(event.key);
});

const names = document.querySelector(".side nav");
const here = /** @type {HTMLElement | null} */ (names?.querySelector("[aria-current]"));
if (names && here) names.scrollLeft = here.offsetLeft - (names.clientWidth - here.offsetWidth) / 2;
