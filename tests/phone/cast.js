// Cast: Wang Fang's phone, her stairwell and her declarations, for the tests of the phone's modules.

import "fake-indexeddb/auto";
import { IDBFactory } from "fake-indexeddb";
import { createRunner } from "../../static/phone/exchange.js";
import { save, undo } from "../../static/phone/outbox.js";
import { runQueries } from "../../static/phone/query.js";
import { openDevice, openUser } from "../../static/phone/store.js";
import { Office } from "./office.js";

export const WANG = {
  id: "wang-fang",
  name: "Wang Fang",
  community: "xinhua",
  grids: ["grid-3"],
  role: "grid_worker",
};
export const LI = { ...WANG, id: "li-na", name: "Li Na" };
export const NOW = Date.parse("2026-11-23T02:00:00.000Z");

const plus = (day, days) =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);

const dayOf = (record) => record.device_time.slice(0, 10);

/** As the build compiles an expression: given the helpers, then the context. */
const compiled = (compute) => () => compute;

export const DATA = {
  version: "v1",
  kinds: {
    grid: { fields: { name: null }, channel: ["community:{community}"], keys: [] },
    door: {
      fields: { grid: null, unit: null, label: null, floor: null },
      channel: ["grid:{grid}"],
      keys: [["unit"], ["unit", "floor"]],
      search: [],
    },
    household: {
      fields: {
        door: null,
        label: null,
        address: null,
        name: "",
        phone: "",
        people: null,
        visit_days: null,
        last_outcome: null,
        met_on: null,
        due_on: null,
        no_answers: null,
      },
      parent: "door",
      inherits: ["grid", "unit"],
      channel: ["grid:{grid}"],
      keys: [["unit"], ["grid", "due_on"], ["grid", "last_outcome"]],
      search: ["label", "name", "address"],
      patchable: ["phone", "people"],
      derived: { overdue: compiled(({ this: it, today }) => it.due_on !== null && it.due_on < today) },
    },
    visit: {
      fields: { household: null, outcome: null, note: "" },
      parent: "household",
      inherits: ["grid", "unit", "door"],
      channel: ["grid:{grid}"],
      appendOnly: true,
      headBy: "household",
      windowDays: 365,
      keys: [["household"], ["unit"]],
      effects: [
        {
          target: "household",
          fields: {
            last_outcome: compiled(({ this: it }) => it.outcome),
            met_on: compiled(({ this: it, target }) => (it.outcome === "met" ? dayOf(it) : target.met_on)),
            due_on: compiled(({ this: it, target }) =>
              it.outcome === "met" ? plus(dayOf(it), target.visit_days) : target.due_on,
            ),
            no_answers: compiled(({ this: it, target }) =>
              it.outcome === "no_answer" ? (target.no_answers ?? 0) + 1 : 0,
            ),
          },
        },
      ],
    },
  },
};

/** Fill the office with a stairwell of `count` doors and their households. */
export function stairwell(office, count = 4, unit = "unit-1") {
  for (let i = 1; i <= count; i++) {
    const label = `${unit === "unit-1" ? "" : unit}${i}01`;
    office.put("door", { id: `door-${label}`, grid: "grid-3", unit, label, floor: i });
    office.put("household", {
      id: `home-${label}`,
      door: `door-${label}`,
      grid: "grid-3",
      unit,
      label,
      address: `5-2-${label}`,
      name: `Family ${label}`,
      phone: "",
      visit_days: 90,
      due_on: null,
    });
  }
}

/** A phone: its databases survive `restart()`, what runs on it does not. */
export class Phone {
  factory = new IDBFactory();
  clock = NOW;
  /** @type {any[]} */
  timers = [];
  /** @type {any[]} */
  changes = [];
  locks = null;
  random = () => 0.5;

  constructor(office, { user = WANG.id, data = DATA } = {}) {
    this.office = office;
    this.user = user;
    this.data = data;
    this.fetch = (url, init) => this.office.fetch(url, init);
  }

  async start() {
    this.device = await openDevice(this.factory);
    await this.device.set("user", this.user);
    this.store = await openUser(this.user, this.data, this.device, this.factory);
    this.runner = this.newRunner();
    return this;
  }

  newRunner() {
    return createRunner({
      data: this.data,
      device: this.device,
      openStore: async () => this.store,
      fetch: (url, init) => this.fetch(url, init),
      locks: this.locks,
      now: () => this.clock,
      random: () => this.random(),
      setTimer: (run, ms) => {
        const timer = { run, ms };
        this.timers.push(timer);
        return timer;
      },
      clearTimer: (timer) => {
        this.timers = this.timers.filter((other) => other !== timer);
      },
      onChange: (outcome) => this.changes.push(outcome),
    });
  }

  /** The battery dies and is charged again. */
  async restart(data = this.data) {
    await this.store.close();
    await this.device.close();
    this.data = data;
    this.timers = [];
    return this.start();
  }

  /** Another phone with the same storage, byte for byte. */
  async clone() {
    const { default: copy } = await import("./copy.js");
    const twin = new Phone(this.office, { user: this.user, data: this.data });
    await copy(this.factory, twin.factory);
    twin.clock = this.clock;
    return twin.start();
  }

  run(reason = "button") {
    return this.runner.run(reason);
  }

  visit(home, outcome, more = {}, options = {}) {
    return this.save(
      [{ verb: "create", kind: "visit", patch: { household: home, outcome, ...more } }],
      options,
    );
  }

  save(saves, options = {}) {
    return save(this.store, this.data, {
      me: WANG,
      clock: this.clock,
      saves,
      says: "Saved",
      url: "/",
      ...options,
    });
  }

  undo(group) {
    return undo(this.store, this.data, { me: WANG, clock: this.clock, group });
  }

  async query(query, scope = {}) {
    const today = new Date(this.clock).toISOString().slice(0, 10);
    const now = `${new Date(this.clock).toISOString().slice(0, 19)}Z`;
    const { found, missing } = await runQueries(
      this.store,
      this.data,
      { queries: [{ as: "it", optional: true, where: {}, ...query }] },
      { params: {}, args: {}, me: WANG, today, now, ...scope },
    );
    return missing ?? found.it;
  }

  one(kind, id) {
    return this.query({ q: "one", kind, where: { id: { lit: id } } });
  }

  many(kind, where = {}, more = {}) {
    const literal = Object.fromEntries(Object.entries(where).map(([name, value]) => [name, { lit: value }]));
    return this.query({ q: "many", kind, where: literal, ...more });
  }
}

/** An office with four doors, and Wang Fang's phone that has them. */
export async function morning(options = {}) {
  const office = new Office(options.data ?? DATA, WANG);
  office.counts = options.counts ?? false;
  office.put("grid", { id: "grid-3", name: "Grid 3" });
  stairwell(office, options.doors ?? 4);
  const phone = await new Phone(office, options).start();
  const outcome = await phone.run("start");
  if (outcome.code !== "done") throw new Error(outcome.code);
  return { office, phone };
}

/** What a fetch gives where there is no signal. */
export const nothing = async () => {
  throw new TypeError("no network");
};

/** The visits that the office has. */
export const visits = (office) =>
  [...office.records.values()].filter((one) => one.kind === "visit" && !one.gone);

/** What the phone keeps of itself under a key. */
export const meta = (phone, key) => phone.store.get("meta", key);
