// Chance: numbers that a seed decides; each concern draws from a stream of its own, so that leaving one out moves no other.

/** @param {string} text @returns {() => number} 32 bits at a time */
function mixed(text) {
  let h = 1779033703 ^ text.length;
  for (let i = 0; i < text.length; i++) {
    h = Math.imul(h ^ text.charCodeAt(i), 3432918353);
    h = (h << 13) | (h >>> 19);
  }
  return () => {
    h = Math.imul(h ^ (h >>> 16), 2246822507);
    h = Math.imul(h ^ (h >>> 13), 3266489909);
    h ^= h >>> 16;
    return h >>> 0;
  };
}

export class Chance {
  /** @param {string | number} seed @param {string} stream */
  constructor(seed, stream) {
    const next = mixed(`${seed} ${stream}`);
    [this.a, this.b, this.c, this.d] = [next(), next(), next(), next()];
  }

  /** 32 random bits (sfc32). */
  bits() {
    const t = (((this.a + this.b) | 0) + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t;
    return t >>> 0;
  }

  /** 0 ≤ r < 1 */
  real() {
    return this.bits() / 4294967296;
  }

  /** A whole number, both ends included. @param {number} low @param {number} high */
  int(low, high) {
    return low + Math.floor(this.real() * (high - low + 1));
  }

  /** @param {number} chance */
  hit(chance) {
    return this.real() < chance;
  }

  /** @template T @param {T[]} from @returns {T} */
  pick(from) {
    return from[Math.floor(this.real() * from.length)];
  }

  /** One of the names, each with its weight. @param {Record<string, number>} weights */
  weighted(weights) {
    let at = this.real() * Object.values(weights).reduce((sum, one) => sum + one, 0);
    for (const [name, weight] of Object.entries(weights)) {
      at -= weight;
      if (at < 0) return name;
    }
    return Object.keys(weights)[0];
  }

  /** @param {Uint8Array} array */
  fill(array) {
    for (let i = 0; i < array.length; i++) array[i] = this.bits() & 255;
    return array;
  }

  /** @param {number} ms */
  uuid(ms) {
    const hex = ms.toString(16).padStart(12, "0");
    const tail = Array.from(this.fill(new Uint8Array(10)), (one) => one.toString(16).padStart(2, "0")).join(
      "",
    );
    return `${hex.slice(0, 8)}-${hex.slice(8)}-7${tail.slice(1, 4)}-8${tail.slice(5, 8)}-${tail.slice(8, 20)}`;
  }
}
