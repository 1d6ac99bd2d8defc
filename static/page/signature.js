// Signature: the pad that a signature is drawn on, in a part of a form that also holds its hidden input and a button to
// begin anew. What was drawn is kept as the path data that `fieldapp/declare/signature.py` describes.

import SignaturePad from "signature_pad";

const WIDTH = 600;
const HEIGHT = 240;
const LONGEST = 6000; // characters

/** @typedef {number[][]} Stroke points in units of the box */

/** @param {string} path @returns {Stroke[]} */
function strokes(path) {
  return path
    .split("M")
    .slice(1)
    .map((one) => (one.match(/\d+ \d+/g) ?? []).map((point) => point.split(" ").map(Number)));
}

/** Points that say nothing new are left out; a tap is a stroke of two equal points. @param {Stroke} points @returns {Stroke} */
function plain(points) {
  const kept = points.filter(([x, y], at) => !at || x !== points[at - 1][0] || y !== points[at - 1][1]);
  return kept.length > 1 ? kept : [points[0], points[0]];
}

/** Every second point goes until the whole is short enough. @param {Stroke[]} drawn @returns {string} */
function path(drawn) {
  const text = drawn.map((points) => `M${points.map((point) => point.join(" ")).join(" ")}`).join("");
  const most = Math.max(...drawn.map((points) => points.length));
  if (text.length <= LONGEST || most < 3) return text.slice(0, LONGEST);
  return path(drawn.map((points) => points.filter((_point, at) => at % 2 === 0 || at === points.length - 1)));
}

/**
 * @param {HTMLElement} part
 * @param {(form: HTMLFormElement) => unknown} keepDraft
 */
export function start(part, keepDraft) {
  const canvas = /** @type {HTMLCanvasElement} */ (part.querySelector("canvas"));
  const input = /** @type {HTMLInputElement} */ (part.querySelector("input"));
  /** @param {string} drawn */
  const keep = (drawn) => {
    input.value = drawn;
    keepDraft(/** @type {HTMLFormElement} */ (input.form));
  };
  const pen = { minWidth: 1.5, maxWidth: 1.5, dotSize: 1.5 };
  const pad = new SignaturePad(canvas, pen);
  const unit = () => canvas.clientWidth / WIDTH;
  /** @param {number} value @param {number} most */
  const within = (value, most) => Math.min(most - 1, Math.max(0, Math.round(value / unit())));

  const fit = () => {
    if (!canvas.clientWidth) return; // while another way to sign is chosen
    const ratio = Math.max(window.devicePixelRatio, 1);
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    canvas.getContext("2d")?.scale(ratio, ratio);
    pad.penColor = getComputedStyle(canvas).color;
    const time = 0;
    const groups = strokes(input.value).map((points) => ({
      ...pen,
      penColor: pad.penColor,
      compositeOperation: pad.compositeOperation,
      velocityFilterWeight: pad.velocityFilterWeight,
      points: points.map(([x, y]) => ({ x: x * unit(), y: y * unit(), pressure: 0.5, time })),
    }));
    pad.fromData(groups);
  };
  pad.addEventListener("endStroke", () => {
    const drawn = pad.toData().map(({ points }) => {
      return plain(points.map(({ x, y }) => [within(x, WIDTH), within(y, HEIGHT)]));
    });
    keep(path(drawn));
  });
  new ResizeObserver(fit).observe(canvas);
  /** @type {HTMLElement} */ (part.querySelector("[data-clear]")).onclick = () => {
    pad.clear();
    keep("");
  };
}
