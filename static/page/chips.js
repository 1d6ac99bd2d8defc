// Chips: buttons that fill fields of their form, such as a proposed time.
//
// `<button type="button" data-fill='{"note": "…", "phrases": ["well"]}'>`: field → value, or the values ticked.

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 * @param {string | string[]} value
 */
function setField(form, name, value) {
  const wanted = [value].flat().map(String);
  for (const field of form.elements) {
    const input = /** @type {HTMLInputElement} */ (field);
    if (input.name !== name) continue;
    if (input.type === "checkbox" || input.type === "radio") input.checked = wanted.includes(input.value);
    else input.value = wanted[0] ?? "";
  }
}

export function startChips() {
  document.addEventListener("click", (event) => {
    const chip = /** @type {HTMLElement | null} */ (
      /** @type {Element} */ (event.target).closest?.("[data-fill]")
    );
    const form = chip?.closest("form");
    if (!chip || !form) return;
    for (const [name, value] of Object.entries(JSON.parse(chip.dataset.fill ?? "{}")))
      setField(form, name, value);
    form.dispatchEvent(new Event("change", { bubbles: true }));
  });
}
