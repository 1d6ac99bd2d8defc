// Clock: the phone's own time, the server's time measured against it, and how both are written.

/** Time and randomness come from here alone, so that a simulation can own them. */
export const world = {
  /** @returns {number} milliseconds since 1970 by the phone's clock */
  now: () => Date.now(),
  /** @param {number} count @returns {Uint8Array} random bytes */
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};

/**
 * The server's time as the phone knows it: its own clock plus the measured offset (P19).
 * @param {{offset: number}} store
 * @returns {number} milliseconds since 1970
 */
export function now(store) {
  return world.now() + store.offset;
}

/** @param {number} ms @returns {string} `2026-11-23T02:42:05Z` */
export function instant(ms) {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** @param {number} ms @returns {string} `2026-11-23T02:42:05.120Z` */
export function instantMs(ms) {
  return new Date(ms).toISOString();
}

/**
 * The offset after one exchange: the server read its clock somewhere within the round trip, so an offset that
 * agrees within half of it is kept and does not tremble (P19).
 * @param {number} held the offset so far, ms
 * @param {number} sent when the request left, phone clock
 * @param {number} heard when the answer came, phone clock
 * @param {number} server the answer's `now`, ms
 * @returns {number}
 */
export function measureOffset(held, sent, heard, server) {
  const half = (heard - sent) / 2;
  if (!(half >= 0 && half < 15_000)) return held;
  const measured = Math.round(server - sent - half);
  return Math.abs(measured - held) <= half ? held : measured;
}
