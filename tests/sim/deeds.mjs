// Deeds: what people, phones and the server do in a history; each deed draws from a stream of its own.

import { createHash } from "node:crypto";
import { Phone } from "./handset.mjs";
import { copied, fill, lying, noted, quiet, users } from "./storage.mjs";

const OUTCOMES = [
  "met",
  "no_answer",
  "no_answer",
  "refused",
  "moved",
  "vacant",
  "told_by_neighbour",
  "appointment",
];
const SPOKE = ["met", "told_by_neighbour"];
const POISON = ["(bug)", "(refused)", "(constraint)"];
const MINUTE = 60_000;
const DAY = 86_400_000;

/** How often each deed comes; those that are no everyday work are left out of a history now and then. */
export const WEIGHTS = {
  visit: 12,
  edit: 9,
  photo: 4,
  profile: 2,
  twice: 2,
  undo: 5,
  look: 1,
  run: 6,
  network: 7,
  crash: 2,
  frail: 3,
  skew: 2,
  clone: 0.8,
  older: 3,
  second: 1.5,
  freeze: 1.2,
  full: 0.8,
  expire: 1.2,
  another: 1,
  poison: 1.5,
  down: 1,
  backup: 2,
  restore: 2,
  facts: 3,
  delete: 0.8,
  move: 1,
  grids: 2,
  revoke: 0.3,
  decide: 3,
  takeBack: 3,
};
const EVERYDAY = ["visit", "edit", "run", "network"];
export const OPTIONAL = Object.keys(WEIGHTS).filter((name) => !EVERYDAY.includes(name));

/** @typedef {import("./history.mjs").History} History */
/** @typedef {import("./chance.mjs").Chance} Chance */

/** A form that a person fills in at a door, and its address. @param {History} at @param {Phone} phone @param {Chance} chance @param {{facts?: boolean, note?: string}} [more] @returns {import("./history.mjs").Filled | undefined} */
function filled(at, phone, chance, { facts = false, note = "" } = {}) {
  const user = noted(phone.storage, null, "user");
  const homes = lying(phone.storage, user, "records").filter((row) => row.kind === "household" && row.shown);
  if (!phone.boot || !homes.length) return;
  // Mostly the same door, where people meet.
  const home = chance.pick(homes.slice(0, chance.hit(0.5) ? 1 : 4)).shown;
  const outcome = chance.pick(facts ? SPOKE : OUTCOMES);
  const form = {
    fresh_id: chance.uuid(at.world.now),
    outcome,
    note: note || (chance.hit(0.3) ? `note ${chance.int(1, 99)}` : ""),
    phrases: chance.hit(0.2) ? ["well", "request"] : [],
    come_back: outcome === "appointment" ? `2026-11-2${chance.int(4, 9)}T18:30` : "",
    phone: facts && chance.hit(0.6) ? `000-${chance.int(1, 3)}` : (home.phone ?? ""),
    people: String(facts && chance.hit(0.5) ? chance.int(1, 3) : (home.people ?? "")),
    tenure: facts && chance.hit(0.3) ? chance.pick(["owner", "rented"]) : (home.tenure ?? ""),
  };
  at.world.note(
    phone.name,
    `visits ${home.address}: ${outcome} ${form.note} ${facts ? [form.phone, form.people, form.tenure] : ""}`,
  );
  return { path: `/households/${home.id}/visit`, form, author: user };
}

/** A person at a door. @param {History} at @param {Phone} phone @param {Chance} chance @param {{facts?: boolean, note?: string}} [more] */
function visit(at, phone, chance, more) {
  const made = filled(at, phone, chance, more);
  return made && at.submit(phone, made);
}

/** A picture with a name of its own; a few of them travel in two pieces. @param {History} at @param {Chance} chance */
function picture(at, chance) {
  const tail = chance.fill(new Uint8Array(chance.hit(0.2) ? 140_000 : 16));
  return new Uint8Array(Buffer.concat([Buffer.from(at.town.picture, "base64"), tail]));
}

/** @type {Record<string, (at: History, phone: Phone, chance: Chance) => unknown>} */
export const deeds = {
  visit: (at, phone, chance) => visit(at, phone, chance),
  edit: (at, phone, chance) => visit(at, phone, chance, { facts: true }),
  poison: (at, phone, chance) => visit(at, phone, chance, { note: chance.pick(POISON) }),

  /** A visit with a picture or two; each is kept on the phone before the form is saved. */
  async photo(at, phone, chance) {
    const made = filled(at, phone, chance);
    if (!made) return;
    const photos = [];
    for (let left = chance.int(1, 2); left; left--) {
      const shot = picture(at, chance);
      const path = `/photos?for=${encodeURIComponent(made.path)}&field=photos`;
      const answer = await phone.boot?.ask("PUT", path, shot, made.author).catch(() => null);
      at.world.note(phone.name, `takes a picture -> ${answer?.status}`);
      if (answer?.status === 201) photos.push(createHash("sha256").update(shot).digest("hex"));
    }
    // Meanwhile somebody else may have signed in.
    if (phone.boot) at.submit(phone, { ...made, form: { ...made.form, photos } });
  },

  profile(at, phone, chance) {
    const form = {
      fresh_id: chance.uuid(at.world.now),
      locale: chance.pick(["zh_Hans_CN", "en"]),
      theme: chance.pick(["auto", "light", "dark"]),
    };
    at.world.note(phone.name, `settings ${form.locale} ${form.theme}`);
    return phone.boot && at.submit(phone, { path: "/profile", form });
  },

  /** The same form sent twice, perhaps to two workers. */
  twice(at, phone, chance) {
    const sent = visit(at, phone, chance, { facts: chance.hit(0.5) });
    if (!sent) return;
    const boot = chance.pick(phone.boots);
    at.world.later(chance.int(0, 20), null, () => boot.alive && at.submit(phone, sent, boot));
  },

  undo(at, phone, chance) {
    const done = at.saved.filter((one) => one.phone === phone.name && one.verb !== "retract");
    if (!phone.boot || !done.length) return;
    const { group } = chance.hit(0.5) ? done[done.length - 1] : chance.pick(done);
    at.world.note(phone.name, `takes back ${group.slice(-4)}`);
    at.submit(phone, { path: "/undo", form: { group, then: "/today" } });
  },

  /** What is shown can always be shown. */
  look(at, phone, chance) {
    const path = chance.pick(["/today", "/buildings", "/sync", "/profile", `/units/${at.town.units.three}`]);
    phone.boot?.ask("GET", path).then(
      (answer) => answer.status >= 500 && at.world.problem(`${phone.name} GET ${path}: ${answer.status}`),
      () => {},
    );
  },

  run(_at, phone, chance) {
    const reason = chance.pick(["button", "online", "visible", "timer", "start"]);
    if (phone.syncWanted && chance.hit(0.3)) phone.boot?.sync();
    else phone.boot?.run(reason, null);
  },

  network(at, phone, chance) {
    phone.online = !phone.online;
    at.world.note(phone.name, phone.online ? "has a network" : "has no network");
    if (phone.online) phone.boot?.run("online", null);
    else
      at.world.later(chance.int(MINUTE, at.span / 2), null, () => {
        phone.online = true;
      });
  },

  crash: (_at, phone) => phone.crash("in the hand"),

  /** For a while the battery may give up at any step. */
  frail(at, phone, chance) {
    phone.frail = chance.pick([0.002, 0.01, 0.03]);
    at.world.later(chance.int(1, 30) * MINUTE, null, () => {
      phone.frail = 0;
    });
  },

  skew(at, phone, chance) {
    phone.skew = chance.pick([
      0,
      -86_400_000,
      86_400_000,
      chance.int(-3_600_000, 3_600_000),
      chance.int(-5000, 5000),
    ]);
    at.world.note(phone.name, `clock off by ${phone.skew} ms`);
  },

  clone(at, phone) {
    if (at.phones.length >= 12 || !quiet(phone.storage)) return;
    const twin = at.phone(phone.person);
    Object.assign(twin, {
      storage: copied(phone.storage),
      skew: phone.skew,
      session: phone.session,
      cleared: phone.cleared,
    });
    at.world.note(twin.name, `is a copy of ${phone.name}`);
    twin.start();
    twin.boot.run("start", null);
  },

  /** The phone is backed up; the next time that copy comes back, and what was saved since is gone with the disk. */
  older(at, phone) {
    const stash = at.stashed.get(phone);
    if (!stash) {
      if (quiet(phone.storage)) at.stashed.set(phone, copied(phone.storage));
      return;
    }
    phone.crash("for good: an older copy takes its place");
    phone.storage = copied(stash);
    const held = new Set(phone.operations().map((op) => op.op));
    for (const one of at.saved) if (one.phone === phone.name && !held.has(one.op)) one.excused = true;
  },

  /** A new version of the worker beside the old one: two runners over one store. */
  second: (_at, phone) => phone.boots.length === 1 && phone.start().run("start", null),

  freeze(at, phone, chance) {
    const boot = phone.boots[0];
    if (!boot || boot.frozen) return;
    at.world.note(boot.name, "freezes");
    boot.freeze();
    at.world.later(chance.int(5, 400) * 1000, null, () => boot.thaw());
  },

  full(at, phone, chance) {
    at.world.note(phone.name, "is full");
    fill(phone.storage, true);
    const { storage } = phone;
    at.world.later(chance.int(1, 20) * MINUTE, null, () => fill(storage, false));
  },

  expire(at, phone, chance) {
    at.world.note(phone.name, "is signed out by time");
    phone.session = null;
    at.world.later(chance.int(1, 120) * MINUTE, null, () => at.signIn(phone, phone.person));
  },

  another(at, phone, chance) {
    const other = chance.pick(["li", "wang", "liu", "zhang", "chen", "zhao"]);
    at.signIn(phone, other);
    at.world.later(chance.int(5, 200) * MINUTE, null, () => at.signIn(phone, phone.person));
  },

  down(at, _phone, chance) {
    at.world.note("server", "is stopped");
    at.wire.up = false;
    at.world.later(chance.int(1, 90) * MINUTE, null, () => {
      at.wire.up = true;
    });
  },

  backup(at) {
    at.copies.push(at.wire.tell({ do: "backup" }).copy);
    at.world.note("server", "is backed up");
  },

  restore(at, phone, chance) {
    if (!at.copies.length) return deeds.backup(at, phone, chance);
    // A signed-off phone has cleared itself once its work is here: an older copy of the centre has no second source for it.
    const lie = new Set(at.phones.flatMap((one) => one.operations().map((op) => op.op)));
    const cleared = new Set(at.phones.filter((one) => one.cleared).map((one) => one.name));
    for (const one of at.saved) if (cleared.has(one.phone) && !lie.has(one.op)) one.excused = true;
    const copy = chance.pick(at.copies);
    const pictures = chance.pick(["kept", "kept", "with it", "before"]);
    // What a phone knows to be unconfirmed it sends again, and what was confirmed within two days, while there is room for
    // it and no older copy of the phone takes its place; of one that runs an answer may just confirm what is gone.
    const stays = at.span < 2 * DAY && !at.rare.has("full") && !at.rare.has("older");
    const owed = new Set();
    for (const one of at.phones)
      for (const user of users(one.storage))
        for (const { hash, due, sent, kept } of lying(one.storage, user, "blobs"))
          if (due || (sent && !one.boot) || (stays && (sent || kept))) owed.add(hash);
    const { gone } = at.wire.tell({ do: "restore", copy, pictures });
    const lost = new Set(gone.filter((/** @type {string} */ hash) => !owed.has(hash)));
    for (const one of at.saved)
      one.lost = (one.patch.photos ?? []).filter(
        (/** @type {string} */ hash) => lost.has(hash) || one.lost?.includes(hash),
      );
    at.restored = true;
    at.copies = at.copies.filter((one) => one <= copy);
    at.world.note(
      "server",
      `is restored from copy ${copy}, pictures ${pictures}: ${gone.length} gone, ${lost.size} lost`,
    );
  },

  facts(at, _phone, chance) {
    const { address, id, community } = at.anyHome(chance);
    const fields = chance.hit(0.5) ? { people: chance.int(1, 3) } : { phone: `000-${chance.int(1, 3)}` };
    at.put(community, "household", { id, ...fields }, `writes ${address} ${JSON.stringify(fields)}`);
  },

  delete(at, _phone, chance) {
    const { address, id, community } = at.anyHome(chance);
    at.put(community, "household", { id, gone: true }, `deletes ${address}`);
  },

  move(at, _phone, chance) {
    const { address, door, community } = at.anyHome(chance, (name) => !name.startsWith("one"));
    const unit = chance.pick(["three", "four"]);
    at.put(
      community,
      "door",
      { id: door, stair_unit: at.town.units[unit] },
      `moves ${address} to grid ${unit}`,
    );
  },

  grids(at, _phone, chance) {
    const person = chance.pick(["li", "wang", "liu"]);
    const names = chance.pick([["three"], ["four"], ["three", "four"], []]);
    at.wire.tell({ do: "grids", person, grids: names.map((name) => at.town.grids[name]) });
    at.world.note("server", `gives ${person} the grids ${names}`);
  },

  decide(at, _phone, chance) {
    const verdict = chance.pick(["apply", "apply", "reject"]);
    const { op, status, released } = at.wire.tell({
      do: "decide",
      by: "zhang",
      draw: chance.int(0, 99),
      verdict,
    });
    if (op)
      at.world.note("server", `decides to ${verdict} ${op.slice(-4)}: ${status}, ${released.length} follow`);
  },

  takeBack(at, _phone, chance) {
    const { op, status } = at.wire.tell({ do: "take_back", by: "zhang", draw: chance.int(0, 99) });
    if (op) at.world.note("server", `undoes the decision on ${op.slice(-4)}: ${status}`);
  },

  revoke(at, phone) {
    const device = noted(phone.storage, users(phone.storage)[0], "outbox")?.device;
    if (!device || !at.wire.tell({ do: "revoke", device }).known) return;
    at.world.note("server", `signs off ${phone.name}`);
  },
};
