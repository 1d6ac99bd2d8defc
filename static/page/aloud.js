// Aloud: a button that lets the phone read a text to who stands before it; hidden where the phone has no voice for it.
//
// The part holds the text, marked `data-text`, and the button. A second tap stops it, and so does leaving the page.

const voices = window.speechSynthesis;
const silence = () => voices?.cancel();
addEventListener("pagehide", silence);
document.addEventListener("htmx:beforeSwap", silence);

/** @param {string} text */
const languageOf = (text) => (/\p{Script=Han}/u.test(text) ? "zh-CN" : "en");

/** @param {HTMLElement} part */
export function start(part) {
  const button = /** @type {HTMLButtonElement} */ (part.querySelector("button"));
  const text = /** @type {HTMLElement} */ (part.querySelector("[data-text]")).innerText;
  const offer = () => {
    const spoken = voices?.getVoices().map(({ lang }) => lang.slice(0, 2)) ?? [];
    button.hidden = !spoken.includes(languageOf(text).slice(0, 2));
  };
  voices?.addEventListener?.("voiceschanged", offer);
  offer();
  button.onclick = () => {
    if (voices.speaking) return silence();
    const said = new SpeechSynthesisUtterance(text);
    said.lang = languageOf(text);
    voices.speak(said);
  };
}
