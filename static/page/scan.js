// Scan: reads a QR code with the camera or from a picture into its field, and sends the form.
//
// `<div data-script="…/scan-….js">` with a `video`, `[data-scan-start]`, `[data-scan-file]`, words for what goes wrong, and
// the field. The camera goes on from one screen to the next while these follow each other.

// @ts-expect-error the build says where it lies
const DECODER = /** @type {string} */ (FIELDAPP_DECODER);
/** A code that stays in view is read once. */
const SAME_FOR = 3000;
/** Without a screen that looks, the camera is let go after this time. */
const REST_AFTER = 1500;
/** Longer sides at which a picture is looked at, the quick one first. */
const SIZES = [800, 1600];

/** Parts of the screen that an answer changes: the field, the line of the last save, the header's status. */
const ANSWERS = ["read", "said", "status"];

/** @type {MediaStream | null} */
let stream = null;
/** @type {Worker | null} */
let worker = null;
/** @type {Map<number, (text: string | null) => void>} */
const asked = new Map();
let count = 0;
const last = { text: "", seen: 0 };
/** Whether the answer to a code is on its way, and the codes read meanwhile. */
let sent = false;
/** @type {string[]} */
const waiting = [];

/** @type {Promise<any>} the browser's own detector where it reads these codes, else null */
const own = (async () => {
  const Detector = /** @type {any} */ (globalThis).BarcodeDetector;
  const formats = (await Detector?.getSupportedFormats?.().catch(() => [])) ?? [];
  return formats.includes("qr_code") ? new Detector({ formats: ["qr_code"] }) : null;
})();

function begun() {
  if (worker) return worker;
  const made = new Worker(DECODER);
  made.onmessage = ({ data: { id, text } }) => {
    asked.get(id)?.(text);
    asked.delete(id);
  };
  made.onerror = () => {
    for (const answer of asked.values()) answer(null);
    asked.clear();
    worker = null;
  };
  worker = made;
  return made;
}

/** @param {ImageData} picture @returns {Promise<string | null>} */
function decoded(picture) {
  return new Promise((resolve) => {
    asked.set(++count, resolve);
    begun().postMessage({ id: count, picture }, [picture.data.buffer]);
  });
}

/** @param {any} source @param {number} width @param {number} height @param {number} longest @returns {ImageData} */
function drawn(source, width, height, longest) {
  const scale = Math.min(1, longest / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

/** @param {HTMLVideoElement} video @returns {Promise<string | null>} */
async function inView(video) {
  if (!video.videoWidth) return null;
  const detector = await own;
  if (detector) return (await detector.detect(video).catch(() => []))[0]?.rawValue ?? null;
  return decoded(drawn(video, video.videoWidth, video.videoHeight, SIZES[0]));
}

/** @param {File} file @returns {Promise<string | null>} */
async function inPicture(file) {
  const picture = await createImageBitmap(file);
  const detector = await own;
  for (const size of SIZES) {
    const text = detector
      ? (await detector.detect(picture).catch(() => []))[0]?.rawValue
      : await decoded(drawn(picture, picture.width, picture.height, size));
    if (text) return text;
  }
  return null;
}

/** @param {HTMLElement} part @param {boolean} wrong */
function say(part, wrong) {
  const line = /** @type {HTMLElement} */ (part.querySelector("[data-failed]"));
  line.hidden = !wrong;
}

/** @param {HTMLElement} part @param {string} text */
function send(part, text) {
  if (sent) return waiting.push(text);
  const field = /** @type {HTMLInputElement} */ (part.querySelector("input[name]"));
  field.value = text;
  field.form?.requestSubmit();
}

/**
 * The answer to a code: the screen stays, and with it the camera; what the answer says is put in its place.
 * @param {any} event
 * @param {(part: Element) => void} process
 */
function answered({ target, detail }, process) {
  if (target.id !== ANSWERS[0] || !detail.shouldSwap) return;
  detail.shouldSwap = false;
  const fresh = new DOMParser().parseFromString(detail.serverResponse, "text/html");
  // The screen is there no more, or not for this person: its address says so in words.
  if (!fresh.getElementById(target.id)) return location.assign(detail.xhr.responseURL);
  const focus = document.activeElement?.id;
  for (const id of ANSWERS) {
    const [old, made] = [document.getElementById(id), fresh.getElementById(id)];
    if (!old || !made) continue;
    old.replaceWith(made);
    process(made);
    made.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: made } }));
  }
  if (focus) document.getElementById(focus)?.focus();
}

/** One code after the other: an answer brings a new field, and would take the next code away with the old one. @param {any} event */
function follow({ type, detail }) {
  if (!detail.requestConfig.elt.querySelector("[data-scan-start]")) return;
  sent = type === "htmx:beforeRequest";
  const part = document.querySelector("[data-scan-start]")?.closest("[data-script]");
  const next = !sent && waiting.shift();
  if (part && next) send(/** @type {HTMLElement} */ (part), next);
}

/** @param {string} text */
function isNew(text) {
  const again = text === last.text && performance.now() - last.seen < SAME_FOR;
  Object.assign(last, { text, seen: performance.now() });
  return !again;
}

/** @param {HTMLElement} part */
async function look(part) {
  const video = /** @type {HTMLVideoElement} */ (part.querySelector("video"));
  try {
    stream ??= await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    return say(part, true);
  }
  video.srcObject = stream;
  video.hidden = false;
  await video.play().catch(() => {});
  while (part.isConnected && stream) {
    const text = await inView(video);
    if (text && part.isConnected && isNew(text)) send(part, text);
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  setTimeout(() => {
    if (document.querySelector("[data-scan-start]") && stream?.active) return;
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
  }, REST_AFTER);
}

let listens = false;

/**
 * @param {HTMLElement} part
 * @param {unknown} _keepDraft
 * @param {(part: Element) => void} process
 */
export function start(part, _keepDraft, process) {
  if (!listens) {
    document.addEventListener("htmx:beforeSwap", (event) => answered(event, process));
    document.addEventListener("htmx:beforeRequest", follow);
    document.addEventListener("htmx:afterRequest", follow);
  }
  listens = true;
  sent = false;
  waiting.length = 0;
  part.closest("form")?.setAttribute("hx-target", `#${ANSWERS[0]}`);
  const pair = /** @type {HTMLElement} */ (part.querySelector(".pair"));
  const file = /** @type {HTMLInputElement} */ (part.querySelector("[data-scan-file]"));
  pair.hidden = false;
  pair.querySelector("[data-scan-start]")?.addEventListener("click", () => look(part));
  file.addEventListener("change", async () => {
    const [picture] = file.files ?? [];
    if (!picture) return;
    part.setAttribute("aria-busy", "true");
    const text = await inPicture(picture).catch(() => null);
    part.removeAttribute("aria-busy");
    file.value = "";
    say(part, !text);
    if (text) send(part, text);
  });
  if (stream) look(part);
  // Compiled while the person still aims.
  own.then((detector) => detector ?? begun());
}
