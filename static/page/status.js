// Status: keeps the parts marked `data-live` (the header's status line among them) in step with the phone.

import htmx from "htmx.org";

/** @typedef {import("./worker.js").Worker} Worker */

const GATHER = 150;
const EVERY = 60 * 1000;

/** @type {number | undefined} */
let timer;
let asking = false;

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
  timer = undefined;
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
  timer ??= window.setTimeout(refresh, GATHER);
}

/** @param {Worker} _worker */
export function startStatus(_worker) {
  if (!("BroadcastChannel" in window)) return;
  new BroadcastChannel("fieldapp").addEventListener("message", (event) => {
    if (event.data?.type === "changed") refreshSoon();
  });
  document.addEventListener("visibilitychange", refreshSoon);
  setInterval(refreshSoon, EVERY); // "3 min ago" grows older
}
