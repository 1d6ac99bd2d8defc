// Router: which declared screen a path belongs to, with the values of its parameters.

/**
 * @typedef {object} Segment
 * @property {string} text the literal text, or the parameter's name
 * @property {boolean} open true for a parameter
 *
 * @typedef {{screen: any, params: Record<string, string>}} Match
 * @typedef {{match: (path: string) => Match | null}} Router
 */

const PARAMETER = /^<(\w+)>$/;

/**
 * @param {string} pattern such as `/units/<unit>`
 * @returns {Segment[]}
 */
function segments(pattern) {
  return pattern
    .slice(1)
    .split("/")
    .map((part) => {
      const found = PARAMETER.exec(part);
      if (!found && part.includes("<")) throw new Error(`${pattern}: a parameter is a whole segment`);
      return found ? { text: found[1], open: true } : { text: part, open: false };
    });
}

/**
 * Literal segments win over parameters, the leftmost first, as in Werkzeug.
 * @param {Segment[]} a
 * @param {Segment[]} b
 */
function byWeight(a, b) {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i].open !== b[i].open) return a[i].open ? 1 : -1;
  }
  return 0;
}

/**
 * A parameter's value; null when it is no value of one segment (empty, broken, or hiding a slash).
 * @param {string} part
 */
function decode(part) {
  try {
    const value = decodeURIComponent(part);
    return value === "" || value.includes("/") ? null : value;
  } catch {
    return null;
  }
}

/**
 * @param {Segment[]} pattern
 * @param {string[]} parts
 * @returns {Record<string, string> | null}
 */
function parameters(pattern, parts) {
  /** @type {Record<string, string>} */
  const params = {};
  for (let i = 0; i < pattern.length; i++) {
    const value = parts[i] === "" && !pattern[i].open ? "" : decode(parts[i]);
    if (value === null) return null;
    if (pattern[i].open) params[pattern[i].text] = value;
    else if (pattern[i].text !== value) return null;
  }
  return params;
}

/**
 * @param {{pattern: string}[]} screens
 * @returns {Router}
 */
export function createRouter(screens) {
  /** @type {Map<number, {pattern: Segment[], screen: any}[]>} */
  const byLength = new Map();
  for (const screen of screens) {
    const pattern = segments(screen.pattern);
    const same = byLength.get(pattern.length) ?? [];
    same.push({ pattern, screen });
    byLength.set(pattern.length, same);
  }
  for (const same of byLength.values()) same.sort((a, b) => byWeight(a.pattern, b.pattern));

  return {
    match(path) {
      const parts = path.slice(1).split("/");
      for (const { pattern, screen } of byLength.get(parts.length) ?? []) {
        const params = parameters(pattern, parts);
        if (params) return { screen, params };
      }
      return null;
    },
  };
}

/**
 * Fill `{place.id}` and the like in a declared URL.
 * @param {string} pattern
 * @param {(name: string) => unknown} lookup the value of a dotted name
 * @returns {string}
 */
export function fill(pattern, lookup) {
  return pattern.replace(/\{([\w.]+)\}/g, (_whole, name) => {
    return encodeURIComponent(String(lookup(name) ?? ""));
  });
}
