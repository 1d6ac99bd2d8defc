// Signature: brings the pad to a form that asks for one, and hands what is drawn to the form's draft.
//
// `<fieldset data-signature="address of the pad's script">` holds a canvas, a hidden input and a button to begin anew.

import htmx from "htmx.org";
import { keepDraft } from "./drafts.js";

/** @param {HTMLElement} part */
async function bring(part) {
  /** @param {string} what @returns {any} */
  const find = (what) => part.querySelector(what);
  const input = find("input");
  try {
    const { start } = await import(/** @type {string} */ (part.dataset.signature));
    const clear = start(find("canvas"), input.value, (/** @type {string} */ path) => {
      input.value = path;
      keepDraft(input.form);
    });
    find("[data-clear]").onclick = clear;
  } catch {
    find("[data-failed]").hidden = false;
  }
}

export function startSignatures() {
  htmx.onLoad((content) => {
    for (const part of /** @type {Element} */ (content).querySelectorAll("[data-signature]"))
      bring(/** @type {HTMLElement} */ (part));
  });
}
