// Ids: UUIDv7 made on the phone, so that what is made offline needs no server to name it.

import { world } from "./clock.js";

let lastMs = -1;
let counter = 0;

/**
 * A UUIDv7; ids made one after the other in one millisecond still sort in the order they were made.
 * @param {number} [ms] since 1970; the phone's clock when left out
 * @returns {string} canonical, 36 characters
 */
export function uuid7(ms = world.now()) {
  const bytes = world.bytes(16);
  counter = ms === lastMs ? (counter + 1) & 0xfff : ((bytes[6] & 7) << 8) | bytes[7];
  lastMs = ms;
  for (let i = 5, rest = ms; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  bytes[6] = 0x70 | (counter >> 8);
  bytes[7] = counter & 0xff;
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
