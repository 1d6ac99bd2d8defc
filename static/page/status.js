// Status: keeps the parts marked `data-live` (the header's status line among them) in step with the phone.

import htmx from "htmx.org";

const EVERY = 60 * 1000; // "3 min ago" grows older
const GATHER = 150;
const REST = 1000; // between two looks, whatever is told
/** A screen this young was answered after the save that is being told about. */
const YOUNG = 1000;

let asking = false;
let due = false;
let looked = Number.NEGATIVE_INFINITY;
let arrived = performance.now();

/** @param {Document} fresh */
function replaceLive(fresh) {
  for (const old of document.querySelectorAll("[data-live][id]")) {
    const made = fresh.getElementById(old.id);
    if (!made || made.outerHTML === old.outerHTML || old.contains(document.activeElement)) continue;
    old.replaceWith(made);
    htmx.process(made);
  }
}

async function refresh() {
  due = false;
  looked = performance.now();
  if (asking || document.visibilityState !== "visible" || !document.querySelector("[data-live][id]")) return;
  asking = true;
  const path = location.pathname + location.search;
  try {
    const answer = await fetch(path, { headers: { "HX-Request": "true" } });
    const html = await answer.text();
    const moved = path !== location.pathname + location.search;
    if (answer.ok && !moved) replaceLive(new DOMParser().parseFromString(html, "text/html"));
  } catch {
    // no answer: what is shown stays
  } finally {
    asking = false;
  }
}

function refreshSoon() {
  if (due) return;
  due = true;
  setTimeout(refresh, Math.max(GATHER, looked + REST - performance.now()));
}

export function startStatus() {
  if (!("BroadcastChannel" in window)) return;
  new BroadcastChannel("fieldapp").addEventListener("message", (event) => {
    if (event.data?.type !== "changed") return;
    if (event.data.by === "save" && performance.now() - arrived < YOUNG) return;
    refreshSoon();
  });
  document.addEventListener("htmx:beforeRequest", () => {
    arrived = performance.now();
  });
  document.addEventListener("htmx:afterSettle", () => {
    arrived = performance.now();
  });
  document.addEventListener("visibilitychange", refreshSoon);
  setInterval(refreshSoon, EVERY);
}
