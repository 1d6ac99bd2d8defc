// Vectors of the query words for the phone's store: records, queries, and the ids they find.

const kind = (more) => ({ fields: {}, channel: ["community:{community}"], keys: [], search: [], ...more });

const doors = {
  kinds: {
    door: kind({ keys: [["unit"], ["unit", "floor"], ["grid", "due_on"], ["grid", "unit"]] }),
  },
};
const door = (id, unit, floor, position, due_on = null, grid = "g1", seq = 1) => ({
  _kind: "door",
  id,
  seq,
  unit,
  floor,
  position,
  due_on,
  grid,
});
const HOUSE = [
  door("d1", "u1", 1, 2, "2026-11-20", "g1", 5),
  door("d2", "u1", 1, 1, null, "g1", 4),
  door("d3", "u1", 2, 1, "2026-11-23", "g1", 3),
  door("d4", "u2", 2, 1, "2026-11-24", "g2", 2),
  door("d5", "u2", null, 1, "2026-11-20", "g2", 1),
];
const lit = (value) => ({ lit: value });
const lte = (value) => ({ field: "due_on", op: "lte", value });

const names = {
  kinds: { home: kind({ keys: [["name"], ["grid", "name"]], search: ["label", "name", "pinyin", "tags"] }) },
};
const home = (id, label, name, address, more = {}) => ({
  _kind: "home",
  id,
  seq: 1,
  label,
  name,
  address,
  pinyin: "",
  tags: [],
  grid: "g1",
  ...more,
});
const PEOPLE = [
  home("h1", "301-B", "王芳", "5-2-301-B", { pinyin: "wangfang wf" }),
  home("h2", "3A", "Wang Lei", "5-1-3A", { tags: ["living_alone"] }),
  home("h3", "底商2", "李娜", "5-0-底商2", { pinyin: "lina ln" }),
  home("h4", "302", "\u{20000}吉", "5-2-302"),
  home("h5", "303", "\uff21ngela", "5-2-303"),
  home("h6", "304", null, null),
];

const visits = { kinds: { visit: kind({ windowDays: 365, keys: [["home"]] }) } };
const visit = (id, home, seq, device_time) => ({ _kind: "visit", id, home, seq, device_time });
const YEAR = [
  visit("v1", "a", 1, "2025-11-23T01:59:59Z"),
  visit("v2", "a", 2, "2025-11-23T02:00:00Z"),
  visit("v3", "a", 9, "2026-11-01T00:00:00Z"),
  visit("v4", "b", 4, "2026-11-22T00:00:00Z"),
  visit("v5", "a", null, "2026-11-23T01:00:00Z"),
];

const many = (kindName, where = {}, more = {}) => ({ q: "many", kind: kindName, where, ...more });
const found = (query, expected, scope = {}) => ({ query, expected, scope });

export const VECTORS = [
  {
    name: "a house",
    data: doors,
    records: HOUSE,
    queries: [
      found(many("door"), ["d5", "d4", "d3", "d2", "d1"]),
      found(many("door", {}, { newest: true, limit: 2 }), ["d1", "d2"]),
      found(many("door", { unit: lit("u1") }, { order: ["-floor", "position"] }), ["d3", "d2", "d1"]),
      found(many("door", { unit: lit("u1") }, { order: ["-floor", "position"], limit: 2 }), ["d3", "d2"]),
      found(many("door", { unit: lit("u1") }, { order: ["floor", "position"], limit: 1 }), ["d2"]),
      found(many("door", {}, { order: ["floor"] }), ["d5", "d1", "d2", "d3", "d4"]),
      found(many("door", {}, { order: ["-floor"] }), ["d3", "d4", "d1", "d2", "d5"]),
      found(many("door", { floor: lit(null) }), ["d5"]),
      found(many("door", { unit: lit("u1"), floor: lit(1) }), ["d2", "d1"]),
      found(many("door", { id: "me.doors" }, { order: ["floor"] }), ["d1", "d3"], {
        me: { doors: ["d3", "d1", "nobody"] },
      }),
      found(
        many("door", { grid: "me.grids" }, { range: lte("today"), order: ["due_on"] }),
        ["d1", "d5", "d3"],
        { me: { grids: ["g1", "g2"] } },
      ),
      found(
        many("door", { grid: "me.grids" }, { range: lte("today"), order: ["due_on"], limit: 2 }),
        ["d1", "d5"],
        { me: { grids: ["g2", "g1"] } },
      ),
      found(many("door", { grid: "me.grids" }), [], { me: { grids: [] } }),
      found(
        many("door", { grid: lit("g1") }, { range: { field: "due_on", op: "lt", value: lit("2026-11-23") } }),
        ["d1"],
      ),
      found(
        many("door", { grid: lit("g1") }, { range: { field: "due_on", op: "gt", value: lit("2026-11-20") } }),
        ["d3"],
      ),
      found(
        many(
          "door",
          { grid: lit("g1") },
          { range: { field: "due_on", op: "gte", value: lit("2026-11-20") }, order: ["-due_on"], limit: 5 },
        ),
        ["d3", "d1"],
      ),
      found(many("door", { grid: lit("g1") }, { range: lte(lit(null)) }), []),
      found(many("door", { unit: lit("u2") }, { range: lte(lit("2026-11-20")) }), ["d5"]),
      found({ q: "count", kind: "door", where: {} }, 5),
      found({ q: "count", kind: "door", where: { grid: lit("g1") }, range: lte("today") }, 2),
      found({ q: "count", kind: "door", where: { grid: lit(["g1", "g2"]) }, range: lte("today") }, 3),
      found({ q: "count", kind: "door", where: { grid: lit(["g1", "g2"]) }, by: "unit" }, [
        ["u1", 3],
        ["u2", 2],
      ]),
      found({ q: "count", kind: "door", where: {}, by: "floor" }, [
        [null, 1],
        [1, 2],
        [2, 2],
      ]),
      found({ q: "count", kind: "door", where: { grid: lit("g2") }, by: "unit", range: lte("today") }, [
        ["u2", 1],
      ]),
      found({ q: "latest", kind: "door", by: "unit", where: {} }, [
        ["u1", "d1"],
        ["u2", "d4"],
      ]),
      found({ q: "one", kind: "door", where: { id: lit("d4") } }, "d4"),
      found({ q: "one", kind: "door", where: { id: lit(null) } }, null),
    ],
  },
  {
    name: "names",
    data: names,
    records: PEOPLE,
    queries: [
      found(many("home", {}, { order: ["name"] }), ["h6", "h2", "h3", "h1", "h5", "h4"]),
      found(many("home", { grid: lit("g1") }, { order: ["name"], limit: 5 }), ["h6", "h2", "h3", "h1", "h5"]),
      found(many("home", { grid: lit("g1") }, { order: ["-name"], limit: 2 }), ["h4", "h5"]),
      found({ q: "search", kind: "home", text: "args.q", limit: 20 }, ["h1"], { args: { q: "301" } }),
      found({ q: "search", kind: "home", text: "args.q", limit: 20 }, ["h1"], { args: { q: "301-b" } }),
      found({ q: "search", kind: "home", text: "args.q", limit: 20 }, ["h1"], { args: { q: "B" } }),
      found({ q: "search", kind: "home", text: "args.q", limit: 20 }, ["h2", "h1"], { args: { q: "wang" } }),
      found({ q: "search", kind: "home", text: "args.q", limit: 20 }, ["h2", "h1"], { args: { q: "W" } }),
      found({ q: "search", kind: "home", text: "args.q", limit: 20 }, ["h2"], { args: { q: "wang  3a" } }),
      found({ q: "search", kind: "home", text: "args.q", limit: 2 }, ["h6", "h2"], { args: { q: "3" } }),
      found({ q: "search", kind: "home", text: "args.q", limit: 20 }, ["h3"], { args: { q: "底商" } }),
      found({ q: "search", kind: "home", text: "args.q", limit: 20 }, ["h4"], { args: { q: "\u{20000}" } }),
      found({ q: "search", kind: "home", text: "args.q", limit: 20 }, ["h2"], { args: { q: "living_a" } }),
      found({ q: "search", kind: "home", text: "args.q", limit: 20 }, [], { args: { q: "  " } }),
      found({ q: "search", kind: "home", text: "args.q", limit: 20 }, [], { args: {} }),
      found({ q: "search", kind: "home", text: "args.q", where: { grid: lit("g2") }, limit: 20 }, [], {
        args: { q: "3" },
      }),
    ],
  },
  {
    name: "a year of visits",
    data: visits,
    records: YEAR,
    queries: [
      found(many("visit", { home: lit("a") }, { newest: true }), ["v5", "v3", "v2"]),
      found(many("visit", { home: lit("a") }, { newest: true, limit: 1 }), ["v5"]),
      found(many("visit"), ["v2", "v4", "v3", "v5"]),
      found({ q: "count", kind: "visit", where: { home: lit("a") } }, 3),
      found({ q: "count", kind: "visit", where: {}, by: "home" }, [
        ["a", 3],
        ["b", 1],
      ]),
      found({ q: "latest", kind: "visit", by: "home", where: {} }, [
        ["a", "v5"],
        ["b", "v4"],
      ]),
      found({ q: "latest", kind: "visit", by: "home", where: { home: lit(["b"]) } }, [["b", "v4"]]),
    ],
  },
];
