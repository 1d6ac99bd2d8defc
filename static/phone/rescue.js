// Rescue: everything that waits on this phone, whoever saved it, as one file that can travel by any way (P8).

import { onTheirWay, sha256, underWay } from "./attachments.js";
import { instantMs, world } from "./clock.js";
import { above } from "./store.js";
import { toWire } from "./wire.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {{user: string, name: string | null, device: string | null, epoch: string | null, ops: any[]}} Bundle
 * @typedef {{user: string, hash: string, base64: string}} File an attachment
 */

/** So much text may the attachments of a file be: a phone has to hold it whole, and the server takes 20 MiB of JSON. */
const ROOM = 12 * 1024 * 1024;
/** What a character of the operations costs at most, escaped and in UTF-8. */
const DEAREST = 4;
/** Bytes in base64. */
const GROWS = 1.34;

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

/**
 * What waits of attachments, the oldest first, as far as there is room; how many were left out.
 * @param {Store[]} stores
 * @param {number} room
 */
async function attached(stores, room) {
  /** @type {File[]} */
  const files = [];
  let left = 0;
  for (const store of stores) {
    for (const { hash, size } of await store.read(["blobs"], onTheirWay)) {
      const text = size * GROWS < room ? base64(new Uint8Array(await store.get("bytes", hash))) : "";
      if (text) files.push({ user: store.user, hash, base64: text });
      else left += 1;
      room -= text.length;
    }
  }
  return { files, left };
}

/** @param {Uint8Array} bytes */
function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000)
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
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
  const read = await Promise.allSettled(
    users.map(async (user) => {
      const store = await identity.openStore(user);
      return { store, bundle: await unsent(store), photos: await underWay(store) };
    }),
  );
  const found = read.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  const waits = found.filter(({ bundle, photos }) => bundle.device && (bundle.ops.length || photos));
  const persons = waits.map(({ bundle }) => bundle);
  const unread = users.filter((_, at) => read[at].status === "rejected");
  if (!persons.length) {
    if (unread.length) throw new Error("a database can not be opened");
    return null;
  }
  const made = instantMs(world.now());
  const room = ROOM - DEAREST * JSON.stringify(persons).length;
  const { files, left } = await attached(
    waits.map(({ store }) => store),
    room,
  );
  const content = JSON.stringify({ app: data.version, made, persons, unread, files, left });
  const whole = { rescue: 1, envelope: "none", content, sha256: await sha256(content) };
  const name = `${made.slice(0, 16).replace(/[-:]/g, "").replace("T", "-")}.fieldrescue`;
  return { name, text: JSON.stringify(whole) };
}
