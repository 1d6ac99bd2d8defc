// Lease: one runner at a time even where a tab froze with the lock, or where there are no locks (P6).

const LEASE_MS = 60_000;

/** Another runner has taken over: what this one still brings changes nothing. */
export class Superseded extends Error {
  name = "Superseded";
}

/**
 * @param {any} tx over "meta"
 * @param {string} token of the runner
 * @param {number} now
 * @param {boolean} sole the Web Lock is held: whoever left this lease behind is gone, or frozen
 * @returns {Promise<boolean>} false while another runner's lease lasts
 */
export async function claim(tx, token, now, sole) {
  const held = await tx.objectStore("meta").get("lease");
  // A lease from further ahead than it can last was written before the clock was set back.
  if (held && held.token !== token && !sole && now < held.until && held.until <= now + LEASE_MS) return false;
  await tx.objectStore("meta").put({ token, until: now + LEASE_MS }, "lease");
  return true;
}

/** Renew it, or stop here. @param {any} tx @param {string} token @param {number} now */
export async function renew(tx, token, now) {
  if ((await tx.objectStore("meta").get("lease"))?.token !== token) throw new Superseded();
  await tx.objectStore("meta").put({ token, until: now + LEASE_MS }, "lease");
}

/** @param {any} tx @param {string} token */
export async function release(tx, token) {
  if ((await tx.objectStore("meta").get("lease"))?.token === token)
    await tx.objectStore("meta").delete("lease");
}
