// Wire: the network between phones and server; a request or an answer may be lost, late, doubled, torn or forged.

import { createHash } from "node:crypto";
import { readSync, writeSync } from "node:fs";
import { ORIGIN } from "./handset.mjs";

const short = (/** @type {string} */ text) => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** The server's process: one line out, one line in, and nothing else happens meanwhile. */
export class Line {
  #rest = Buffer.alloc(0);
  #piece = Buffer.alloc(1 << 16);

  /** @param {number} out @param {number} into file descriptors of pipes */
  constructor(out, into) {
    this.out = out;
    this.into = into;
  }

  /** @param {any} command @returns {any} */
  tell(command) {
    const bytes = Buffer.from(`${JSON.stringify(command)}\n`);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.out, bytes, at);
    let end = this.#rest.indexOf(10);
    while (end < 0) {
      const count = readSync(this.into, this.#piece);
      if (!count) throw new Error("the server's process ended");
      const from = this.#rest.length;
      this.#rest = Buffer.concat([this.#rest, this.#piece.subarray(0, count)]);
      end = this.#rest.indexOf(10, from);
    }
    const line = this.#rest.subarray(0, end).toString();
    this.#rest = this.#rest.subarray(end + 1);
    return JSON.parse(line);
  }
}

const PORTALS = [
  () => new Response("<html>Sign in to Wi-Fi</html>", { headers: { "Content-Type": "text/html" } }),
  () => Response.json({ login: "/wifi" }),
  () =>
    Response.json({
      protocol: 1,
      epoch: "x",
      now: "2026-11-23T00:00:00Z",
      last: 99,
      results: [],
      more: false,
    }),
];

/** @typedef {{resolve: (answer: any) => void, fail: (ms: number) => void, back: (ms: number, run: () => void) => void}} To */

export class Wire {
  up = true;
  /** No fault any more. */
  calm = false;

  /** @param {import("./world.mjs").World} world @param {Line} line @param {Set<string>} faults @param {number} force */
  constructor(world, line, faults, force) {
    this.world = world;
    this.line = line;
    this.faults = faults;
    this.force = force;
    this.chance = world.chance("wire");
  }

  /** @param {any} command */
  tell(command) {
    return this.line.tell({ ...command, now: this.world.now });
  }

  /** @param {string} fault @param {number} chance */
  strikes(fault, chance) {
    const hit = this.chance.hit(chance * this.force);
    return hit && !this.calm && this.faults.has(fault);
  }

  /** @param {any} boot @param {any} input @param {any} [init] @returns {Promise<any>} */
  fetch(boot, input, init) {
    const { phone } = boot;
    const path = typeof input === "string" ? input : input.url.slice(ORIGIN.length);
    return new Promise((resolve, reject) => {
      /** @param {number} ms @param {() => void} run */
      const back = (ms, run) => this.world.later(ms, boot, run);
      const fail = (/** @type {number} */ ms) => back(ms, () => reject(new TypeError("no network")));
      init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
      if (!phone.online && !this.calm) return fail(this.chance.int(1, 2000));
      if (path === "/sign-in" || path === "/sign-out")
        return back(20, () => resolve(this.#door(phone, path)));
      if (path === "/sync") return this.#exchange(phone, init.body, { resolve, fail, back });
      if (path.startsWith("/uploads")) return this.#upload(phone, path, init, { resolve, fail, back });
      return fail(5);
    });
  }

  /** @param {any} phone @param {string} path */
  #door(phone, path) {
    phone.session = path === "/sign-in" ? phone.comes : null;
    this.world.note(phone.name, `${path} ${phone.session ?? ""}`);
    return { type: "opaqueredirect", status: 0, ok: false, redirected: false };
  }

  /** @param {number} most ms */
  #delay(most) {
    if (this.calm) return 10;
    return this.strikes("delay", 0.1) ? this.chance.int(1000, 50_000) : this.chance.int(5, most);
  }

  /** @param {any} phone @param {string} body @param {To} to */
  #exchange(phone, body, to) {
    const { session } = phone;
    this.#travel(phone, to, (fault, again) => this.#deliver(phone, session, body, fault, again));
  }

  /** One request of an upload; where the connection breaks on the way there, a part of the body arrives. @param {any} phone @param {string} path @param {any} init @param {To} to */
  #upload(phone, path, { method, headers, body }, to) {
    const { session } = phone;
    const bytes = Buffer.from(body ?? []);
    const cut = bytes.length > 0 && this.strikes("torn", 0.1);
    const sent = cut ? bytes.subarray(0, this.chance.int(0, bytes.length - 1)) : bytes;
    const asked = { method, path, headers, body: sent.toString("base64") };
    this.#travel(phone, to, (fault, again) => {
      const answer = this.#carry(phone, session, asked, fault, again, sent.length);
      return cut ? null : answer;
    });
  }

  /** @param {any} phone @param {To} to @param {(fault: any, again: string) => any} deliver what is to arrive; its answer, none where there is no server */
  #travel(phone, { resolve, fail, back }, deliver) {
    const there = this.#delay(300);
    if (this.strikes("refuse", 0.05)) return back(there, () => resolve(this.#refusal(phone)));
    if (this.strikes("portal", 0.04)) return back(there, () => resolve(this.chance.pick(PORTALS)()));
    if (this.strikes("drop", 0.07)) return fail(this.chance.int(100, 60_000));
    const fault = this.#fault();
    if (this.strikes("twice", 0.06)) {
      const much = this.chance.pick([50, 5000, 3_600_000, 86_400_000]);
      this.world.later(there + this.chance.int(1, much), null, () => deliver(null, "again"));
    }
    const lost = this.strikes("lost", 0.08);
    const torn = this.strikes("torn", 0.04);
    this.world.later(there, null, () => {
      const answer = deliver(fault, "");
      if (!answer || lost) return fail(this.chance.int(50, 3000));
      const short = torn && answer.body;
      const text = short ? answer.body.slice(0, this.chance.int(0, answer.body.length - 1)) : answer.body;
      return back(this.#delay(300), () => resolve(new Response(text || null, answer)));
    });
  }

  /** Something that goes wrong inside the server while it answers. */
  #fault() {
    if (!this.strikes("server", 0.12)) return null;
    const what = this.chance.pick(["dies", "dies", "busy", "full", "torn", "bug", "constraint"]);
    if (this.chance.hit(0.4))
      return { commit: this.chance.int(1, 2), when: this.chance.pick(["before", "after"]) };
    return { at: this.chance.int(1, 30), what, lasts: what !== "dies" && this.chance.hit(0.3) };
  }

  /** @param {any} phone */
  #refusal(phone) {
    const status = this.chance.pick([413, 429, 503, 502]);
    this.world.note(phone.name, `is refused with ${status}`);
    const headers = /** @type {any} */ (
      status < 502 ? {} : { "Retry-After": String(this.chance.int(1, 1200)) }
    );
    return new Response("", { status, headers });
  }

  /** @param {any} phone @param {string | null} person @param {string} body @param {any} fault @param {string} again */
  #deliver(phone, person, body, fault, again) {
    if (!this.up) return null;
    const answer = this.tell({ do: "sync", person, body, ...(fault ? { fault } : {}) });
    if (answer.signs_out && phone.session === person) phone.session = null;
    const asked = JSON.parse(body);
    const said = answer.died ? "the server dies" : `${answer.status} ${short(answer.body)}${about(answer)}`;
    const ops = asked.ops.map((/** @type {any} */ op) => `${op.seq}:${op.op.slice(-4)}`).join(" ");
    const odd = fault ? ` ${JSON.stringify(fault)}` : "";
    this.world.note(
      phone.name,
      `exchange ${again}[${ops}] as ${person} ${asked.device.slice(-4)} ${short(body)}${odd} -> ${said}`,
    );
    return answer.died ? null : answer;
  }

  /** @param {any} phone @param {string | null} person @param {any} asked @param {any} fault @param {string} again @param {number} size */
  #carry(phone, person, asked, fault, again, size) {
    if (!this.up) return null;
    const answer = this.tell({ do: "upload", person, ...asked, ...(fault ? { fault } : {}) });
    const { status, headers } = answer;
    const said = answer.died ? "the server dies" : `${status} ${headers["Upload-Offset"] ?? ""}`;
    const odd = fault ? ` ${JSON.stringify(fault)}` : "";
    const what = `${asked.method} ${asked.path.slice(-4)} from ${asked.headers["Upload-Offset"] ?? 0}, ${size} bytes`;
    this.world.note(phone.name, `upload ${again}${what} as ${person}${odd} -> ${said}`);
    return answer.died ? null : answer;
  }
}

/** @param {any} answer */
function about(answer) {
  if (answer.status >= 500 && answer.status !== 503) return "";
  const said = JSON.parse(answer.body);
  if (said.error) return ` ${said.error.code}`;
  return ` last ${said.last} ${said.results.map((/** @type {any} */ one) => `${one.seq}:${one.reason ?? one.status}`).join(" ")}`;
}
