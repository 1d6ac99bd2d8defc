"""Effects and undo: what knocks say about a home is the fold of those that stand, in the order in which they happened."""

from __future__ import annotations

from datetime import timedelta

from sync.batch import Batch
from sync.ids import uuid7
from sync.store import Feed, Start, writing
from sync.write import put
from tests.sync.world import Knock, World, person


def computed(world: World, label: str = "three-1") -> tuple[str | None, int, str | None]:
    """What the home's knocks make of it."""
    home = world.home(label)
    return home["last"], home["misses"], home["plan"]


def test_a_knock_changes_the_home_in_the_same_transaction_and_feed(world: World) -> None:  # P12 P14
    li = world.phone(world.li)
    before = world.home("three-1")
    li.knock("three-1", "no_answer")
    li.knock("three-1", "no_answer")
    li.sync()
    after = world.home("three-1")
    assert computed(world) == ("no_answer", 2, "2026-12-01")
    assert after["version"] == before["version"] + 2
    assert after["seq"] > before["seq"]
    assert Feed.get(Feed.record == after["id"]).seq == after["seq"]
    assert after["author"] == before["author"], "the facts are still whose they were"


def test_lis_undo_gives_back_what_stood_before_the_first_knock(world: World) -> None:  # P2
    li = world.phone(world.li)
    op = li.knock("three-1", "met")
    li.sync()
    assert computed(world) == ("met", 0, "2026-11-23T02:42:05Z")
    undo = li.undo(op)
    li.sync()
    assert li.result(undo)["status"] == "applied"
    assert Knock.get_by_id(op["record"]).gone
    assert computed(world) == (None, 0, "2026-12-01"), "the plan came from the register, not from a knock"


def test_an_undo_in_the_same_batch_leaves_no_trace_but_the_operations(world: World) -> None:  # P2
    li = world.phone(world.li)
    op = li.knock("three-1", "met")
    undo = li.undo(op)
    li.sync()
    assert [li.result(one)["status"] for one in (op, undo)] == ["applied", "applied"]
    assert computed(world) == (None, 0, "2026-12-01")
    assert li.held("knock") == set()


def test_an_undo_of_the_middle_one_folds_the_others_anew(world: World) -> None:  # P2
    li = world.phone(world.li)
    ops = []
    for outcome in ("no_answer", "met", "no_answer"):
        ops.append(li.knock("three-1", outcome))
        li.sync()
        world.pass_time(hours=1)
    assert computed(world) == ("no_answer", 1, "2026-11-23T03:42:05Z")
    li.undo(ops[1])
    li.sync()
    assert computed(world) == ("no_answer", 2, "2026-12-01")


def test_an_older_knock_that_arrives_late_does_not_stand_as_the_last(world: World) -> None:  # P19
    li, wang = world.phone(world.li), world.phone(world.wang)
    late = li.knock("three-1", "met")
    world.pass_time(hours=1)
    wang.knock("three-1", "no_answer")
    wang.sync()
    assert computed(world) == ("no_answer", 1, "2026-12-01")
    li.sync()
    assert li.result(late)["status"] == "applied"
    assert computed(world) == ("no_answer", 1, "2026-11-23T02:42:05Z")


def test_of_two_knocks_of_one_second_the_last_stays_the_last_when_the_first_one_travels_again(
    world: World,
) -> None:  # P19 P23
    li, wang = world.phone(world.li), world.phone(world.wang)
    late = wang.knock("three-1", "no_answer")
    world.pass_time(hours=1)
    first = li.knock("three-1", "no_answer")
    li.knock("three-1", "met")
    li.sync()
    with writing(world.database):  # as when its photo arrives
        batch = Batch(world.database, world.kinds, "heping", world.now)
        row = batch.get("knock", first["record"])
        assert row is not None
        batch.touch(row)
        batch.write()
    wang.sync()
    assert wang.result(late)["status"] == "applied"
    assert computed(world) == ("met", 0, "2026-11-23T03:42:05Z")


def test_order_is_by_the_corrected_time_within_one_batch_too(world: World) -> None:  # P19
    li = world.phone(world.li)
    li.knock("three-1", "no_answer", at="2026-11-23T02:00:00.000Z")
    li.knock("three-1", "met", at="2026-11-23T01:00:00.000Z")
    li.sync()
    assert computed(world) == ("no_answer", 1, "2026-11-23T01:00:00Z")


def test_knocks_of_the_register_are_not_counted_twice(world: World) -> None:  # P2
    put(
        world.database,
        world.kinds,
        "heping",
        [("knock", {"home": world["three-1"], "outcome": "no_answer", "device_time": "2026-11-20T00:00:00Z"})]
        * 1,
        world.now - timedelta(days=3),
    )
    put(
        world.database,
        world.kinds,
        "heping",
        [("home", {"id": world["three-1"], "misses": 1, "last": "no_answer"})],
        world.now,
    )
    li = world.phone(world.li)
    op = li.knock("three-1", "no_answer")
    li.sync()
    assert computed(world)[1] == 2
    li.undo(op)
    li.sync()
    assert computed(world) == ("no_answer", 1, "2026-12-01")


def test_what_the_register_says_anew_replaces_the_remembered_start(world: World) -> None:  # P2
    li = world.phone(world.li)
    li.knock("three-1", "no_answer")
    li.sync()
    assert Start.select().count() == 1
    put(
        world.database,
        world.kinds,
        "heping",
        [("home", {"id": world["three-1"], "plan": "2027-01-01"})],
        world.now,
    )
    assert Start.select().count() == 0
    op = li.knock("three-1", "met")
    li.sync()
    li.undo(op)
    li.sync()
    assert computed(world) == ("no_answer", 1, "2027-01-01")


def test_an_undo_of_a_patch_restores_what_still_stands_and_asks_about_the_rest(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    op = li.edit("three-1", {"phone": "", "people": 2}, phone="111", people=3)
    li.sync()
    wang.edit("three-1", {"phone": "111"}, phone="222")
    wang.sync()
    undo = li.undo(op)
    li.sync()
    home = world.home("three-1")
    assert (home["phone"], home["people"]) == ("222", 2)
    assert (li.result(undo)["status"], list(li.result(undo)["detail"]["fields"])) == ("review", ["phone"])


def test_only_the_author_undoes(world: World) -> None:  # P21
    li, wang = world.phone(world.li), world.phone(world.wang)
    op = li.knock("three-1")
    li.sync()
    undo = wang.undo(op)
    wang.sync()
    assert (wang.result(undo)["status"], wang.result(undo)["reason"]) == ("quarantined", "not_yours")
    assert not Knock.get_by_id(op["record"]).gone


def test_an_undo_of_what_never_applied_is_held_with_it(world: World) -> None:  # P12
    li = world.phone(world.li)
    op = li.knock("three-1", "unheard_of")
    undo = li.undo(op)
    strange = li.save("retract", "knock", op["record"], {"of": li.device})
    li.sync()
    assert li.result(undo)["status"] == "held"
    assert (li.result(strange)["status"], li.result(strange)["reason"]) == (
        "quarantined",
        "missing_operation",
    )


def test_an_undo_of_what_waits_in_review_changes_nothing_that_looks_like_it(world: World) -> None:  # P12 P15
    wang, zhang = world.phone(world.wang), world.phone(world.zhang)
    wang.sync()
    edit = wang.edit("four-1", {"phone": ""}, phone="1")
    wang.me = person("wang", "heping", "worker", "three")
    wang.sync()
    assert wang.result(edit)["reason"] == "left_scope"
    zhang.edit("four-1", {"phone": ""}, phone="1")
    zhang.sync()
    wang.me = world.wang
    undo = wang.undo(edit)
    wang.sync()
    assert (wang.result(undo)["status"], wang.result(undo)["detail"]) == ("held", {"after": [edit["op"]]})
    assert world.home("four-1")["phone"] == "1", "the number that Zhang wrote"


def test_an_undo_brings_no_value_back_that_the_field_cannot_hold(world: World) -> None:  # P21
    li = world.phone(world.li)
    edit = li.edit("three-1", {"people": ["not", "a", "number"]}, people=2)  # that is what stands already
    undo = li.undo(edit)
    li.sync()
    assert (li.result(undo)["status"], li.result(undo)["reason"]) == ("quarantined", "invalid")
    assert world.home("three-1")["people"] == 2


def test_a_home_with_knocks_is_not_undone_under_them(world: World) -> None:  # P17
    li, wang = world.phone(world.li), world.phone(world.wang)
    made = li.save("create", "home", str(uuid7()), {"door": world["door three-1"]})
    li.sync()
    knock = wang.knock(made["record"])
    wang.sync()
    undo = li.undo(made)
    li.sync()
    assert (li.result(undo)["status"], li.result(undo)["reason"]) == ("review", "has_children")
    wang.undo(knock)
    wang.sync()
    undo = li.undo(made)
    li.sync()
    assert li.result(undo)["status"] == "applied"
    again = li.undo(made)
    li.sync()
    assert li.result(again)["status"] == "applied", "undone twice is undone"


def test_knocks_of_one_second_in_a_late_batch_are_folded_in_the_order_in_which_they_were_made(
    world: World,
) -> None:  # P19
    li, wang = world.phone(world.li), world.phone(world.wang)
    labels = ["three-1", "three-2", "three-3", "three-4"]
    for label in labels:
        wang.knock(label, "no_answer", at="2026-11-23T02:42:09.000Z")
    wang.sync()
    for label in labels:
        for outcome in ("met", *["no_answer"] * 5):
            li.knock(label, outcome, at="2026-11-23T02:42:05.000Z")
    li.sync()
    assert [world.home(label)["misses"] for label in labels] == [6] * 4
