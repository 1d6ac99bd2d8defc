// Rescue: everything that waits on this phone, whoever saved it, as one file that can travel by any way (P8).

import { instantMs, world } from "./clock.js";
import { above } from "./store.js";
import { toWire } from "./wire.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {{user: string, name: string | null, device: string | null, epoch: string | null, ops: any[]}} Bundle
 */

/** What waits of one person, in order, as it would be sent. @param {Store} store @returns {Promise<Bundle>} */
function unsent(store) {
  return store.read(["ops", "meta"], async (tx) => {
    const meta = tx.objectStore("meta");
    const [outbox, sync] = [await meta.get("outbox"), await meta.get("sync")];
    const ops = outbox ? await tx.objectStore("ops").getAll(above(outbox.acked)) : [];
    return {
      user: store.user,
      name: sync?.me?.name ?? null,
      device: outbox?.device ?? null,
      epoch: sync?.epoch ?? null,
      ops: ops.map((/** @type {import("./overlay.js").Op} */ op) => toWire(op, outbox.base)),
    };
  });
}

/** @param {string} text */
async function sha256(text) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The file; null when nothing waits. It only reads, so that a full phone can still make it. `content` is text: with
 * another envelope it will be the same text encrypted.
 * @param {any} data
 * @param {import("./identity.js").Identity} identity
 * @returns {Promise<{name: string, text: string} | null>}
 */
export async function rescueFile(data, identity) {
  const users = await identity.everyone();
  const read = await Promise.allSettled(users.map(async (user) => unsent(await identity.openStore(user))));
  const persons = read.flatMap((one) =>
    one.status === "fulfilled" && one.value.ops.length ? one.value : [],
  );
  const unread = users.filter((_, at) => read[at].status === "rejected");
  if (!persons.length) {
    if (unread.length) throw new Error("a database can not be opened");
    return null;
  }
  const made = instantMs(world.now());
  const content = JSON.stringify({ app: data.version, made, persons, unread, files: [] });
  const whole = { rescue: 1, envelope: "none", content, sha256: await sha256(content) };
  const name = `${made.slice(0, 16).replace(/[-:]/g, "").replace("T", "-")}.fieldrescue`;
  return { name, text: JSON.stringify(whole) };
}
