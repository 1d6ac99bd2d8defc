// Script: parts of a page that have a script of their own, fetched when a page first holds such a part.
//
// `<fieldset data-script="/static/build/signature-….js">`: the script's `start(part, keepDraft, process)` takes it over; where the
// script cannot be had, what is marked `data-failed` says so.

import htmx from "htmx.org";
import { keepDraft } from "./drafts.js";

/** @param {HTMLElement} part */
async function bring(part) {
  try {
    const { start } = await import(/** @type {string} */ (part.dataset.script));
    start(part, keepDraft, htmx.process);
  } catch {
    const line = /** @type {HTMLElement | null} */ (part.querySelector("[data-failed]"));
    if (line) line.hidden = false;
  }
}

export function startScripts() {
  htmx.onLoad((content) => {
    /** @type {Element} */ (content).querySelectorAll("[data-script]").forEach((part) => {
      bring(/** @type {HTMLElement} */ (part));
    });
  });
}
