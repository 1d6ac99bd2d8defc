"""Browser: what a person waits for on the phone, measured in a real Chromium; the network is away while it is measured."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from playwright.sync_api import Playwright

from fieldapp.demo.sign_ins import PASSWORD
from tests.bench.figures import Figure, kilobytes, middle, most
from tests.bench.floor_phone import floor_server
from tests.browser.phone import IS_READY, Phone
from tests.browser.plain import Plain, plain
from tests.browser.slow import share_of_a_core
from tests.proxy import Proxy
from tests.server import Server

SLOW_3G = {"bytes_per_second": 400_000 / 8, "latency": 0.4}
FRAGMENTS = """async ({ paths, rounds }) => {
  const times = [];
  for (let round = 0; round < rounds; round += 1)
    for (const path of paths) {
      const start = performance.now();
      const answer = await fetch(path, { headers: { "HX-Request": "true" } });
      await answer.text();
      if (!answer.ok) throw new Error(path + " " + answer.status);
      if (round) times.push([path, performance.now() - start]);
    }
  return times;
}"""
SAVES = """async ({ households, rounds }) => {
  const hex = (n) => [...crypto.getRandomValues(new Uint8Array(n))].map((b) => b.toString(16).padStart(2, "0")).join("");
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const body = new URLSearchParams({ fresh_id: `019a9500-0000-7${hex(2).slice(1)}-8${hex(2).slice(1)}-${hex(6)}`, outcome: "refused" });
    const path = households[round % households.length];
    const start = performance.now();
    const answer = await fetch(path, { method: "POST", headers: { "HX-Request": "true" }, body });
    await answer.text();
    if (!answer.ok) throw new Error(path + " " + answer.status);
    if (round) times.push(performance.now() - start);
  }
  return times;
}"""
# What a worker's phone holds after a day of hazards without a signal: photos that operations name and nobody has got.
PHOTOS = """async ({ user, count, size }) => {
  const db = await new Promise((resolve, reject) => {
    const asked = indexedDB.open(`fieldapp:${user}`);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  for (let at = 1; at <= count; at += 1) {
    const bytes = new Uint8Array(size);
    for (let from = 0; from < size; from += 65536) crypto.getRandomValues(bytes.subarray(from, Math.min(from + 65536, size)));
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const hash = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const tx = db.transaction(["blobs", "bytes"], "readwrite");
    tx.objectStore("blobs").put({ hash, size, due: at });
    tx.objectStore("bytes").put(bytes.buffer, hash);
    await new Promise((resolve) => { tx.oncomplete = resolve; });
  }
  db.close();
}"""
TAP = """(selector) => new Promise((resolve) => {
  const link = document.querySelector(selector);
  if (!link) throw new Error("nothing to tap: " + selector);
  const start = performance.now();
  document.addEventListener("htmx:afterSettle", () => {
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
  }, { once: true });
  link.click();
})"""
SIGN_IN = """([username, password]) => {
  const form = document.querySelector("#password").form;
  form.elements.username.value = username;
  form.elements.password.value = password;
  form.requestSubmit();
}"""
FLOOR_TAP = """() => new Promise((resolve) => {
  const start = performance.now();
  fetch("/next").then((answer) => answer.text()).then((text) => {
    document.getElementById("app").innerHTML = text;
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.now() - start)));
  });
})"""
FLOOR_TIMES = """async ({ method, rounds }) => {
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    await (await fetch("/next", { method, body: method === "POST" ? "x=1" : undefined })).text();
    times.push(performance.now() - start);
  }
  return times.slice(1);
}"""


def ready_figures(folder: Path, playwright: Playwright, server: Server, username: str) -> list[Figure]:
    """From the tap on "sign in" until everything for an offline day is on the phone."""
    figures = []
    for name, bar, shape in (("localhost", 1.0, None), ("slow 3G", 5.0, SLOW_3G)):
        runs = [_ready(folder / f"ready-{name}-{at}", playwright, server, username, shape) for at in range(5)]
        took, moved = middle([seconds for seconds, _ in runs]), runs[-1][1]
        line = moved / shape["bytes_per_second"] if shape else None
        moved_is = f"{moved / 1000:.0f} kB" + (" at the line's rate" if shape else "")
        figures.append(Figure(f"sign-in to offline-ready, {name}, p50", took, "s", bar, line, moved_is))
    return figures


def _ready(
    profile: Path, playwright: Playwright, server: Server, username: str, shape: dict[str, float] | None
) -> tuple[float, int]:
    """One new phone: the seconds it took, and the bytes that came over the line."""
    proxy = Proxy(server.port).start()
    with Phone(playwright, profile, proxy.url).open() as phone, plain(phone) as bare:
        bare.go("/sign-in")
        if shape:
            proxy.shape(**shape)
        before = proxy.bytes_down
        started = time.monotonic()
        bare.evaluate(SIGN_IN, [username, PASSWORD])
        bare.until(IS_READY, False, 120)
        took = time.monotonic() - started
        moved = proxy.bytes_down - before
    proxy.stop()
    return took, moved


class Walk:
    """A signed-in phone whose network is away, ready to be measured."""

    def __init__(self, playwright: Playwright, folder: Path, server: Server, username: str) -> None:
        self.proxy = Proxy(server.port).start()
        self.phone = Phone(playwright, folder / f"walk-{username}", self.proxy.url).open()
        self.phone.sign_in(username, PASSWORD).until_ready(300)
        self.phone.until_quiet(900)
        self.proxy.mode = "refuse"
        self.phone.go("/buildings")
        self.board = str(self.phone.page.locator("a[href^='/units/']").first.get_attribute("href"))
        self.phone.go(self.board)
        doors = self.phone.page.locator("a.door")
        self.visits = [str(doors.nth(at).get_attribute("href")) for at in range(min(doors.count(), 12))]

    def paths(self) -> list[str]:
        """One of every kind of screen."""
        visit = self.visits[0]
        return [
            "/today",
            "/buildings",
            self.board,
            visit.removesuffix("/visit"),
            visit,
            "/search?q=wang",
            "/sync",
        ]

    def fragments(self, rounds: int = 25) -> dict[str, list[float]]:
        """Warm fragments: milliseconds by address."""
        times: dict[str, list[float]] = {}
        for path, took in self.phone.evaluate(FRAGMENTS, {"paths": self.paths(), "rounds": rounds}):
            times.setdefault(path, []).append(took)
        return times

    def saves(self, rounds: int = 60) -> list[float]:
        """Saves answered with the next board, in milliseconds."""
        found: list[float] = self.phone.evaluate(SAVES, {"households": self.visits, "rounds": rounds})
        return found

    def taps(self, phone: Plain, rounds: int = 20) -> list[float]:
        """Taps from the board into a visit and back, until the next screen is painted."""
        times = []
        phone.go(self.board)
        for _ in range(rounds):
            times.append(phone.look().evaluate(TAP, "a.door"))
            times.append(phone.look().evaluate(TAP, "a.back"))
        return times[2:]

    def photograph(self, count: int = 200, size: int = 250_000) -> None:
        """Let this many photos wait on the phone."""
        user = self.phone.page.locator("[data-user]").get_attribute("data-user")
        self.phone.evaluate(PHOTOS, {"user": user, "count": count, "size": size})

    def cold_boards(self, phone: Plain, rounds: int = 9) -> list[float]:
        """A tap that has to start the worker first."""
        times = []
        for _ in range(rounds):
            phone.go("/buildings").look()
            phone.stop_workers()
            times.append(phone.evaluate(TAP, f"a[href='{self.board}']"))
        return times

    def close(self) -> None:
        """End the browser and the network."""
        self.phone.close()
        self.proxy.stop()


def walk_figures(
    folder: Path, playwright: Playwright, server: Server, username: str, large: tuple[Server, str] | None
) -> list[Figure]:
    """Everything a person waits for, with a usual area; then the same with ten thousand doors."""
    with (
        floor_server(folder / "floor") as address,
        Phone(playwright, folder / "floor-phone", address).open("/") as bare,
    ):
        bare.until("() => Boolean(navigator.serviceWorker.controller)")
        floor_fragment = most(bare.evaluate(FLOOR_TIMES, {"method": "GET", "rounds": 100}))
        floor_save = most(bare.evaluate(FLOOR_TIMES, {"method": "POST", "rounds": 60}))
        with plain(bare) as least, share_of_a_core(least.main_process):
            least.go("/")
            floor_tap = middle([least.look().evaluate(FLOOR_TAP) for _ in range(9)][1:])
    walk = Walk(playwright, folder, server, username)
    usual = walk.fragments()
    every = [took for times in usual.values() for took in times]
    figures = [
        Figure("warm fragment, p95", most(every), "ms", 30, floor_fragment, "constant answer"),
        Figure("save, p95", most(walk.saves()), "ms", 40, floor_save, "one strict write"),
    ]
    with plain(walk.phone) as phone, share_of_a_core(phone.main_process) as how:
        figures.append(
            Figure(
                "a sixth of a core: tap to next screen, p50",
                middle(walk.taps(phone)),
                "ms",
                450,
                floor_tap,
                f"constant answer, {how.split(' ')[0]}",
            )
        )
        figures.append(
            Figure("a sixth of a core: cold worker to board, p50", middle(walk.cold_boards(phone)), "ms", 900)
        )
    walk.phone.open("/today")
    figures += _photo_figures(walk)
    walk.close()
    if large:
        figures.append(_large_figure(folder, playwright, large, usual))
    return figures


def _photo_figures(walk: Walk) -> list[Figure]:
    """The same saves and screens without and with 200 photos waiting, one after the other in this run."""
    saves, screens = walk.saves(), walk.fragments(10)
    walk.photograph()
    saves_then, screens_then = walk.saves(), walk.fragments(10)
    before, after = ([took for times in one.values() for took in times] for one in (screens, screens_then))
    return [
        Figure("200 photos waiting: save, p50", middle(saves_then) / middle(saves), "times", 1.25,
               floor_is=f"without: {middle(saves):.1f} ms, with: {middle(saves_then):.1f} ms"),
        Figure("200 photos waiting: warm fragment, p50", middle(after) / middle(before), "times", 1.25,
               floor_is=f"without: {middle(before):.1f} ms, with: {middle(after):.1f} ms"),
    ]  # fmt: skip


def _large_figure(
    folder: Path, playwright: Playwright, large: tuple[Server, str], usual: dict[str, list[float]]
) -> Figure:
    walk = Walk(playwright, folder, *large)
    many = walk.fragments()
    walk.close()
    # Addresses differ from town to town; their order is the same.
    ratios = {
        path: middle(after) / middle(before)
        for (path, after), before in zip(many.items(), usual.values(), strict=True)
    }
    worst = max(ratios, key=lambda path: ratios[path])
    shown = "/".join(part for part in worst.split("?")[0].split("/") if len(part) < 36)
    times = "10,000 doors beside 416, slowest screen"
    return Figure(times, ratios[worst], "times", 1.5, floor_is=f"at {shown}")


def _until_still(proxy: Proxy, more_than: int = -1) -> None:
    """More requests than that came, and for two seconds nothing went over the line."""
    seen, since = -1, time.monotonic()
    while len(proxy.requests) <= more_than or time.monotonic() - since < 2:
        if (now := proxy.bytes_up + proxy.bytes_down) != seen:
            seen, since = now, time.monotonic()
        threading.Event().wait(0.05)


def one_record_figures(folder: Path, playwright: Playwright, server: Server, username: str) -> list[Figure]:
    """A phone that holds everything and makes one visit: what goes over the line until the centre has it, headers and all."""
    proxy = Proxy(server.port).start()
    with Phone(playwright, folder / "one-record", proxy.url).open() as phone:
        phone.sign_in(username, PASSWORD).until_ready(120).until_quiet(600)
        phone.go("/buildings")
        board = str(phone.page.locator("a[href^='/units/']").first.get_attribute("href"))
        phone.go(board)
        home = str(phone.page.locator("a.door").first.get_attribute("href"))
        _until_still(proxy)
        trips, up, down = len(proxy.requests), proxy.bytes_up, proxy.bytes_down
        phone.evaluate(SAVES, {"households": [home], "rounds": 1})
        _until_still(proxy, trips)
        asked = proxy.requests[trips:]
        up, down = proxy.bytes_up - up, proxy.bytes_down - down
    proxy.stop()
    return [
        Figure("one new record, round trips", len(asked), "", 1, floor_is=", ".join(sorted(set(asked)))),
        Figure("one new record, up", kilobytes(up), "kB", 2),
        Figure("one new record, down", kilobytes(down), "kB", 2),
    ]
