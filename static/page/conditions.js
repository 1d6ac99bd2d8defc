// Conditions: shows a part of a form only while other fields have the values it names.
//
// `<fieldset data-shown-if='{"outcome": ["met"]}'>`: every field named has one of its values.

import htmx from "htmx.org";

/** @param {HTMLElement} part @param {Map<Element | null, FormData>} read what each form says, read once */
function toggle(part, read) {
  const form = part.closest("form");
  if (!form) return;
  const values = read.get(form) ?? new FormData(form);
  read.set(form, values);
  /** @type {Record<string, string[]>} */
  const condition = JSON.parse(part.dataset.shownIf || "null") ?? {};
  part.hidden = !Object.entries(condition).every(([name, wanted]) =>
    values.getAll(name).some((value) => wanted.includes(String(value))),
  );
}

/** @param {ParentNode} root */
function toggleAll(root) {
  const read = new Map();
  for (const part of root.querySelectorAll("[data-shown-if]"))
    toggle(/** @type {HTMLElement} */ (part), read);
}

export function startConditions() {
  htmx.onLoad((content) => toggleAll(/** @type {Element} */ (content)));
  document.addEventListener("change", (event) => {
    const field = /** @type {any} */ (event.target);
    const form = field.form ?? field.closest?.("form");
    if (form) toggleAll(form);
  });
}
