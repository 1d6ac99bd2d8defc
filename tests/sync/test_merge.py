"""Merge: field by field; the first of two values stays, and both are shown to a person."""

from __future__ import annotations

from typing import Any

import pytest

from sync.ids import uuid7
from sync.merge import merge, undo
from sync.replay import replay
from sync.store import Operation
from sync.write import put
from tests.sync.world import World


@pytest.mark.parametrize(
    ("base", "patch", "current", "changes", "conflicts"),
    [
        ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}, {}),
        ({"a": 1}, {"a": 2}, {"a": 2}, {}, {}),
        ({"a": 1}, {"a": 2}, {"a": 3}, {}, {"a": (1, 3, 2)}),
        ({"a": 1, "b": 1}, {"a": 2, "b": 2}, {"a": 3, "b": 1}, {"b": 2}, {"a": (1, 3, 2)}),
        ({}, {"a": 2}, {"a": 1}, {}, {"a": (None, 1, 2)}),
        ({}, {"a": 2}, {"a": 2}, {}, {}),
        ({"a": None}, {"a": "x"}, {"a": None}, {"a": "x"}, {}),
        ({"a": ["x"]}, {"a": []}, {"a": ["x"]}, {"a": []}, {}),
    ],
)
def test_three_ways_meet_field_by_field(
    base: dict[str, Any],
    patch: dict[str, Any],
    current: dict[str, Any],
    changes: dict[str, Any],
    conflicts: dict[str, Any],
) -> None:  # P17
    merged = merge(base, patch, current)
    assert (merged.changes, merged.conflicts) == (changes, conflicts)


def test_an_undo_gives_back_only_what_still_stands() -> None:  # P17
    merged = undo({"a": 1, "b": 1}, {"a": 2, "b": 2}, {"a": 2, "b": 3})
    assert (merged.changes, merged.conflicts) == ({"a": 1}, {"b": (2, 3, 1)})


def test_li_and_wang_edit_different_facts_and_both_stand(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    li.sync()
    version = li.records["home", world["three-1"]]["version"]
    wang.edit("three-1", {"people": 2}, people=5)
    wang.sync()
    op = li.save("patch", "home", world["three-1"], {"phone": "7"}, base={"phone": ""}, base_version=version)
    li.sync()
    home = world.home("three-1")
    assert (home["phone"], home["people"]) == ("7", 5)
    assert (li.result(op)["status"], li.result(op)["detail"]) == ("applied", {"merged": ["people"]})


def test_an_edit_that_does_not_say_what_li_saw_overwrites_nothing(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    li.sync()
    wang.edit("three-1", {"phone": ""}, phone="3")
    wang.sync()
    op = li.save("patch", "home", world["three-1"], {"phone": "7"}, base={}, base_version=None)
    li.sync()
    assert world.home("three-1")["phone"] == "3"
    assert (li.result(op)["status"], li.result(op)["reason"]) == ("review", "conflict")


def test_li_and_wang_write_two_phones_and_the_first_stays_until_somebody_chooses(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    first = wang.edit("three-1", {"phone": "", "people": 2}, phone="111", people=3)
    wang.sync()
    world.pass_time(minutes=5)
    second = li.edit("three-1", {"phone": "", "tags": []}, phone="222", tags=["alone"])
    li.sync()
    home = world.home("three-1")
    assert (home["phone"], home["tags"]) == ("111", ["alone"])
    result = li.result(second)
    assert (result["status"], result["reason"], result["detail"]["applied"]) == (
        "review",
        "conflict",
        ["tags"],
    )
    both = result["detail"]["fields"]["phone"]
    assert (both["base"], both["kept"]["value"], both["sent"]["value"]) == ("", "111", "222")
    assert (both["kept"]["user"], both["kept"]["device"], both["kept"]["op"]) == (
        "wang",
        wang.device,
        first["op"],
    )
    assert (both["sent"]["user"], both["sent"]["device"], both["sent"]["at"]) == (
        "li",
        li.device,
        second["at"],
    )
    assert both["kept"]["at"] == "2026-11-23T02:42:05Z"
    assert Operation.get_by_id(second["op"]).payload["patch"] == second["patch"]


def test_the_same_value_from_both_is_no_conflict(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    wang.edit("three-1", {"phone": ""}, phone="111")
    wang.sync()
    op = li.edit("three-1", {"phone": ""}, phone="111")
    li.sync()
    assert li.result(op)["status"] == "applied"


def test_lis_own_chain_of_edits_is_no_conflict(world: World) -> None:  # P17
    li = world.phone(world.li)
    ops = [li.edit("three-1", {"phone": str(n) if n else ""}, phone=str(n + 1)) for n in range(5)]
    li.sync()
    assert {li.result(op)["status"] for op in ops} == {"applied"}
    assert world.home("three-1")["phone"] == "5"


def test_a_knock_between_does_not_make_an_edit_conflict(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    li.sync()
    version = li.records["home", world["three-1"]]["version"]
    wang.knock("three-1", "no_answer")
    wang.sync()
    op = li.save("patch", "home", world["three-1"], {"phone": "7"}, base={"phone": ""}, base_version=version)
    li.sync()
    assert (li.result(op)["status"], li.result(op)["detail"]) == ("applied", {})
    assert world.home("three-1")["version"] == version + 2


def test_an_edit_of_what_is_gone_goes_to_review_with_its_payload(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    made = wang.save("create", "home", str(uuid7()), {"door": world["door three-1"]})
    wang.sync()
    wang.undo(made)
    wang.sync()
    edit = li.save("patch", "home", made["record"], {"phone": "7"}, base={"phone": ""})
    knock = li.knock(made["record"])
    li.sync()
    assert [(li.result(op)["status"], li.result(op)["reason"]) for op in (edit, knock)] == [
        ("review", "gone")
    ] * 2
    assert Operation.get_by_id(edit["op"]).payload["patch"] == {"phone": "7"}


def test_knocks_never_conflict_and_cannot_be_edited(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    ops = [li.knock("three-1"), wang.knock("three-1")]
    li.sync()
    wang.sync()
    assert li.result(ops[0])["status"] == wang.result(ops[1])["status"] == "applied"
    edit = li.save("patch", "knock", ops[0]["record"], {"note": "x"}, base={"note": ""})
    li.sync()
    assert (li.result(edit)["status"], li.result(edit)["reason"]) == ("quarantined", "append_only")


def test_a_delete_of_what_others_changed_goes_to_review(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    home = str(uuid7())
    li.save("create", "home", home, {"door": world["door three-1"]})
    li.sync()
    wang.save("patch", "home", home, {"phone": "7"}, base={"phone": ""})
    wang.sync()
    op = li.save("delete", "home", home, {}, base_version=1)
    li.sync()
    assert (li.result(op)["status"], li.result(op)["reason"]) == ("review", "changed_since")
    assert li.result(op)["detail"] == {"fields": ["phone"]}
    again = li.save("delete", "home", home, {}, base_version=2)
    li.sync()
    assert li.result(again)["status"] == "applied"


def test_a_knock_at_a_home_that_was_deleted_goes_to_review_and_is_applied_when_it_is_back(
    world: World,
) -> None:  # P13 P17
    li, zhang = world.phone(world.li), world.phone(world.zhang)
    li.sync()
    removed = zhang.save("delete", "home", world["three-1"], {}, base_version=1)
    zhang.sync()
    assert zhang.result(removed)["status"] == "applied"
    knock = li.knock("three-1")
    li.sync()
    assert (li.result(knock)["status"], li.result(knock)["reason"]) == ("review", "gone")
    assert Operation.get_by_id(knock["op"]).payload["patch"] == knock["patch"]
    put(world.database, world.kinds, "heping", [("home", {"id": world["three-1"], "gone": False})], world.now)
    decided = replay(world.database, world.kinds, world.li, knock["op"], world.now, by=world.zhang)
    assert decided.status == "applied"
    li.sync()
    assert ("home", world["three-1"]) in li.records
    assert ("knock", knock["record"]) in li.records
    assert world.home("three-1")["last"] == "met"


def test_two_who_delete_the_same_home_agree(world: World) -> None:  # P17
    zhang, other = world.phone(world.zhang), world.phone(world.zhang)
    for phone in (zhang, other):
        op = phone.save("delete", "home", world["three-1"], {}, base_version=1)
        phone.sync()
        assert phone.result(op)["status"] == "applied"
    assert world.home("three-1")["version"] == 2


def test_a_version_counted_in_another_history_stands_for_no_value(world: World) -> None:  # P17 P20
    li, wang = world.phone(world.li), world.phone(world.wang)
    wang.edit("three-1", {"phone": ""}, phone="1")
    wang.sync()
    version = world.home("three-1")["version"]
    # Li saw "3" at this version, before a backup took the place of that history.
    op = li.save("patch", "home", world["three-1"], {"phone": "7"}, base={"phone": "3"}, base_version=version)
    li.sync()
    assert (li.result(op)["status"], li.result(op)["reason"]) == ("review", "conflict")
    assert world.home("three-1")["phone"] == "1"
