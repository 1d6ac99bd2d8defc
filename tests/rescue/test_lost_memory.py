"""Lost memory: a phone that begins anew is told what the centre last heard that another one of its person still had."""

from __future__ import annotations

from typing import Any

from sync.ids import uuid7
from sync.store import Device
from tests.rescue.test_rescue import Centre, visit

WAITED = "本机的存储被清除过"


def ask(centre: Centre, name: str, device: str, waiting: int, ops: list[dict[str, Any]]) -> dict[str, Any]:
    """One exchange of a phone that says that so many wait."""
    asked = {
        "protocol": 1, "app": "test", "user": centre.town.people[name].id, "device": device, "epoch": None, "ops": ops,
        "clock": "2026-11-23T02:42:05.000Z", "cursors": {}, "tail": False,
        "report": {"waiting": waiting, "oldest": "2026-11-23T02:00:00Z", "used": None, "left": None},
    }  # fmt: skip
    answer = centre.browser(name).post("/sync", json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def operation(centre: Centre, seq: int) -> dict[str, Any]:
    patch = {"household": centre.town.households["3-1-601"], "outcome": "no_answer"}
    ids = {name: str(uuid7()) for name in ("op", "group", "record")}
    return {
        **ids,
        "seq": seq,
        "kind": "visit",
        "verb": "create",
        "patch": patch,
        "at": "2026-11-23T02:41:00.000Z",
    }


def test_li_begins_on_an_empty_phone_and_reads_how_much_waited_when_the_old_one_was_last_heard(
    centre: Centre,
) -> None:
    old = str(uuid7())
    # Three wait and one of them is in this exchange: two are left.
    assert ask(centre, "li", old, 3, [operation(centre, 1)])["last"] == 1
    report = Device.get_by_id(old).report
    assert (report["waiting"], report["oldest"]) == (2, "2026-11-23T02:00:00Z")
    li = centre.phone("li")
    page = li.tell("ask", path="/sync")["html"]
    assert WAITED in page
    assert "还有 2 条待同步" in page
    # It goes on being said after the next exchange, and to nobody else.
    visit(li, centre.town, "3-1-602")
    li.tell("exchange")
    assert WAITED in li.tell("ask", path="/sync")["html"]
    assert WAITED not in centre.phone("wang").tell("ask", path="/sync")["html"]


def test_a_phone_that_sent_everything_is_not_missed(centre: Centre) -> None:
    old = str(uuid7())
    ask(centre, "li", old, 1, [operation(centre, 1)])
    assert Device.get_by_id(old).report["oldest"] is None
    assert WAITED not in centre.phone("li").tell("ask", path="/sync")["html"]
