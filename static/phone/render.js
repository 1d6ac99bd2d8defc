/** The runtime that answers: what the build bundled with the data (no more than the templates use), else all of it. */

import * as alphabet from "./alphabet.js";
import * as filters from "./filters.js";
import * as methods from "./methods.js";
import { createRuntime } from "./runtime.js";

const world = /** @type {any} */ (globalThis);

/** @type {ReturnType<typeof createRuntime>} */
export const { render, evaluate } =
  // The build says that the data brings it, and everything imported above stays out of the engine.
  /** @type {any} */ (globalThis).FIELDAPP_BUNDLED || world.FIELDAPP_DATA?.render
    ? world.FIELDAPP_DATA
    : createRuntime({ ...alphabet, F: filters, m: methods });
