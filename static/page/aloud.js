// Aloud: a button that lets the phone read a text to who stands before it; hidden where the phone has no voice for it.
//
// `<button type="button" data-read-aloud="id of the text" hidden>`: a second tap stops it, and so does leaving the page.

import htmx from "htmx.org";

const voices = window.speechSynthesis;

/** @param {HTMLElement} button */
const textOf = (button) => document.getElementById(button.dataset.readAloud ?? "")?.innerText ?? "";
/** @param {string} text */
const languageOf = (text) => (/\p{Script=Han}/u.test(text) ? "zh" : "en");

function offer() {
  for (const one of document.querySelectorAll("[data-read-aloud]")) {
    const button = /** @type {HTMLElement} */ (one);
    const language = languageOf(textOf(button));
    button.hidden = !voices?.getVoices().some(({ lang }) => lang.startsWith(language));
  }
}

export function startReadingAloud() {
  if (!voices) return;
  htmx.onLoad(() => {
    voices.cancel();
    offer();
  });
  voices.addEventListener?.("voiceschanged", offer);
  addEventListener("pagehide", () => voices.cancel());
  document.addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const button = /** @type {HTMLElement | null} */ (target.closest?.("[data-read-aloud]"));
    if (!button) return;
    if (voices.speaking) return voices.cancel();
    const said = new SpeechSynthesisUtterance(textOf(button));
    said.lang = languageOf(said.text) === "zh" ? "zh-CN" : "en";
    voices.speak(said);
  });
}
