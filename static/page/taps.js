// Taps: one on a list whose form is still being answered (a door, a name on the roll) is done after that answer, if the
// list is still shown.
//
// htmx lets it go: the answer replaces the form that it was for.

import { posts } from "./status.js";

/** @type {EventTarget | null} the form whose answer is on its way */
let sent = null;
/** The button that sent it. */
let tapped = "";
/** Buttons tapped since. @type {Set<string>} */
const later = new Set();

/** The same on the screen that comes. @param {HTMLButtonElement} button */
const name = (button) => button.formAction + button.value;

export function startTaps() {
  document.addEventListener(
    "submit",
    ({ target, submitter }) => {
      if (!submitter?.hasAttribute("formaction")) return;
      const button = name(/** @type {HTMLButtonElement} */ (submitter));
      if (target === sent && button !== tapped) later.add(button);
      else [sent, tapped] = [target, button];
    },
    true,
  );
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!posts(event)) return;
    sent = null;
    for (const button of later) {
      later.delete(button);
      const again = Array.from(document.querySelectorAll("[formaction]")).find(
        (one) => name(/** @type {HTMLButtonElement} */ (one)) === button,
      );
      if (again) return /** @type {HTMLButtonElement} */ (again).click();
    }
  });
}
