// History: one seed's story from the first boot to the quiet at its end, and what the checker says of it.

import { deeds, OPTIONAL, WEIGHTS } from "./deeds.mjs";
import { Phone } from "./handset.mjs";
import { fill, keys, lying, noted, users } from "./storage.mjs";
import { Wire } from "./wire.mjs";
import { World } from "./world.mjs";

const WIRE_FAULTS = ["refuse", "portal", "drop", "twice", "lost", "torn", "server", "delay"];
const HOUR = 3_600_000;
const KEPT = ["op", "group", "kind", "record", "verb", "patch", "base", "at", "offset", "after", "files"];

/**
 * @typedef {{path: string, form: any, author?: string}} Filled a form as a page sends it, and whose page
 *
 * @typedef {object} Options to make a history smaller
 * @property {string[]} [off] faults and deeds to leave out
 * @property {number[]} [skip] deeds to leave out, by number
 * @property {number} [phones] at most so many
 * @property {string[]} [words] to look for in the trace
 * @property {string} [forge] evidence to falsify before the checker sees it
 */

export class History {
  /** @type {any[]} what phones said was saved */
  saved = [];
  /** @type {Phone[]} */
  phones = [];
  /** @type {Map<Phone, any>} */
  stashed = new Map();
  /** @type {number[]} */
  copies = [];
  restored = false;

  /** @param {import("./wire.mjs").Line} line @param {number} seed @param {Options} options */
  constructor(line, seed, options) {
    this.world = new World(seed);
    this.options = options;
    const swarm = this.world.chance("swarm");
    const off = new Set(options.off ?? []);
    const some = (/** @type {string[]} */ names) => names.filter((name) => swarm.hit(0.6) && !off.has(name));
    const faults = new Set(some(WIRE_FAULTS));
    const rare = new Set(some(OPTIONAL));
    this.rare = rare;
    this.weights = Object.fromEntries(
      Object.entries(WEIGHTS).filter(([name]) => rare.has(name) || !OPTIONAL.includes(name)),
    );
    this.wire = new Wire(this.world, line, faults, swarm.pick([0, 0.5, 1, 1, 2, 3]));
    this.count = swarm.pick([2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 6, 8, 12]);
    this.span = swarm.pick([0.1, 0.5, 2, 12, 48]) * HOUR;
    this.length = swarm.pick([8, 15, 20, 30, 50]);
    this.town = line.tell({ do: "begin", seed, now: this.world.now });
    this.world.note("history", `${seed} ${[...faults]} ${[...rare]}`);
  }

  /** @param {string} person */
  phone(person) {
    const made = new Phone(this.world, `phone${this.phones.length + 1}`, person, this.wire);
    this.phones.push(made);
    return made;
  }

  async run() {
    const people = this.world.chance("people");
    const most = Math.min(this.count, this.options.phones ?? 12);
    this.wire.calm = true;
    for (let i = 0; i < most; i++) {
      const phone = this.phone(people.pick(["li", "li", "wang", "liu", "liu", "zhang", "chen", "zhao"]));
      this.world.later(i, null, () => phone.start().run("start", this.idOf(phone)));
    }
    const ready = () => this.phones.every((phone) => noted(phone.storage, this.idOf(phone), "sync")?.ready);
    await this.world.go(ready);
    this.wire.calm = false;
    const when = this.world.chance("when");
    for (let number = 0; number < this.length; number++) this.#plan(number, when.int(0, this.span));
    const end = this.world.now + this.span;
    await this.world.go(() => this.world.now >= end);
    await this.settle();
    return this.judge();
  }

  /** @param {number} number @param {number} ms */
  #plan(number, ms) {
    if (this.options.skip?.includes(number)) return;
    const chance = this.world.chance(`deed ${number}`);
    const name = chance.weighted(this.weights);
    this.world.later(ms, null, () => deeds[name](this, chance.pick(this.phones), chance));
  }

  /** @param {Phone} phone */
  idOf(phone) {
    return this.town.people[phone.person].id;
  }

  /** @param {import("./chance.mjs").Chance} chance @param {(address: string) => boolean} [which] */
  anyHome(chance, which = () => true) {
    const address = chance.pick(Object.keys(this.town.homes).filter(which));
    const { community } = this.town.people[address.startsWith("one") ? "zhao" : "li"];
    return { address, id: this.town.homes[address], door: this.town.doors[address], community };
  }

  /** @param {string} community @param {string} kind @param {any} fields @param {string} words */
  put(community, kind, fields, words) {
    this.world.note("server", words);
    this.wire.tell({ do: "put", community, rows: [[kind, fields]] });
  }

  /** @param {Phone} phone @param {string} person */
  signIn(phone, person) {
    phone.comes = person;
    return phone.boot?.ask("POST", "/sign-in", {}).catch(() => {});
  }

  /** Send a form; what the phone then says is saved is noted. @param {Phone} phone @param {Filled} filled */
  submit(phone, { path, form, author = noted(phone.storage, null, "user") }, boot = phone.boot) {
    boot.ask("POST", path, form, author).then(
      (answer) => {
        this.world.note(
          phone.name,
          `${path.split("/").pop()} ${(form.fresh_id ?? form.group).slice(-4)} -> ${answer.status}`,
        );
        if (answer.status === 303) this.#told(phone, form);
        else if (answer.status >= 500 && answer.status !== 507)
          this.world.problem(`${phone.name} POST ${path}: ${answer.status}`);
      },
      () => {},
    );
    return { path, form, author };
  }

  /** @param {Phone} phone @param {any} form */
  #told(phone, form) {
    const all = phone.operations();
    const of = new Set(all.filter((op) => op.group === form.group).map((op) => op.op));
    const made = all.filter(
      (op) => op.group === form.fresh_id || (op.verb === "retract" && of.has(op.patch.of)),
    );
    const known = new Set(this.saved.filter((one) => one.phone === phone.name).map((one) => one.op));
    if (form.outcome) this.#isWhole(phone, form, made);
    for (const op of made) {
      if (known.has(op.op)) continue;
      const kept = Object.fromEntries(KEPT.map((name) => [name, op[name]]));
      this.saved.push({ ...structuredClone(kept), user: op.user, phone: phone.name });
    }
  }

  /** A visit that was said to be saved lies on the phone as it was entered. @param {Phone} phone @param {any} form @param {any[]} made */
  #isWhole(phone, form, made) {
    const visits = made.filter((op) => op.verb === "create");
    const [visit] = visits;
    const fine =
      visits.length === 1 &&
      visit.patch.outcome === form.outcome &&
      (visit.patch.note ?? "") === form.note &&
      String(visit.patch.photos ?? []) === String(form.photos ?? []);
    if (!fine) this.world.problem(`${phone.name} said saved and holds ${JSON.stringify(visits)}`);
  }

  /** Faults end; phones and server come to rest. */
  async settle() {
    const { world, wire } = this;
    world.note("history", "faults end");
    Object.assign(wire, { calm: true, up: true });
    for (const phone of this.phones) {
      Object.assign(phone, { frail: 0, online: true });
      for (const boot of phone.boots) if (boot.frozen) boot.thaw();
      fill(phone.storage, false);
      world.later(0, null, () => phone.revive());
    }
    const end = world.now + 2 * HOUR;
    await world.go(() => world.now >= end);
    for (const round of [1, 2])
      for (const phone of this.phones) {
        const mine = this.idOf(phone);
        const others = users(phone.storage).filter((user) => user !== mine);
        for (const user of [...others, mine]) await this.#exchange(phone, user, round);
      }
  }

  /** One person's work of one phone goes, and what is new comes. @param {Phone} phone @param {string} user @param {number} round */
  async #exchange(phone, user, round) {
    const waiting = () => {
      const outbox = noted(phone.storage, user, "outbox");
      const photos = lying(phone.storage, user, "blobs").filter((one) => one.due || one.sent);
      return (outbox ? outbox.next - outbox.acked - 1 : 0) + photos.length;
    };
    // First all that waits goes, what a restored server lacks included; then everybody hears of it.
    if (round === 1 && !waiting() && !this.restored) return;
    const person = Object.keys(this.town.people).find((name) => this.town.people[name].id === user) ?? "";
    await this.#done(this.signIn(phone, person));
    for (let i = 0; i < 12; i++) {
      const code = await this.#done(phone.boot.run("button", user));
      const waits = waiting();
      if (code === "cleared" || (code === "done" && !waits)) return;
      this.world.note(phone.name, `is not at rest: ${code}, ${waits} wait`);
      const later = this.world.now + 1_000_000;
      await this.world.go(() => this.world.now >= later);
    }
    if (round === 2) this.world.problem(`${phone.name} of ${person} does not come to rest`);
  }

  /** @template T @param {Promise<T> | undefined} work @returns {Promise<T | undefined>} */
  async #done(work) {
    let done = !work;
    let result;
    work?.then((value) => {
      result = value;
      done = true;
    });
    await this.world.go(() => done);
    return result;
  }

  judge() {
    const phones = this.phones.flatMap((phone) =>
      users(phone.storage).map((user) => {
        const person = Object.keys(this.town.people).find((name) => this.town.people[name].id === user);
        const sync = noted(phone.storage, user, "sync");
        const records = lying(phone.storage, user, "records").map(({ k, ...row }) => row);
        return {
          phone: phone.name,
          user,
          person,
          stopped: sync?.stopped ?? (!sync && phone.cleared ? "cleared" : null),
          ops: lying(phone.storage, user, "ops"),
          records,
          blobs: lying(phone.storage, user, "blobs").map((blob) => ({
            ...blob,
            whole: keys(phone.storage, user, "bytes").includes(blob.hash),
          })),
        };
      }),
    );
    if (this.options.forge) forgeries[this.options.forge](this.saved, phones);
    const said = this.wire.tell({ do: "check", phones, saved: this.saved });
    this.world.note("history", `ends: ${JSON.stringify(said)}`);
    return { ...said, problems: [...this.world.problems, ...said.problems] };
  }
}

/** What the checker must notice. @type {Record<string, (saved: any[], phones: any[]) => void>} */
const forgeries = {
  "one more saved": (saved) => saved.push({ ...saved[0], op: "0".repeat(36) }),
  "another's name": (saved) => Object.assign(saved[0], { user: "somebody" }),
  "another patch": (saved) => Object.assign(saved[0], { patch: {} }),
  "still waiting": (saved, phones) => {
    const [op] = phones.flatMap((phone) =>
      phone.ops.filter((/** @type {any} */ one) => one.op === saved[0].op),
    );
    op.acked = null;
  },
  "another fact shown": (_saved, phones) => Object.assign(home(phones).shown, { people: 99 }),
  "one record more": (_saved, phones) => holder(phones).records.push({ ...home(phones), id: "0".repeat(36) }),
  "one record less": (_saved, phones) =>
    holder(phones).records.splice(holder(phones).records.indexOf(home(phones)), 1),
  "another receipt": (saved, phones) => {
    const [op] = phones.flatMap((phone) =>
      phone.ops.filter((/** @type {any} */ one) => one.op === saved[0].op),
    );
    op.result = { status: "perhaps" };
  },
};

/** @param {any[]} phones */
const holder = (phones) => phones.find((phone) => phone.records.some(isHome));
const isHome = (/** @type {any} */ row) => row.kind === "household" && row.shown;
/** @param {any[]} phones */
const home = (phones) => holder(phones).records.find(isHome);

/** @param {import("./wire.mjs").Line} line @param {number} seed @param {Options} [options] */
export async function live(line, seed, options = {}) {
  const history = new History(line, seed, options);
  const { world } = history;
  let said = { saved: 0, ended: {} };
  try {
    said = await history.run();
  } catch (error) {
    world.problem(String(/** @type {any} */ (error)?.stack ?? error));
  }
  const { trace, taken, problems } = world;
  const text = trace.join("\n");
  const met = (options.words ?? []).filter((word) => text.includes(word));
  const { length, count: phones, rare } = history;
  const faults = [...history.wire.faults, ...rare];
  return { problems, seed, ...said, hash: world.digest(), trace, taken, length, phones, faults, met };
}
