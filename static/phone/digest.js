// Digest: for each channel how many records this phone holds, and a sum over their ids and versions (P16).

import { channels } from "./records.js";

/**
 * @typedef {import("./records.js").Fields} Fields
 * @typedef {Record<string, [number, number]>} Sums channel → count, and sum modulo 2³²
 */

const GOLDEN = 0x9e3779b1;

/** Whether every living record of a kind is held here, so that it can be counted on both sides. @param {any} kind */
export function counted(kind) {
  return Boolean(kind) && !kind.headBy && !kind.windowDays;
}

/** A record's part of the sum: the server's `digest.mark`. @param {string} id @param {number} version @returns {number} */
export function mark(id, version) {
  const low = Number(`0x${id.slice(28, 36) || "-"}`);
  const high = Number(`0x${id.slice(19, 23)}${id.slice(24, 28) || "-"}`);
  const known = !Number.isNaN(low) && !Number.isNaN(high);
  return Math.imul((known ? low : 0) ^ Math.imul(version, GOLDEN), (known ? high : 0) | 1) >>> 0;
}

/**
 * Count a record in, or out.
 * @param {Sums} sums changed in place
 * @param {any} data
 * @param {string} kind
 * @param {Fields} record as the server said it
 * @param {1 | -1} sign
 */
export function count(sums, data, kind, record, sign) {
  if (!counted(data.kinds[kind])) return;
  const part = mark(record.id, record.version);
  for (const channel of channels(data, kind, record)) {
    const [held, sum] = sums[channel] ?? [0, 0];
    sums[channel] = [held + sign, (sum + sign * part) >>> 0];
  }
}

/**
 * The channels in which this phone does not hold what the server says.
 * @param {Sums} held
 * @param {Sums} said
 * @returns {string[]}
 */
export function strayed(held, said) {
  return Object.keys(said).filter((channel) => {
    const [one, other] = [held[channel] ?? [0, 0], said[channel]];
    return one[0] !== other[0] || one[1] !== other[1];
  });
}
