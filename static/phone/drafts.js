// Drafts: half-filled forms kept under their address, so that a killed browser loses no tap.

/** @typedef {import("./store.js").Store} Store */

/**
 * Writes under way, by address: a save waits for them, or a draft written late would come back after it.
 * @type {Map<string, Promise<unknown>>}
 */
const underWay = new Map();

/**
 * @param {Store} store
 * @param {string} path the form's address
 * @param {URLSearchParams} body as the page would send it
 */
export async function keepDraft(store, path, body) {
  /** @type {Record<string, string[]>} */
  const fields = {};
  for (const name of new Set(body.keys())) fields[name] = body.getAll(name);
  const written = settled(path).then(() => store.put("drafts", path, fields));
  const noted = written.catch(() => {});
  underWay.set(path, noted);
  try {
    await written;
  } finally {
    if (underWay.get(path) === noted) underWay.delete(path);
  }
}

/**
 * Resolves when no draft of this address is being written any more.
 * @param {string} path
 * @returns {Promise<unknown>}
 */
export function settled(path) {
  return underWay.get(path) ?? Promise.resolve();
}

/**
 * @param {Store} store
 * @param {string} path
 */
export async function dropDraft(store, path) {
  await settled(path);
  await store.remove("drafts", path);
}

/**
 * The draft as the page sent it; null when there is none.
 * @param {Store} store
 * @param {string} path
 * @returns {Promise<URLSearchParams | null>}
 */
export async function readDraft(store, path) {
  /** @type {Record<string, string[]> | undefined} */
  const fields = await store.get("drafts", path);
  if (!fields) return null;
  return new URLSearchParams(
    Object.entries(fields).flatMap(([name, texts]) => texts.map((text) => [name, text])),
  );
}
