// Desk: Wang Fang's phone as a browser sees it, with screens that answer their context as JSON, and a network to cut.

import { IDBFactory } from "fake-indexeddb";
import { createRunner } from "../../../static/phone/exchange.js";
import { createIdentity } from "../../../static/phone/identity.js";
import { createPhone } from "../../../static/phone/phone.js";
import { openDevice, openUser } from "../../../static/phone/store.js";
import { DATA, LI, NOW, stairwell, WANG } from "../cast.js";
import { Office } from "../office.js";

export const ORIGIN = "http://phone.example";

/** A compiled template that shows what it was given. */
const shows = (name) => () => ({
  m: (c) => {
    const seen = { template: name };
    for (const key in c)
      if (key !== "$") seen[key] = c[key] instanceof Map ? Object.fromEntries(c[key]) : c[key];
    return JSON.stringify(seen);
  },
});

const words = { "visit.outcome": { met: "Met", no_answer: "No answer", come_back: "Come back" } };
const household = { as: "household", q: "one", kind: "household", where: { id: "household" } };
const screen = (name, pattern, more) => ({
  name,
  pattern,
  template: `${name}.html`,
  roles: null,
  args: [],
  tab: null,
  needs: [],
  queries: [],
  form: null,
  saves: [],
  then: null,
  says: null,
  ...more,
});

export const APP = {
  ...DATA,
  assets: [],
  utcOffset: 480,
  words,
  catalogs: {
    en: {},
    zh_Hans_CN: { "This field is required.": "此项必填。", Met: "见到人", Outcome: "结果" },
  },
  forms: {
    settings: {
      version: 1,
      fields: [
        { name: "locale", type: "text", label: "Language", max: 20 },
        { name: "theme", type: "text", label: "Theme", max: 20 },
      ],
    },
    visit: {
      version: 1,
      fields: [
        { name: "outcome", type: "choice", label: "Outcome", words: "visit.outcome", required: true },
        { name: "note", type: "textarea", label: "Note", max: 20 },
        { name: "phone", type: "text", label: "Phone", max: 20 },
        { name: "people", type: "integer", label: "People", min: 0, max: 30, shownIf: { outcome: ["met"] } },
      ],
    },
  },
  screens: [
    screen("board", "/units/<unit>", {
      tab: "doors",
      queries: [
        { as: "households", q: "many", kind: "household", where: { unit: "unit" }, order: ["label"] },
      ],
    }),
    screen("search", "/search", { args: ["q"] }),
    screen("staff", "/staff", { roles: ["supervisor"] }),
    screen("household", "/households/<household>", { queries: [household] }),
    screen("visit", "/households/<household>/visit", {
      queries: [household],
      form: "visit",
      saves: [
        {
          verb: "create",
          kind: "visit",
          target: "household",
          fields: [],
          sets: {},
          each: null,
          key: null,
          when: {},
        },
        { verb: "patch", kind: "household", target: "household", fields: ["phone", "people"] },
      ],
      then: "/units/{household.unit}",
      says: () => (c) => `${c.household.address} ${c.form.values.outcome}`,
    }),
    screen("settings", "/settings", {
      queries: [{ as: "own", q: "one", kind: "household", where: { id: "me.profile" } }],
      form: "settings",
      saves: [{ verb: "patch", kind: "household", target: "own", fields: ["locale", "theme"] }],
      then: "/settings",
    }),
    screen("sync", "/sync", { needs: ["outbox"] }),
  ],
};
APP.templates = Object.fromEntries(
  [...APP.screens.map((one) => one.template), "errors.html", "offline.html"].map((name) => [
    name,
    shows(name),
  ]),
);

/** Wang Fang's phone behind its worker: requests in, answers out. */
export class Desk {
  factory = new IDBFactory();
  online = true;
  /** What reached the network, as "GET /path". @type {string[]} */
  asked = [];
  saves = 0;
  clock = NOW;

  /** @param {{data?: any, patience?: "endless" | "none"}} [options] how long the phone waits for a slow network */
  constructor({ data = APP, patience = "endless" } = {}) {
    this.data = data;
    this.patience = patience;
    this.office = new Office(data, { ...WANG, locale: "en", theme: "auto" });
    this.office.put("grid", { id: "grid-3", name: "Grid 3" });
    stairwell(this.office, 4);
  }

  /** The session's person on the server; null when signed out. */
  session = WANG.id;

  fetch = async (input, init) => {
    const request = input instanceof Request ? input : new Request(new URL(input, ORIGIN), init);
    const path = new URL(request.url).pathname;
    this.asked.push(`${request.method} ${path}`);
    if (!this.online) throw new TypeError("Failed to fetch");
    if (path === "/sync" && request.method === "POST") {
      if (!this.session) return this.office.refuse(401, "signed_out");
      return this.office.fetch("/sync", init);
    }
    if (path === "/sign-in") {
      this.session = new URLSearchParams(await request.text()).get("username") || WANG.id;
      this.office.me = { ...(this.session === LI.id ? LI : WANG), locale: "en", theme: "auto" };
      return redirected("/today");
    }
    if (path === "/sign-out") {
      this.session = null;
      return redirected("/sign-in");
    }
    return new Response(`flask ${path}`, { headers: { "Content-Type": "text/html" } });
  };

  async start() {
    this.identity = createIdentity({
      openDevice: () => openDevice(this.factory),
      openUser: (user, device) => openUser(user, this.data, device, this.factory),
      ask: () => this.exchange("identity"),
      pause: () => this.pause(),
    });
    const device = await this.identity.device();
    this.runner = createRunner({
      data: this.data,
      device,
      openStore: this.identity.openStore,
      fetch: (...asked) => this.fetch(...asked),
      locks: null,
      now: () => this.clock,
      random: () => 0.5,
      setTimer: () => 1,
      clearTimer: () => {},
      onChange: () => this.identity.refresh(),
    });
    const world = {
      origin: ORIGIN,
      fetch: (...asked) => this.fetch(...asked),
      caches: null,
      pause: () => this.pause(),
    };
    this.phone = createPhone({ data: this.data, identity: this.identity, world });
    return this;
  }

  pause() {
    return new Promise((resolve) => this.patience === "none" && setImmediate(resolve));
  }

  exchange(reason = "button") {
    return this.runner.run(reason);
  }

  /** The phone is switched off and on again: what is stored stays. */
  async restart() {
    const store = (await this.identity.current())?.store;
    await store?.close();
    await (await this.identity.device()).close();
    return this.start();
  }

  async request(path, { method = "GET", form = null, headers = {}, mode } = {}) {
    const body = form === null ? null : new URLSearchParams(form).toString();
    const type = form === null ? {} : { "Content-Type": "application/x-www-form-urlencoded" };
    const request = new Request(new URL(path, ORIGIN), { method, body, headers: { ...type, ...headers } });
    if (mode) Object.defineProperty(request, "mode", { value: mode });
    return this.phone.respond(request, () => this.saves++);
  }

  /** The context that a screen was rendered with. */
  async see(path, options) {
    const answer = await this.request(path, options);
    return { http: answer.status, headers: answer.headers, ...JSON.parse(await answer.text()) };
  }

  post(path, form, headers = {}) {
    return this.request(path, { method: "POST", form, headers });
  }
}

/** A redirect as a worker gets it for a navigation: opaque. */
function redirected(to) {
  const answer = new Response(null, { status: 303, headers: { Location: to } });
  Object.defineProperty(answer, "type", { value: "opaqueredirect" });
  Object.defineProperty(answer, "status", { value: 0 });
  return answer;
}

/** Wang Fang's phone in the morning: signed in, first pull complete. */
export async function morning() {
  const desk = await new Desk().start();
  await desk.identity.introduce(WANG.id);
  const outcome = await desk.exchange("start");
  if (outcome.code !== "done") throw new Error(outcome.code);
  desk.asked = [];
  return desk;
}
