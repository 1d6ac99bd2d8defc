"""Upgrade: what was saved under an older form arrives as it is meant today, however old the phone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sync.ids import uuid7
from sync.replay import replay
from sync.store import Operation
from tests.sync.world import Knock, World


def _people_was_size(values: dict[str, Any]) -> dict[str, Any]:
    """Version 1 called the number of people `size`, as text."""
    return {
        ("people" if name == "size" else name): int(value) if name == "size" else value
        for name, value in values.items()
    }


def _telephone(values: dict[str, Any]) -> dict[str, Any]:
    """Version 2 wrote a space into telephone numbers."""
    return {name: value.replace(" ", "") if name == "phone" else value for name, value in values.items()}


def newer(world: World) -> World:
    """The server was updated: homes are in version 3 of their form."""
    upgrades = {1: _people_was_size, 2: _telephone}
    world.kinds["home"] = replace(world.kinds["home"], form=3, upgrades=upgrades)
    return world


def test_an_edit_saved_under_an_older_form_is_upgraded_on_arrival(world: World) -> None:  # P18
    li = world.phone(newer(world).li)
    op = li.edit("three-1", {"size": "2", "phone": ""}, size="5", phone="138 0000")
    li.sync()
    assert li.result(op)["status"] == "applied"
    home = world.home("three-1")
    assert (home["people"], home["phone"]) == (5, "1380000")
    assert Operation.get_by_id(op["op"]).payload["patch"] == op["patch"], "what was sent stays what it was"


def test_a_home_made_under_an_older_form_a_year_ago_is_made(world: World) -> None:  # P18
    li = world.phone(newer(world).li)
    record = str(uuid7())
    op = li.save("create", "home", record, {"door": world["door three-1"], "size": "4"}, form=1)
    knock = li.save("create", "knock", str(uuid7()), {"home": record, "outcome": "met"}, after=[op["op"]])
    world.pass_time(days=400)
    li.sync()
    assert [li.result(one)["status"] for one in (op, knock)] == ["applied", "applied"]
    world.ids["new"] = record
    assert world.home("new")["people"] == 4
    assert Knock.select().count() == 1


def test_two_forms_of_different_age_meet_in_one_merge(world: World) -> None:  # P17 P18
    li, wang = world.phone(newer(world).li), world.phone(world.wang)
    wang.edit("three-1", {"people": 2}, people=6)
    wang.outbox[-1]["form"] = 3
    wang.sync()
    op = li.edit("three-1", {"size": "2", "phone": ""}, size="5", phone="1 3")
    li.sync()
    result = li.result(op)
    assert (result["status"], result["reason"], result["detail"]["applied"]) == (
        "review",
        "conflict",
        ["phone"],
    )
    found = result["detail"]["fields"]["people"]
    assert (found["base"], found["kept"]["value"], found["sent"]["value"]) == (2, 6, 5)
    assert found["kept"]["user"] == "wang"


def test_an_edit_of_an_older_form_is_taken_back_after_the_update(world: World) -> None:  # P18
    before = dict(world.kinds)
    world.kinds["home"] = replace(world.kinds["home"], patchable=("phone",))
    li = world.phone(world.li)
    op = li.edit("three-1", {"phone": ""}, phone="1 3")
    li.sync()
    world.kinds |= before
    newer(world)
    assert world.home("three-1")["phone"] == "1 3"
    put_right = li.edit("three-1", {"phone": "1 3"}, phone="13")
    put_right["form"] = 3
    li.sync()
    undo = li.undo(op)
    undo["form"] = 3
    li.sync()
    assert li.result(undo)["status"] == "applied", "13 is what the older 1 3 means today"
    assert world.home("three-1")["phone"] == ""


def test_an_app_newer_than_the_server_is_heard_and_its_work_is_applied_after_the_update(
    world: World,
) -> None:  # P18
    li = world.phone(world.li)
    op = li.edit("three-1", {"people": 2}, people=3, floor=7)
    op["form"] = 2
    free = li.knock("three-2")
    li.sync()
    assert (li.result(op)["status"], li.result(op)["reason"]) == ("quarantined", "unknown_field")
    assert li.result(free)["status"] == "applied"
    world.kinds["home"] = replace(
        world.kinds["home"], form=2, upgrades={1: dict}, patchable=("phone", "people", "tags")
    )
    decided = replay(
        world.database, world.kinds, world.li, op["op"], world.now, by=world.zhang, patch={"people": 3}
    )
    assert decided.status == "applied"
    assert world.home("three-1")["people"] == 3


def test_a_phone_without_the_newest_members_of_a_request_is_answered(world: World) -> None:  # P18
    li = world.phone(world.li)
    op = li.knock("three-1")
    request = li.request()
    for name in ("report", "tail", "app"):
        del request[name]
    for name in ("after", "form", "base", "files", "offset"):
        del request["ops"][0][name]
    assert li.ask(request)["results"][0] == {
        "op": op["op"], "seq": 1, "status": "applied", "reason": None, "detail": {},
    }  # fmt: skip
