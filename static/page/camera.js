// Camera: shrinks photos as they arrive and hands them to the form's draft.

import { draftOf, keepDraft } from "./drafts.js";
import { author } from "./navigation.js";
import { shrunk } from "./shrink.js";

/** A form whose save waits for the photo that is being shrunk. @type {EventTarget | null} */
let held = null;
/** A camera may throw the page out of memory: the draft comes first, if it is kept within this time. */
const DRAFT_WITHIN = 900;

/** @param {HTMLElement} part @param {string} hash */
function add(part, hash) {
  const blank = /** @type {HTMLTemplateElement} */ (part.querySelector("template"));
  const made = /** @type {HTMLElement} */ (blank.content.cloneNode(true));
  /** @type {HTMLInputElement} */ (made.querySelector("input")).value = hash;
  /** @type {HTMLImageElement} */ (made.querySelector("img")).src = `/photos/${hash}`;
  blank.before(made);
}

/** @param {HTMLElement} part @param {HTMLInputElement} input */
async function take(part, input) {
  const form = /** @type {HTMLFormElement} */ (input.form);
  const files = Array.from(input.files ?? []);
  input.value = ""; // the form sends names, not files
  const failed = /** @type {HTMLElement} */ (part.querySelector("[data-photo-failed]"));
  failed.hidden = true;
  part.setAttribute("aria-busy", "true");
  try {
    const room = Number(part.dataset.max) - part.querySelectorAll(".shot").length;
    for (const file of files.slice(0, room)) {
      const path = `/photos?for=${encodeURIComponent(draftOf(form))}&field=${input.name}`;
      const answer = await fetch(path, {
        method: "PUT",
        headers: { "Field-Author": author() },
        body: await shrunk(file),
      });
      if (answer.status !== 201) throw new Error(String(answer.status));
      add(part, await answer.text());
    }
  } catch {
    failed.hidden = false;
  }
  part.removeAttribute("aria-busy");
  if (held !== form) return keepDraft(form);
  held = null;
  form.requestSubmit?.();
}

export function startCamera() {
  /** @type {HTMLInputElement | null} */
  let opened = null;
  /** @param {Event} event @param {string} what @returns {[any, HTMLElement] | []} */
  const hit = (event, what) => {
    const found = /** @type {Element} */ (event.target).closest?.(what);
    const part = /** @type {HTMLElement | null} */ (found?.closest("[data-photos]") ?? null);
    return found && part ? [found, part] : [];
  };
  document.addEventListener(
    "submit",
    (event) => {
      if (!(/** @type {Element} */ (event.target).querySelector("[data-photos][aria-busy]"))) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      held = event.target;
    },
    true,
  );
  document.addEventListener("change", (event) => {
    const [input, part] = hit(event, "input[type=file]");
    if (input && part && input.files.length) take(part, input);
  });
  document.addEventListener("click", async (event) => {
    const [drop, part] = hit(event, "[data-drop]");
    if (drop && part) {
      const { form } = drop;
      drop.closest(".shot").remove();
      keepDraft(form);
    }
    const [input] = hit(event, "input[type=file]");
    if (!input || input === opened) {
      opened = null;
      return;
    }
    event.preventDefault();
    await Promise.race([keepDraft(input.form), new Promise((done) => setTimeout(done, DRAFT_WITHIN))]);
    opened = input;
    input.click();
  });
}
