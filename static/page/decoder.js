// Decoder: a worker of its own that finds the QR code nearest to the middle of a picture; its answer alone may compile WebAssembly.

import { prepareZXingModule, readBarcodes } from "zxing-wasm/reader";

const world = /** @type {any} */ (globalThis);
// @ts-expect-error the build says where it lies
const WASM = /** @type {string} */ (FIELDAPP_WASM);
/** @type {any} */
const OPTIONS = { formats: ["QRCode"], maxNumberOfSymbols: 6, tryInvert: false };

prepareZXingModule({ overrides: { locateFile: () => WASM }, fireImmediately: true });

/** How far a code's middle is from the picture's. @param {any} code @param {ImageData} picture */
function away({ position }, { width, height }) {
  const corners = [position.topLeft, position.topRight, position.bottomLeft, position.bottomRight];
  const middle = (/** @type {"x" | "y"} */ side) => corners.reduce((sum, at) => sum + at[side], 0) / 4;
  return Math.hypot(middle("x") - width / 2, middle("y") - height / 2);
}

world.onmessage = async (/** @type {MessageEvent} */ { data: { id, picture } }) => {
  const found = await readBarcodes(picture, OPTIONS).catch(() => []);
  const [nearest] = found.filter((code) => code.isValid).sort((a, b) => away(a, picture) - away(b, picture));
  world.postMessage({ id, text: nearest?.text ?? null });
};
