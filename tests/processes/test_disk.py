"""Disk: full or read-only under the server; it takes nothing in, says why, and goes on by itself when that is over."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.cast import signed_in_database
from tests.ledger import Ledger
from tests.processes.round import HURRY, drain
from tests.processes.small_disk import SmallDisk, small_disk
from tests.server import Server
from tests.walker import Walker, form_token, sign_in


class Centre:
    """A server whose data, database and log lie on a disk of 8 MiB, and the phones of Li and Wang."""

    def __init__(self, disk: SmallDisk, seed: str) -> None:
        url = f"sqlite:///{disk.folder / 'fieldapp.db'}"
        database, town = signed_in_database(url)
        database.close()
        self.disk, self.ledger = disk, Ledger(url)
        self.server = Server(disk.folder).start()
        self.walkers = [
            Walker(
                self.server.port,
                town.people[name].id,
                sign_in(self.server.port, name),
                [id for at, id in town.households.items() if at.startswith(f"{grid}-")],
                seed,
                HURRY,
            )
            for name, grid in (("li", 3), ("wang", 4))
        ]

    def get(self, path: str) -> tuple[int, str | None, str]:
        """Status, Retry-After and text of an address."""
        asked = urllib.request.Request(self.server.url + path, headers={"Cookie": self.walkers[0].cookie})
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return answer.status, answer.headers["Retry-After"], answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers["Retry-After"], refused.read().decode()

    def unready(self) -> str:
        """The cause that `/readyz` names."""
        status, wait, text = self.get("/readyz")
        assert (status, wait) == (503, "5")
        return str(json.loads(text)["cause"])

    def until_ready(self) -> None:
        """Until the same process is ready again."""
        pause = threading.Event()
        for _ in range(400):
            if self.get("/readyz")[0] == 200:
                return
            pause.wait(0.05)
        raise AssertionError(self.get("/readyz"))

    def push(self) -> tuple[int, str | None, Any]:
        """What Li's phone is told when it sends what it holds."""
        return self.walkers[0].ask("/sync", self.walkers[0]._request(False))

    def all_arrives(self) -> None:
        """Everything that was saved is there, once."""
        drain(self.walkers)
        self.ledger.check(self.walkers, drained=True)


@pytest.fixture
def centre(tmp_path: Path, seed: str) -> Iterator[Centre]:
    """The centre, running."""
    with small_disk(tmp_path / "disk") as disk:
        made = Centre(disk, seed)
        yield made
        made.server.stop()


@pytest.mark.slow
def test_a_full_disk_is_said_in_words_and_the_work_arrives_when_there_is_room(
    centre: Centre, kills: int, seed: str
) -> None:  # P13
    random = Random(seed)
    refused = 0
    for _ in range(kills):
        for walker in centre.walkers:
            for _ in range(random.randint(1, 6)):
                walker.work()
        centre.disk.fill(leave=random.choice((0, 0, 4096, 20_000)))
        for walker in centre.walkers:
            refused += walker.exchange() == 503
        centre.ledger.check(centre.walkers)
        assert centre.unready() == "disk_full"
        assert centre.get("/livez")[0] == 200
        assert centre.get("/today")[0] == 200, "reading goes on"
        centre.disk.free()
        centre.until_ready()
        if random.random() < 0.5:
            centre.all_arrives()
    assert refused >= kills // 2
    print(f"\nseed {seed}: {kills} times full, {refused} pushes told to wait")
    centre.all_arrives()


def test_a_phone_is_told_that_the_disk_is_full(centre: Centre) -> None:  # P13
    for _ in range(80):
        centre.walkers[0].visit()
    centre.disk.fill()
    status, wait, said = centre.push()
    assert (status, wait) == (503, "5")
    assert (said["error"]["code"], said["error"]["cause"]) == ("busy", "disk_full")
    assert "磁盘" in said["error"]["message"]
    centre.disk.free()
    centre.all_arrives()


def test_an_upload_on_a_full_disk_is_refused_in_words(centre: Centre) -> None:
    port = centre.server.port
    cookie, token = form_token(port, sign_in(port, "zhang"), "/register")
    centre.disk.fill()
    body = (
        f'--edge\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n--edge\r\n'
        'Content-Disposition: form-data; name="file"; filename="register.csv"\r\nContent-Type: text/csv\r\n\r\n'
        + "网格,楼栋,单元,门牌号\r\n" * 20_000
        + "--edge--\r\n"
    )
    headers = {"Cookie": cookie, "Content-Type": "multipart/form-data; boundary=edge"}
    asked = urllib.request.Request(f"{centre.server.url}/register", body.encode(), headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=30)
    assert (refused.value.code, refused.value.headers["Retry-After"]) == (503, "5")
    assert "磁盘" in refused.value.read().decode()


def test_a_read_only_folder_is_said_in_words_and_work_goes_on_when_it_is_over(centre: Centre) -> None:  # P13
    for walker in centre.walkers:
        walker.work()
        assert walker.exchange() == 200
        walker.work()
    centre.server.kill()
    centre.disk.read_only(True)
    centre.server.log = centre.disk.folder.parent / "server.log"
    centre.server.start(until="/livez")
    assert centre.unready() == "read_only"
    centre.walkers[0].connection.close()
    status, wait, said = centre.push()
    assert (status, wait) == (503, "5")
    assert (said["error"]["code"], said["error"]["cause"]) == ("busy", "read_only")
    assert centre.get("/today")[0] == 200, "reading goes on"
    centre.disk.read_only(False)
    centre.until_ready()
    centre.all_arrives()
