// Assets: the style, scripts and icons of one version of the app, kept for answering without a network.

const PREFIX = "assets-";

/**
 * @typedef {{version: string, assets: string[], later?: string[]}} Shipped `later`: what is fetched in the background
 * @typedef {{caches: CacheStorage, fetch: typeof globalThis.fetch}} World
 */

/** @param {Shipped} data */
function cacheName(data) {
  return PREFIX + data.version;
}

/**
 * What a captive portal answers is a page, with 200: it must never be kept as a style or a script (P5).
 * @param {string} path
 * @param {Response} answer
 */
function isGenuine(path, answer) {
  if (!answer.ok || answer.redirected) return false;
  const type = answer.headers.get("Content-Type") ?? "";
  return path.endsWith(".html") || !type.startsWith("text/html");
}

/**
 * Keep every asset of this version; an update brings those for later too, so that nothing is gone without a network.
 * Fails as a whole when one is missing: a half-kept version would break the app without a network.
 * @param {Shipped} data
 * @param {World} world
 */
export async function keepAssets(data, world) {
  const names = await world.caches.keys();
  await keep(data, data.assets, world);
  if (names.some((name) => name.startsWith(PREFIX) && name !== cacheName(data))) await keepLater(data, world);
}

/** What the first day without a network does not wait for. @param {Shipped} data @param {World} world */
export function keepLater(data, world) {
  return keep(data, data.later ?? [], world);
}

/**
 * Before the first answer in a language: its texts. Where they can not be had, the worker's own language is spoken.
 * @param {Shipped & {catalogs: Record<string, any>, catalog: Function, languages?: Record<string, string>}} data
 * @param {string} locale
 * @param {World} world
 * @returns {Promise<string>} the language that is spoken
 */
export async function speak(data, locale, world) {
  const path = data.languages?.[locale];
  if (!path || data.catalogs[locale]) return locale;
  try {
    await keep(data, [path], world);
    const kept = /** @type {Response} */ (await world.caches.match(path));
    data.catalogs[locale] = data.catalog(...(await kept.json()));
    return locale;
  } catch {
    return Object.keys(data.catalogs)[0];
  }
}

/**
 * The names carry a hash, so what an older version kept is not fetched again.
 * @param {Shipped} data
 * @param {string[]} paths
 * @param {World} world
 */
async function keep(data, paths, { caches, fetch }) {
  const cache = await caches.open(cacheName(data));
  await Promise.all(
    paths.map(async (path) => {
      const held = await caches.match(path);
      const answer = held ?? (await fetch(path));
      if (!isGenuine(path, answer)) throw new Error(`${path}: not the asset (${answer.status})`);
      await cache.put(path, answer);
    }),
  );
}

/**
 * Drop what other versions kept.
 * @param {Shipped} data
 * @param {CacheStorage} caches
 */
export async function dropOldAssets(data, caches) {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(PREFIX) && name !== cacheName(data));
  await Promise.all(old.map((name) => caches.delete(name)));
}

/**
 * From what is kept, else from the network; what the build did not list (an icon) is kept when it first passes.
 * @param {Request} request
 * @param {Shipped} data
 * @param {World} world
 * @returns {Promise<Response>}
 */
export async function answerAsset(request, data, { caches, fetch }) {
  const held = await caches.match(request);
  if (held) return held;
  const answer = await fetch(request);
  if (answer.status === 200 && isGenuine(new URL(request.url).pathname, answer)) {
    const cache = await caches.open(cacheName(data));
    await cache.put(request, answer.clone());
  }
  return answer;
}
