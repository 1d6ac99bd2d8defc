// Conditions: shows a part of a form only while other fields have the values it names.
//
// `<fieldset data-shown-if='{"outcome": ["met"]}'>`: every field named has one of its values.

import htmx from "htmx.org";

/** @param {HTMLElement} part */
function toggle(part) {
  const form = part.closest("form");
  if (!form) return;
  const values = new FormData(form);
  /** @type {Record<string, string[]>} */
  const condition = JSON.parse(part.dataset.shownIf || "null") ?? {};
  part.hidden = !Object.entries(condition).every(([name, wanted]) =>
    values.getAll(name).some((value) => wanted.includes(String(value))),
  );
}

/** @param {ParentNode} root */
function toggleAll(root) {
  for (const part of root.querySelectorAll("[data-shown-if]")) toggle(/** @type {HTMLElement} */ (part));
}

export function startConditions() {
  htmx.onLoad((content) => toggleAll(/** @type {Element} */ (content)));
  document.addEventListener("change", (event) => {
    const field = /** @type {any} */ (event.target);
    const form = field.form ?? field.closest?.("form");
    if (form) toggleAll(form);
  });
}
