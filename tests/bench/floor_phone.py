"""Floor: the least that any app in a service worker can take on this machine: a constant answer, one strict write."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

WORKER = """// Answers everything itself: a page of constant size, or one strict write and then the page.
const page = "<p>" + "x".repeat(12000) + "</p>";
const db = new Promise((resolve) => {
  const asked = indexedDB.open("floor");
  asked.onupgradeneeded = () => asked.result.createObjectStore("ops", { autoIncrement: true });
  asked.onsuccess = () => resolve(asked.result);
});
const write = async () => {
  const tx = (await db).transaction("ops", "readwrite", { durability: "strict" });
  tx.objectStore("ops").put({ note: "x".repeat(600) });
  return new Promise((resolve) => { tx.oncomplete = resolve; });
};
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (event.request.mode === "navigate") return;
  const answer = () => new Response(page, { headers: { "Content-Type": "text/html" } });
  event.respondWith(event.request.method === "POST" ? write().then(answer) : answer());
});
"""
PAGE = "<!doctype html><title>floor</title><main id='app'></main><script>navigator.serviceWorker.register('/sw.js')</script>"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def floor_server(folder: Path) -> Iterator[str]:
    """Serves the floor's page and worker; gives its address."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sw.js").write_text(WORKER)
    (folder / "index.html").write_text(PAGE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
