"""Replay: what waited in quarantine or in review is applied under its author's name, and the author's phone hears of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sync import replay as replaying
from sync.ids import uuid7
from sync.replay import Built, Unknown, replay, settle, take_back
from sync.results import tell_again
from sync.scope import Me
from sync.store import Feed, Operation, Result, new_epoch
from sync.write import put
from tests.sync.world import Home, Knock, Phone, World, person


def again(world: World, op: Mapping[str, Any], author: Me, **more: Any) -> replaying.Decided:
    """Zhang decides that it is applied after all."""
    return replay(world.database, world.kinds, author, op["op"], world.now, by=world.zhang, **more)


def heard(phone: Phone, op: Mapping[str, Any]) -> dict[str, Any]:
    """What the phone was told after the receipt."""
    return phone.records["sync_result", op["op"]]


def test_a_knock_in_quarantine_is_repaired_and_applied_as_what_it_was(world: World) -> None:  # P13
    li = world.phone(world.li)
    op = li.knock("three-1", "unheard_of")
    li.sync()
    at = world.now
    world.pass_time(days=2)
    decided = again(world, op, world.li, patch={**op["patch"], "outcome": "no_answer"})
    assert (decided.status, decided.reason) == ("applied", None)
    knock = Knock.get_by_id(op["record"])
    assert (knock.author, knock.device_time) == ("li", f"{at:%Y-%m-%dT%H:%M:%SZ}")
    assert world.home("three-1")["misses"] == 1
    kept = Operation.get_by_id(op["op"])
    assert kept.payload["patch"]["outcome"] == "unheard_of", "what was sent stays what it was"
    assert kept.detail["repaired"]["patch"]["outcome"] == "no_answer"
    assert kept.detail["decided"]["by"] == "zhang"


def test_the_phone_of_li_is_told_once_and_the_same_however_often_it_asks(world: World) -> None:  # P13
    li = world.phone(world.li)
    op = li.knock("three-1", "unheard_of")
    li.sync()
    assert ("sync_result", op["op"]) not in li.records
    again(world, op, world.li, patch={**op["patch"], "outcome": "met"})
    before = dict(li.cursors)
    li.sync()
    first = heard(li, op)
    assert (first["status"], first["detail"]["decided"]["by"]) == ("applied", "zhang")
    li.cursors = before
    li.sync()
    assert heard(li, op) == first
    assert ("knock", op["record"]) in li.records
    other = world.phone(world.li)
    other.sync()
    assert heard(other, op) == first, "a second phone reads it from the start of the channel"
    wang = world.phone(world.wang)
    wang.sync()
    assert ("sync_result", op["op"]) not in wang.records


def test_a_repeated_push_gets_the_later_result(world: World) -> None:  # P11 P13
    li = world.phone(world.li)
    op = li.knock("three-1", "unheard_of")
    li.ask(li.request())  # the answer is lost
    again(world, op, world.li, patch={**op["patch"], "outcome": "met"})
    li.sync()
    assert li.result(op)["status"] == "applied"
    assert Knock.select().count() == 1


def test_what_was_held_behind_it_follows_in_order(world: World) -> None:  # P12 P13
    li = world.phone(world.li)
    first = li.knock("three-1", "unheard_of")
    second = li.knock("three-2", "met", after=[first["op"]])
    third = li.knock("three-3", "met", after=[second["op"]])
    back = li.undo(third)
    free = li.knock("three-4", "met")
    li.sync()
    statuses = [li.result(op)["status"] for op in (first, second, third, back, free)]
    assert statuses == ["quarantined", "held", "held", "held", "applied"]
    decided = again(world, first, world.li, patch={**first["patch"], "outcome": "met"})
    assert decided.released == [second["op"], third["op"], back["op"]]
    li.sync()
    assert {heard(li, op)["status"] for op in (first, second, third, back)} == {"applied"}
    assert Knock.get_by_id(second["record"]).gone is False
    assert Knock.get_by_id(third["record"]).gone is True
    assert [world.home(f"three-{n}")["last"] for n in (1, 2, 3)] == ["met", "met", None]


def test_a_knock_at_a_home_whose_creation_was_held_back_follows_it(world: World) -> None:  # P12
    li = world.phone(world.li)
    home = str(uuid7())
    made = li.save("create", "home", home, {"door": world["door three-1"], "people": "three"})
    world.ids["new"] = home
    knock = li.knock("new", "no_answer")
    edit = li.edit("new", {"phone": ""}, phone="138")
    li.sync()
    assert [li.result(op)["status"] for op in (made, knock, edit)] == ["quarantined", "held", "held"]
    repaired = {"door": world["door three-1"], "people": 3}
    assert again(world, made, world.li, patch=repaired).released == [knock["op"], edit["op"]]
    row = world.home("new")
    assert (row["people"], row["misses"], row["phone"], row["author"]) == (3, 1, "138", "li")


def test_one_that_still_cannot_be_applied_stays_with_the_new_reason(world: World) -> None:  # P13
    li = world.phone(world.li)
    op = li.knock("three-1", "unheard_of")
    behind = li.knock("three-2", after=[op["op"]])
    li.sync()
    decided = again(world, op, world.li, patch={**op["patch"], "home": str(uuid7()), "outcome": "met"})
    assert (decided.status, decided.reason, decided.released) == ("quarantined", "missing_parent", [])
    assert Operation.get_by_id(behind["op"]).status == "held"
    li.sync()
    assert heard(li, op)["reason"] == "missing_parent"


def test_a_validator_whose_bug_is_fixed_takes_the_knock_from_quarantine(world: World) -> None:  # P13
    li = world.phone(world.li)
    op = li.knock("three-1", "explode")
    for _ in range(4):
        with pytest.raises(Exception, match="busy"):
            li.sync()
        world.pass_time(minutes=1)
    li.sync()
    assert li.result(op)["reason"] == "failed"
    assert again(world, op, world.li).reason == "failed", "not fixed yet: it fails again, and stays"
    world.kinds["knock"].check = lambda verb, patch: {}
    assert again(world, op, world.li).status == "applied"
    assert Knock.get_by_id(op["record"]).outcome == "explode"
    assert again(world, op, world.li).status == "applied", "a second tap changes nothing"
    assert Knock.select().count() == 1


def test_an_edit_from_quarantine_merges_with_what_happened_since(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    op = li.edit("three-1", {"people": 2, "phone": ""}, people="four", phone="1")
    li.sync()
    wang.edit("three-1", {"phone": ""}, phone="2")
    wang.sync()
    decided = again(world, op, world.li, patch={"people": 4, "phone": "1"})
    assert (decided.status, decided.reason) == ("review", "conflict")
    assert decided.detail["fields"]["phone"]["kept"]["user"] == "wang"
    assert (world.home("three-1")["people"], world.home("three-1")["phone"]) == (4, "2")


def test_work_on_a_door_that_left_the_grid_of_li_is_accepted_by_who_holds_it_now(world: World) -> None:  # P15
    li = world.phone(world.li)
    li.sync()
    op = li.edit("three-1", {"people": 2}, people=5)
    li.me = person("li", "heping", "worker", "four")
    li.sync()
    assert li.result(op)["reason"] == "left_scope"
    unable = replay(world.database, world.kinds, li.me, op["op"], world.now)
    assert unable.reason == "left_scope"
    assert again(world, op, li.me).status == "applied"
    home = world.home("three-1")
    assert home["people"] == 5
    assert home["author"] == "", "an edit does not take the record over"


def test_what_a_revoked_phone_delivered_is_applied_when_zhang_vouches_for_it(world: World) -> None:  # P13
    from sync.store import Device

    li = world.phone(world.li)
    li.sync()
    Device.update(revoked=True).execute()
    op = li.knock("three-1")
    with pytest.raises(Exception, match="revoked"):
        li.sync()
    assert Operation.get_by_id(op["op"]).reason == "revoked"
    assert again(world, op, world.li).status == "applied"


def test_a_rejected_knock_stays_in_quarantine_and_li_reads_why(world: World) -> None:  # P13
    li = world.phone(world.li)
    op = li.knock("three-1", "unheard_of")
    li.sync()
    settle(
        world.database, world.kinds, world.li, op["op"], world.now, "quarantined", "rejected", {"says": "Twice."},
        by=world.zhang,
    )  # fmt: skip
    li.sync()
    told = heard(li, op)
    assert (told["status"], told["reason"], told["detail"]["says"]) == ("quarantined", "rejected", "Twice.")
    assert told["detail"]["fields"], "what was wrong with it is still known"
    assert Knock.select().count() == 0


def test_a_conflict_that_was_settled_is_told_to_who_waited_for_it(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    wang.edit("three-1", {"phone": ""}, phone="2")
    wang.sync()
    op = li.edit("three-1", {"phone": ""}, phone="1")
    li.sync()
    assert li.result(op)["reason"] == "conflict"
    settle(
        world.database, world.kinds, world.li, op["op"], world.now, "applied", None, {"chosen": {"phone": "2"}},
        by=world.zhang,
    )  # fmt: skip
    li.sync()
    assert heard(li, op)["status"] == "applied"
    assert heard(li, op)["detail"]["chosen"] == {"phone": "2"}


def test_nobody_decides_about_another_community_or_under_another_name(world: World) -> None:  # P21
    li = world.phone(world.li)
    op = li.knock("three-1", "unheard_of")
    li.sync()
    stranger = person("zhou", "xinfu", "supervisor", "one")
    with pytest.raises(Unknown):
        replay(world.database, world.kinds, world.li, op["op"], world.now, by=stranger)
    with pytest.raises(Unknown):
        again(world, op, world.wang)
    with pytest.raises(Unknown):
        replay(world.database, world.kinds, world.li, str(uuid7()), world.now)


def test_no_phone_can_send_a_result(world: World) -> None:  # P21
    li = world.phone(world.li)
    op = li.save("create", "sync_result", str(uuid7()), {"user": "li", "status": "applied"})
    li.sync()
    assert li.result(op)["reason"] == "unknown_kind"


def test_an_error_on_the_way_leaves_everything_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P12
    li = world.phone(world.li)
    op = li.knock("three-1", "unheard_of")
    li.sync()

    def broken(*_: Any) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(replaying, "tell", broken)
    with pytest.raises(RuntimeError):
        again(world, op, world.li, patch={**op["patch"], "outcome": "met"})
    assert Knock.select().count() == 0
    assert Operation.get_by_id(op["op"]).status == "quarantined"
    assert Home.get_by_id(world["three-1"]).last is None


def test_a_decision_that_a_restored_copy_has_forgotten_is_unsaid_on_the_phone(world: World) -> None:  # P20
    li = world.phone(world.li)
    op = li.knock("three-1", "unheard_of")
    li.sync()
    before = Operation.get_by_id(op["op"])
    settle(world.database, world.kinds, world.li, op["op"], world.now, "applied", by=world.zhang)
    li.sync()
    assert heard(li, op)["status"] == "applied"
    # The copy is from before the decision.
    before.save()
    Result.delete().execute()
    Feed.delete().where(Feed.kind == "sync_result").execute()
    new_epoch(world.database)
    tell_again(world.database, world.now)
    li.cursors = {}
    li.sync()
    assert (heard(li, op)["status"], heard(li, op)["reason"]) == ("quarantined", "invalid")


def undone(world: World, op: Mapping[str, Any], author: Me) -> replaying.Decided:
    """Zhang takes the decision back."""
    return take_back(world.database, world.kinds, author, op["op"], world.now, by=world.zhang)


def test_zhang_takes_a_decision_back_and_what_it_let_through_waits_as_before(world: World) -> None:  # P13
    li = world.phone(world.li)
    op = li.knock("three-1", "unheard_of")
    li.sync()
    stood = li.result(op)
    again(world, op, world.li, patch={**op["patch"], "outcome": "no_answer"})
    assert world.home("three-1")["misses"] == 1
    decided = undone(world, op, world.li)
    assert (decided.status, decided.reason, decided.detail) == ("quarantined", "invalid", stood["detail"])
    assert world.home("three-1")["misses"] == 0
    li.sync()
    assert heard(li, op)["status"] == "quarantined"
    assert ("knock", op["record"]) not in li.records
    again(world, op, world.li, patch={**op["patch"], "outcome": "met"})
    assert Knock.get_by_id(op["record"]).gone is False
    assert world.home("three-1")["last"] == "met"


def test_of_a_conflict_only_what_the_decision_let_through_goes_back(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.zhang)
    li.sync()
    wang.sync()
    wang.edit("three-1", {"people": 2}, people=5)
    wang.sync()
    op = li.edit("three-1", {"people": 2, "phone": ""}, people=3, phone="138")
    li.sync()
    version = Operation.get_by_id(op["op"]).version
    put(world.database, world.kinds, "heping", [("home", {"id": world["three-1"], "people": 2})], world.now)
    assert again(world, op, world.li).status == "applied"
    assert (world.home("three-1")["people"], world.home("three-1")["phone"]) == (3, "138")
    decided = undone(world, op, world.li)
    assert (decided.status, decided.reason, list(decided.detail["fields"])) == (
        "review",
        "conflict",
        ["people"],
    )
    assert (world.home("three-1")["people"], world.home("three-1")["phone"]) == (2, "138")
    assert Operation.get_by_id(op["op"]).version == version, "others still see that the phone was changed"


def test_a_decision_that_others_went_on_from_stays(world: World) -> None:  # P17
    li = world.phone(world.li)
    home = str(uuid7())
    made = li.save("create", "home", home, {"door": world["door three-1"], "people": "three"})
    li.sync()
    again(world, made, world.li, patch={"door": world["door three-1"], "people": 3})
    world.ids["new"] = home
    li.sync()
    li.knock("new", "met")
    li.sync()
    with pytest.raises(Built):
        undone(world, made, world.li)
    assert world.home("new")["gone"] is False
    assert Operation.get_by_id(made["op"]).status == "applied"


def test_a_knock_that_li_took_back_herself_does_not_return_by_a_second_decision(world: World) -> None:  # P13
    li = world.phone(world.li)
    op = li.knock("three-1", "unheard_of")
    li.sync()
    repaired = {**op["patch"], "outcome": "met"}
    again(world, op, world.li, patch=repaired)
    back = li.undo(op)
    li.sync()
    assert li.result(back)["status"] == "applied"
    assert undone(world, op, world.li).status == "quarantined"
    decided = again(world, op, world.li, patch=repaired)
    assert (decided.status, decided.reason) == ("review", "gone")
    assert Knock.get_by_id(op["record"]).gone is True
    assert world.home("three-1")["last"] is None


def test_what_waited_for_one_and_then_for_another_follows_the_other(world: World) -> None:  # P12
    li = world.phone(world.li)
    first = li.knock("three-1", "unheard_of")
    li.sync()
    repaired = {**first["patch"], "outcome": "met"}
    again(world, first, world.li, patch=repaired)
    second = li.knock("three-2", "unheard_of")
    waits = li.knock("three-3", "met", after=[first["op"], second["op"]])
    li.sync()
    assert li.result(waits)["detail"]["after"] == [second["op"]]
    undone(world, first, world.li)
    assert again(world, second, world.li, patch={**second["patch"], "outcome": "met"}).released == []
    assert Operation.get_by_id(waits["op"]).detail["after"] == [first["op"]]
    assert again(world, first, world.li, patch=repaired).released == [waits["op"]]
    assert world.home("three-3")["last"] == "met"


def new_home(world: World, li: Phone) -> tuple[dict[str, Any], dict[str, Any]]:
    """Li found a home, which waits in quarantine and is repaired; the operation and the repaired patch."""
    world.ids["new"] = str(uuid7())
    sent = {"door": world["door three-1"], "people": "three"}
    made = li.save("create", "home", world.ids["new"], sent)
    li.sync()
    repaired = {**sent, "people": 3}
    again(world, made, world.li, patch=repaired)
    return made, repaired


def test_a_home_whose_number_li_took_back_returns_by_a_second_decision(world: World) -> None:  # P13
    li = world.phone(world.li)
    made, repaired = new_home(world, li)
    edit = li.edit("new", {"phone": ""}, phone="138")
    back = li.undo(edit)
    li.sync()
    assert li.result(back)["status"] == "applied"
    undone(world, made, world.li)
    assert again(world, made, world.li, patch=repaired).status == "applied"
    assert world.home("new")["gone"] is False


def test_a_home_that_wang_deleted_does_not_return_by_a_second_decision(world: World) -> None:  # P13
    made, repaired = new_home(world, world.phone(world.li))
    wang = world.phone(world.wang)
    wang.sync()
    wang.save("delete", "home", world["new"], {})
    wang.sync()
    undone(world, made, world.li)
    decided = again(world, made, world.li, patch=repaired)
    assert (decided.status, decided.reason) == ("review", "gone")
    assert world.home("new")["gone"] is True
