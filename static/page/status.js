// Status: keeps the parts marked `data-live` (the header's status line among them) in step with the phone.

import htmx from "htmx.org";
import { address } from "./navigation.js";

const EVERY = 60 * 1000; // "3 min ago" grows older
const GATHER = 150;
const REST = 1000; // between two looks, whatever is told
/** A page is told of its own save about when it is answered; later than this it was another page's. */
const OWN = 1000;

let asking = false;
let due = false;
let looked = Number.NEGATIVE_INFINITY;
/** Own saves of which this page has not been told: their answers show them, so it need not look. */
let own = 0;

/** Whether what htmx tells is of a save. @param {any} event */
export const posts = (event) => event.detail.requestConfig.verb === "post";

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
  if (asking) return refreshSoon();
  if (document.visibilityState !== "visible" || !document.querySelector("[data-live][id]")) return;
  asking = true;
  const path = address();
  try {
    const answer = await fetch(path, { headers: { "HX-Request": "true" } });
    const html = await answer.text();
    if (answer.ok && path === address()) replaceLive(new DOMParser().parseFromString(html, "text/html"));
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
    if (event.data?.type === "cleared") location.assign("/sign-in?why=revoked");
    if (event.data?.type !== "changed") return;
    if (event.data.by === "save" && own > 0) own--;
    else refreshSoon();
  });
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (posts(event)) own++;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!posts(event)) return;
    setTimeout(() => {
      own = 0;
    }, OWN);
  });
  document.addEventListener("visibilitychange", refreshSoon);
  setInterval(refreshSoon, EVERY);
}
