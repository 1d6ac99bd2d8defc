// World: the one clock, the one queue of things to come, and the one place that decides what runs next.

import { createHash } from "node:crypto";
import { Chance } from "./chance.mjs";

const turnOfNode = globalThis.setImmediate;

/** All that follows from what just ran has run. */
const turn = () => new Promise((done) => turnOfNode(done));

/** The world whose history is under way; storage of the phones asks it for its turns. @type {World | null} */
let underWay = null;

// The storage under the phones (fake-indexeddb) takes each of its steps when the world says so.
globalThis.setImmediate = /** @type {any} */ (
  (step, ...given) => {
    if (!underWay?.current) throw new Error("a step of nobody's storage");
    underWay.current.steps.push(() => step(...given));
  }
);

export class World {
  now = Date.parse("2026-11-23T01:00:00.000Z");
  /** @type {{at: number, order: number, boot: any, run: () => void}[]} */
  calendar = [];
  /** @type {any[]} */
  boots = [];
  /** Whose code runs now. @type {any} */
  current = null;
  /** @type {string[]} */
  trace = [];
  hash = createHash("sha256");
  order = 0;
  problems = [];
  taken = 0;

  /** @param {string | number} seed */
  constructor(seed) {
    this.seed = seed;
    this.schedule = this.chance("schedule");
    underWay = this;
  }

  /** @param {string} stream */
  chance(stream) {
    return new Chance(this.seed, stream);
  }

  /** @param {string} who @param {string} what */
  note(who, what) {
    const line = `${new Date(this.now).toISOString().slice(8, 23)} ${who}: ${what}`;
    this.trace.push(line);
    this.hash.update(line);
  }

  /** What no check of the end would see any more. @param {string} what */
  problem(what) {
    this.note("PROBLEM", what);
    this.problems.push(what);
  }

  /**
   * Something that will happen; it does not when the boot it belongs to is over.
   * @param {number} ms from now
   * @param {any} boot
   * @param {() => void} run
   */
  later(ms, boot, run) {
    const event = { at: this.now + Math.max(0, Math.floor(ms)), order: this.order++, boot, run };
    let i = this.calendar.length;
    while (i > 0 && this.calendar[i - 1].at > event.at) i--;
    this.calendar.splice(i, 0, event);
    return event;
  }

  /** @param {any} event */
  cancel(event) {
    const at = this.calendar.indexOf(event);
    if (at >= 0) this.calendar.splice(at, 1);
  }

  /** Run as this boot, now; what follows from it belongs to it as well. @param {any} boot @param {() => void} run */
  as(boot, run) {
    this.current = boot;
    run();
  }

  /** Go on until `done` says so, or nothing is left to happen. @param {() => boolean} done */
  async go(done) {
    for (let idle = 0; !done(); ) {
      await turn();
      if (done()) return;
      if (++idle > 400_000) throw new Error("the history does not end");
      const busy = this.boots.filter((boot) => boot.steps.length);
      const next = this.calendar[0];
      if (busy.length && !(next && next.at <= this.now)) this.#step(this.schedule.pick(busy));
      else if (next) this.#event(next);
      else return;
    }
  }

  /** One step of one phone's storage; the battery may die before it. @param {any} boot */
  #step(boot) {
    this.taken++;
    if (this.schedule.hit(0.3)) this.now += this.schedule.int(0, 3);
    this.current = boot;
    if (boot.phone.mayDie()) boot.phone.crash("between two steps of its storage");
    else boot.steps.shift()();
  }

  /** @param {any} event */
  #event(event) {
    this.calendar.shift();
    this.now = Math.max(this.now, event.at);
    this.current = event.boot;
    if (event.boot && !event.boot.alive) return;
    if (event.boot?.frozen) event.boot.thawing.push(event.run);
    else event.run();
  }

  digest() {
    return this.hash.copy().digest("hex");
  }
}
