// Drafts: keeps what is entered in a `form[data-draft]` after each tap, so that a killed browser loses nothing.

import { author } from "./navigation.js";

const TYPING_PAUSE = 300;

/** Forms whose draft is still to be written, each with its timer. @type {Map<HTMLFormElement, number>} */
const due = new Map();

/** @param {EventTarget | null} target */
function draftForm(target) {
  const field = /** @type {any} */ (target);
  const form = /** @type {HTMLFormElement | null} */ (field?.form ?? field?.closest?.("form") ?? null);
  return form?.matches("[data-draft]") ? form : null;
}

/** The address that a form's draft is kept under. @param {HTMLFormElement} form */
export function draftOf(form) {
  return form.dataset.draft || new URL(form.action || location.href, location.href).pathname;
}

/**
 * Says beside the form, in words the template holds, whether the draft is kept.
 * @param {HTMLFormElement} form
 * @param {boolean} kept
 */
function say(form, kept) {
  const scope = form.querySelector("[data-draft-state]") ? form : document;
  for (const line of scope.querySelectorAll("[data-draft-state]")) {
    /** @type {HTMLElement} */ (line).hidden = !kept;
  }
}

/** @param {HTMLFormElement} form */
export async function keepDraft(form) {
  forget(form);
  const texts = Array.from(new FormData(form)).filter(([, value]) => typeof value === "string");
  const body = new URLSearchParams(/** @type {any} */ (texts));
  try {
    const answer = await fetch(`/drafts?for=${encodeURIComponent(draftOf(form))}`, {
      method: "PUT",
      headers: { "Field-Author": author() },
      body,
      keepalive: true,
    });
    say(form, answer.ok);
  } catch {
    say(form, false);
  }
}

/** @param {HTMLFormElement} form */
function forget(form) {
  clearTimeout(due.get(form));
  due.delete(form);
}

export function startDrafts() {
  document.addEventListener("change", (event) => {
    const form = draftForm(event.target);
    if (form) keepDraft(form);
  });
  document.addEventListener("input", (event) => {
    const form = draftForm(event.target);
    if (!form) return;
    clearTimeout(due.get(form));
    due.set(
      form,
      window.setTimeout(() => keepDraft(form), TYPING_PAUSE),
    );
  });
  // What is being saved needs no draft: one written late would come back after the save.
  document.addEventListener("submit", (event) => forget(/** @type {HTMLFormElement} */ (event.target)), true);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") for (const form of due.keys()) keepDraft(form);
  });
}
