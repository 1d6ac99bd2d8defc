"""Push: exactly once, whole or one by one, and never without a word."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import peewee
import pytest

from sync import devices, faults, feed, push, store
from sync.ids import uuid7
from sync.store import Failure, Feed, Operation
from sync.wire import Busy, Refused
from tests.sync.world import Home, Knock, World, person


def test_li_records_a_knock_and_everything_is_written_together(world: World) -> None:  # P12
    li = world.phone(world.li)
    op = li.knock("three-1", "no_answer")
    answer = li.sync()
    assert answer["last"] == 1
    assert li.result(op)["status"] == "applied"
    knock = Knock.get_by_id(op["record"])
    assert (knock.door, knock.grid, knock.author, knock.community) == (
        world["door three-1"],
        "three",
        "li",
        "heping",
    )
    assert world.home("three-1")["misses"] == 1
    kept = Operation.get_by_id(op["op"])
    assert (kept.status, kept.user, kept.device, kept.seq) == ("applied", "li", li.device, 1)
    assert kept.payload["patch"] == op["patch"]
    assert Feed.select().where(Feed.record == op["record"], Feed.seq == knock.seq).count() == 1


def test_a_lost_answer_does_not_record_the_knock_twice(world: World) -> None:  # P11
    li = world.phone(world.li)
    op = li.knock("three-1", "no_answer")
    li.ask(li.request())
    answer = li.ask(li.request())
    assert answer["last"] == 1
    assert [result["status"] for result in answer["results"]] == ["applied"]
    assert Knock.select().count() == 1
    assert world.home("three-1")["misses"] == 1
    assert Operation.select().where(Operation.op == op["op"]).count() == 1


def test_a_batch_repeated_a_day_later_gets_its_stored_results(world: World) -> None:  # P11
    li = world.phone(world.li)
    li.knock("three-1")
    li.knock("three-2", "unheard_of")
    request = li.request()
    first = li.ask(request)
    world.pass_time(days=1)
    again = li.ask({**request, "clock": "2026-11-24T02:42:05.000Z"})
    assert again["results"] == first["results"]
    assert [one["status"] for one in again["results"]] == ["applied", "quarantined"]


def test_a_gap_is_told_where_to_send_from(world: World) -> None:  # P11
    li = world.phone(world.li)
    for label in ("three-1", "three-2", "three-3"):
        li.knock(label)
    li.ask(li.request(li.outbox[:1]))
    with pytest.raises(Refused) as refused:
        li.ask(li.request(li.outbox[2:]))
    assert (refused.value.code, refused.value.more) == ("gap", {"send_from": 2})
    assert Knock.select().count() == 1


def test_batches_that_overlap_are_applied_once(world: World) -> None:  # P11
    li = world.phone(world.li)
    for label in ("three-1", "three-2", "three-3"):
        li.knock(label, "no_answer")
    li.ask(li.request(li.outbox[:2]))
    answer = li.ask(li.request(li.outbox[1:]))
    assert answer["last"] == 3
    assert len(answer["results"]) == 2
    assert Knock.select().count() == 3


def test_a_cloned_phone_is_a_fork_and_its_work_arrives_under_a_new_device_id(world: World) -> None:  # P11
    li = world.phone(world.li)
    first = li.knock("three-1", "no_answer")
    li.sync()
    clone = world.phone(world.li)
    clone.device = li.device
    other = clone.knock("three-2", "no_answer")
    with pytest.raises(Refused, match="fork"):
        clone.sync()
    clone.device = str(uuid7())
    clone.outbox = [{**first, "seq": 1}, {**other, "seq": 2}]
    clone.sync()
    assert clone.result(first)["status"] == "applied"
    assert Knock.select().count() == 2
    assert world.home("three-1")["misses"] == 1
    answer = clone.ask(clone.request(clone.outbox))
    assert [one["status"] for one in answer["results"]] == ["applied", "applied"]


def test_work_that_comes_again_under_another_seq_of_a_new_device_is_known(world: World) -> None:  # P11
    li = world.phone(world.li)
    first, second = li.knock("three-1", "no_answer"), li.knock("three-2", "no_answer")
    li.sync()
    li.device, second["seq"] = str(uuid7()), 1  # what came before has its receipt, and is not sent again
    answer = li.ask(li.request([second]))
    assert (answer["last"], [one["status"] for one in answer["results"]]) == (1, ["applied"])
    again = li.ask(li.request([second, {**first, "seq": 2}]))
    assert [one["status"] for one in again["results"]] == ["applied", "applied"]
    assert (Knock.select().count(), Operation.select().count()) == (2, 2)


def test_another_content_under_the_same_id_is_a_fork(world: World) -> None:  # P11
    li = world.phone(world.li)
    li.knock("three-1")
    li.ask(li.request())
    li.outbox[0]["patch"]["note"] = "another"
    with pytest.raises(Refused, match="fork"):
        li.ask(li.request())


def test_wang_cannot_use_the_phone_id_of_li(world: World) -> None:  # P9
    li, wang = world.phone(world.li), world.phone(world.wang)
    li.knock("three-1")
    li.sync()
    wang.device = li.device
    with pytest.raises(Refused, match="fork"):
        wang.sync()
    wang.knock("three-2")
    with pytest.raises(Refused, match="fork"):
        wang.sync()
    wang.outbox[0]["seq"] = 2  # the very next one
    with pytest.raises(Refused, match="fork"):
        wang.sync()
    assert Knock.select().count() == 1


def test_one_id_for_two_operations_of_a_batch_leaves_each_its_own_values(world: World) -> None:  # P11
    li = world.phone(world.li)
    first, second = li.knock("three-1", "no_answer"), li.knock("three-2", "unheard_of")
    second["op"] = first["op"]
    results = li.ask(li.request())["results"]
    assert [(one["status"], one["reason"]) for one in results] == [
        ("applied", None),
        ("quarantined", "op_taken"),
    ]
    assert Knock.get_by_id(first["record"]).outcome == "no_answer"


@pytest.mark.parametrize("id", ["\ud83d", "\0", "no id at all"], ids=["torn", "zero", "words"])
def test_what_names_no_record_that_can_be_leaves_the_rest_of_the_batch_alone(
    world: World, id: str
) -> None:  # P12
    li = world.phone(world.li)
    first = li.knock("three-1")
    retract = li.undo(first)
    retract["patch"]["of"] = id
    orphan = li.knock("three-2")
    orphan["patch"]["home"] = id
    last = li.knock("three-3")
    results = {one["op"]: one["status"] for one in li.ask(li.request())["results"]}
    assert results == {
        first["op"]: "applied",
        retract["op"]: "quarantined",
        orphan["op"]: "quarantined",
        last["op"]: "applied",
    }


def test_an_operation_id_of_another_person_is_kept_apart(world: World) -> None:  # P11
    li, wang = world.phone(world.li), world.phone(world.wang)
    first = li.knock("three-1")
    li.sync()
    copied = wang.knock("three-2")
    copied["op"] = first["op"]
    wang.sync()
    assert wang.results[first["op"]]["reason"] == "op_taken"
    again = wang.ask(wang.request(wang.outbox))
    assert again["results"][0]["reason"] == "op_taken"
    assert Knock.select().count() == 1
    assert Operation.select().count() == 2


def test_what_builds_on_an_operation_whose_id_was_taken_waits_with_it_in_one_batch_as_in_two(
    world: World,
) -> None:  # P12
    li = world.phone(world.li)
    taken = li.knock("three-1")
    li.sync()
    for together in (True, False):
        wang, home = world.phone(world.wang), str(uuid7())
        wang.save("create", "home", home, {"door": world["door four-1"], "people": 1}, op=taken["op"])
        if not together:
            wang.sync()
        gone = wang.save("delete", "home", home, {})
        wang.sync()
        assert wang.result(gone)["status"] == "held", together


def test_the_third_of_ten_is_poisoned_and_the_other_nine_apply(world: World) -> None:  # P12 P13
    li = world.phone(world.li)
    ops = [li.knock(f"three-{n % 4 + 1}", "unheard_of" if n == 2 else "no_answer") for n in range(10)]
    answer = li.sync()
    assert answer["last"] == 10
    statuses = [li.result(op)["status"] for op in ops]
    assert statuses == ["applied"] * 2 + ["quarantined"] + ["applied"] * 7
    kept = Operation.get_by_id(ops[2]["op"])
    assert kept.payload["patch"] == ops[2]["patch"]
    assert (kept.reason, kept.detail["fields"]) == ("invalid", {"outcome": [["choice", {}]]})
    assert Knock.select().count() == 9


def test_what_the_database_refuses_is_quarantined_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P12
    monkeypatch.setattr("sync.verbs.values.misfits", lambda kind, given: {})
    monkeypatch.setattr(world.kinds["knock"], "check", lambda verb, patch: {})
    li = world.phone(world.li)
    ops = [li.knock("three-1", "met"), li.knock("three-2", None), li.knock("three-3", "met")]  # type: ignore[arg-type]
    li.sync()
    assert [li.result(op)["status"] for op in ops] == ["applied", "quarantined", "applied"]
    assert Operation.get_by_id(ops[1]["op"]).reason == "refused"
    assert Knock.select().count() == 2


def test_a_bug_of_the_server_stops_a_phone_for_four_tries_and_no_longer(world: World) -> None:  # P13
    li = world.phone(world.li)
    ops = [li.knock("three-1", "met"), li.knock("three-2", "explode"), li.knock("three-3", "met")]
    answer = li.ask(li.request())
    assert answer["last"] == 1, "what came before the failing one is taken"
    rest = li.request(li.outbox[1:])
    for _ in range(3):
        with pytest.raises(Busy):
            li.ask(rest)
    assert Failure.get_by_id(ops[1]["op"]).times == 4
    answer = li.ask(rest)
    assert answer["last"] == 3
    assert [(one["status"], one["reason"]) for one in answer["results"]] == [
        ("quarantined", "failed"),
        ("applied", None),
    ]
    assert Operation.get_by_id(ops[1]["op"]).payload["patch"] == ops[1]["patch"]
    assert Knock.select().count() == 2


@pytest.mark.parametrize("words", ["database is locked", "database or disk is full", "disk I/O error"])
def test_a_temporary_fault_consumes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:  # P13
    li = world.phone(world.li)
    op = li.knock("three-1")
    with monkeypatch.context() as broken:

        def fail(*_: Any, **__: Any) -> None:
            raise peewee.OperationalError(words)

        broken.setattr("sync.batch.feed.write", fail)
        with pytest.raises(Busy):
            li.ask(li.request())
    assert Knock.select().count() == 0
    assert Failure.select().count() == 0
    li.sync()
    assert li.result(op)["status"] == "applied"


def test_a_bug_met_while_writing_leaves_the_operation_to_be_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P13
    li = world.phone(world.li)
    ops = [li.knock("three-1"), li.knock("three-2")]
    writes = feed.write
    with monkeypatch.context() as broken:

        def fail(db: Any, community: str, touched: list[Any]) -> None:
            if any(row.id == ops[1]["record"] for row in touched):
                raise KeyError("a bug of the server")
            writes(db, community, touched)

        broken.setattr("sync.batch.feed.write", fail)
        assert li.ask(li.request())["last"] == 1
    assert Failure.get_by_id(ops[1]["op"]).times == 1
    li.sync()
    assert [li.result(op)["status"] for op in ops[1:]] == ["applied"]
    assert Knock.select().count() == 2


def test_a_disk_that_fills_up_half_way_through_a_batch_puts_nothing_aside(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P13
    li = world.phone(world.li)
    ops = [li.knock("three-1"), li.knock("three-2"), li.knock("three-3", "jam")]
    writes = feed.write
    with monkeypatch.context() as full:

        def fail(db: Any, community: str, touched: list[Any]) -> None:
            if any(row.id == ops[1]["record"] for row in touched):
                raise peewee.OperationalError("database or disk is full")
            writes(db, community, touched)

        full.setattr("sync.batch.feed.write", fail)
        with pytest.raises(Busy):
            li.ask(li.request())
    assert (Knock.select().count(), Operation.select().count()) == (0, 0)
    li.sync()
    assert [li.result(op)["status"] for op in ops] == ["applied", "applied", "quarantined"]


@pytest.mark.parametrize(
    ("code", "state"),
    [(5, "40001"), (6, "40P01"), (7, "53200"), (8, "55P03"), (10, "57P01"), (13, "53100"), (14, "08006")],
)
def test_a_database_that_is_busy_full_or_away_is_tried_again(code: int, state: str) -> None:  # P13
    class Lite(Exception):
        sqlite_errorcode = code | 1 << 8  # with the extended code above the primary one

    class Postgres(Exception):
        sqlstate = state

    for error in (Lite(), Postgres()):
        assert faults.sort(peewee.OperationalError(error)) == "temporary"


def test_faults_are_sorted_by_a_whitelist() -> None:  # P13
    assert faults.sort(peewee.OperationalError("database is locked")) == "temporary"
    assert faults.sort(peewee.OperationalError("no such column: x")) == "unknown"
    assert faults.sort(peewee.IntegrityError("UNIQUE")) == "refused"
    assert faults.sort(ValueError("x")) == "unknown"

    class Deadlock(Exception):
        sqlstate = "40P01"

    assert faults.sort(peewee.OperationalError(Deadlock())) == "temporary"


def test_what_depends_on_the_poisoned_one_is_held_with_it(world: World) -> None:  # P12
    li = world.phone(world.li)
    home = str(uuid7())
    made = li.save("create", "home", home, {"door": world["door three-1"], "people": "many"})
    edit = li.save("patch", "home", home, {"phone": "1"}, base={"phone": ""})
    knock = li.knock(home)
    named = li.knock("three-2", after=[made["op"]])
    free = li.knock("three-3")
    li.sync()
    statuses = [li.result(op)["status"] for op in (made, edit, knock, named, free)]
    assert statuses == ["quarantined", "held", "held", "held", "applied"]
    assert li.result(knock)["detail"] == {"after": [made["op"]]}
    later = li.knock(home)
    li.sync()
    assert li.result(later)["status"] == "held", "also in a later batch"


@pytest.mark.parametrize(
    ("patch", "reason", "field"),
    [
        ({"people": "2"}, "invalid", "people"),
        ({"people": True}, "invalid", "people"),
        ({"people": 1 << 40}, "invalid", "people"),
        ({"phone": None}, "invalid", "phone"),
        ({"phone": "0" * 31}, "invalid", "phone"),
        ({"phone": "a\0b"}, "invalid", "phone"),
        ({"phone": "\ud83d"}, "invalid", "phone"),
        ({"phone": ["1"]}, "invalid", "phone"),
        ({"tags": "alone"}, "invalid", "tags"),
        ({"tags": ["a\0"]}, "invalid", "tags"),
        ({"tags": ["\ud83d"]}, "invalid", "tags"),
        ({"misses": 3}, "unknown_field", "misses"),
        ({"grid": "four"}, "unknown_field", "grid"),
        ({"colour": "red"}, "unknown_field", "colour"),
    ],
)
def test_a_value_that_does_not_fit_is_quarantined_whole(
    world: World, patch: dict[str, Any], reason: str, field: str
) -> None:  # P13 P21
    li = world.phone(world.li)
    op = li.edit("three-1", dict.fromkeys(patch), **patch)
    li.sync()
    assert (li.result(op)["status"], li.result(op)["reason"]) == ("quarantined", reason)
    assert list(li.result(op)["detail"]["fields"]) == [field]
    assert Operation.get_by_id(op["op"]).payload["patch"] == patch


def test_a_half_written_sign_in_a_base_value_stops_nobody(world: World) -> None:  # P13
    li = world.phone(world.li)
    op = li.edit("three-1", {"phone": "\ud83d"}, phone="1")
    fine = li.edit("three-2", {"phone": ""}, phone="\U0001f600")
    li.sync()
    assert li.result(op)["detail"] == {"fields": {"base": ["text"]}}
    assert Operation.get_by_id(op["op"]).payload["base"] == {"phone": "\ud83d"}
    assert li.result(fine)["status"] == "applied"


def test_a_create_never_overwrites_what_is_there(world: World) -> None:  # P21
    li, wang = world.phone(world.li), world.phone(world.wang)
    first = li.knock("three-1", "met")
    li.sync()
    second = wang.save("create", "knock", first["record"], {"home": world["three-2"], "outcome": "no_answer"})
    wang.sync()
    assert (wang.result(second)["status"], wang.result(second)["reason"]) == ("quarantined", "exists")
    assert Knock.get_by_id(first["record"]).author == "li"


def test_nobody_writes_outside_their_channels(world: World) -> None:  # P21
    zhao, chen, li = world.phone(world.zhao), world.phone(world.chen), world.phone(world.li)
    ops = [
        (zhao, zhao.knock("three-1"), "out_of_scope"),
        (zhao, zhao.edit("three-1", {"phone": ""}, phone="1"), "out_of_scope"),
        (li, li.knock("four-1"), "out_of_scope"),
        (chen, chen.knock("three-1"), "not_allowed"),
        (li, li.save("create", "door", str(uuid7()), {"grid": "three", "label": "x"}), "not_allowed"),
        (
            li,
            li.save("create", "home", str(uuid7()), {"door": world["door three-1"], "misses": 3}),
            "unknown_field",
        ),
        (li, li.knock(str(uuid7())), "missing_parent"),
        (li, li.save("patch", "home", str(uuid7()), {"phone": "1"}), "missing_record"),
        (li, li.save("create", "letter", str(uuid7()), {}), "unknown_kind"),
        (
            li,
            li.save(
                "create", "knock", str(uuid7()), {"home": world["three-1"], "outcome": "met", "grid": "four"}
            ),
            "unknown_field",
        ),
        (li, li.save("patch", "knock", str(uuid7()), {"outcome": "met"}), "missing_record"),
    ]
    for phone in (zhao, chen, li):
        phone.sync()
    for phone, op, reason in ops:
        assert (phone.result(op)["status"], phone.result(op)["reason"]) == ("quarantined", reason), op
    assert Knock.select().count() == 0
    assert {home.phone for home in Home.select()} == {""}


def test_a_supervisor_cannot_put_a_door_into_another_community(world: World) -> None:  # P21
    zhang = world.phone(world.zhang)
    inside = zhang.save("create", "door", str(uuid7()), {"grid": "three", "label": "x"})
    outside = zhang.save("create", "door", str(uuid7()), {"grid": "one", "label": "x"})
    zhang.sync()
    assert zhang.result(inside)["status"] == "applied"
    assert zhang.result(outside)["reason"] == "out_of_scope"


def test_a_record_may_also_go_where_its_writer_is_not_but_only_by_its_parent(world: World) -> None:  # P21
    world.kinds["knock"] = replace(world.kinds["knock"], channels=("grid:{grid}", "desk:{community}"))
    world.kinds["door"] = replace(world.kinds["door"], channels=("grid:{grid}", "user:{label}"))
    li, zhang, zhao = world.phone(world.li), world.phone(world.zhang), world.phone(world.zhao)
    knock, elsewhere = li.knock("three-1"), zhao.knock("three-1")
    chosen = zhang.save("create", "door", str(uuid7()), {"grid": "three", "label": "li"})
    for phone in (li, zhao, zhang):
        phone.sync()
    assert li.result(knock)["status"] == "applied"
    assert zhao.result(elsewhere)["reason"] == zhang.result(chosen)["reason"] == "out_of_scope"


def test_work_on_a_grid_that_was_taken_from_wang_goes_to_review(world: World) -> None:  # P15
    wang = world.phone(world.wang)
    wang.sync()
    knock = wang.knock("four-1")
    edit = wang.edit("four-2", {"phone": ""}, phone="1")
    wang.me = person("wang", "heping", "worker", "three")
    wang.ask(wang.request([]))  # the server hears of the phone once more before the work comes
    wang.sync()
    assert [(wang.result(op)["status"], wang.result(op)["reason"]) for op in (knock, edit)] == [
        ("review", "left_scope")
    ] * 2
    assert Operation.get_by_id(knock["op"]).payload["patch"] == knock["patch"]
    assert Knock.select().count() == 0


def test_device_time_is_corrected_by_the_offset_and_a_wrong_clock_is_flagged(world: World) -> None:  # P19
    li, wang = world.phone(world.li), world.phone(world.wang)
    li.clock_off, li.offset = timedelta(days=1), -86_400_000
    op, fine = li.knock("three-1"), wang.knock("three-2")
    li.sync()
    wang.sync()
    knock = Knock.get_by_id(op["record"])
    assert knock.device_time == knock.server_time == "2026-11-23T02:42:05Z"
    assert li.result(op)["detail"] == {"clock_off_ms": -86_400_000}
    assert wang.result(fine)["detail"] == {}
    kept = Operation.get_by_id(op["op"])
    assert (kept.payload["at"], kept.offset_ms) == (op["at"], -86_400_000)
    assert store.Device.get_by_id(li.device).offset_ms == -86_400_000


def test_a_clock_beyond_the_calendar_stops_nobody(world: World) -> None:  # P19
    li = world.phone(world.li)
    op = li.knock("three-1", at="9999-12-31T23:59:59.000Z", offset=86_400_000)
    li.sync()
    assert li.result(op)["status"] == "applied"


def test_a_revoked_phone_delivers_into_quarantine_and_is_told(world: World) -> None:  # P13
    li = world.phone(world.li)
    li.sync()
    store.Device.update(revoked=True).execute()
    op = li.knock("three-1")
    with pytest.raises(Refused) as refused:
        li.sync()
    assert (refused.value.code, refused.value.more["last"]) == ("revoked", 1)
    kept = Operation.get_by_id(op["op"])
    assert (kept.status, kept.reason, kept.payload["patch"]) == ("quarantined", "revoked", op["patch"])
    with pytest.raises(Refused) as again:
        li.ask(li.request([]))
    assert (again.value.code, again.value.more["last"]) == ("revoked", 1)


def test_a_revoked_phone_that_knew_another_history_delivers_and_is_shown_nothing(world: World) -> None:  # P20
    li = world.phone(world.li)
    li.sync()
    devices.revoke(world.database, li.device)
    store.new_epoch(world.database)
    op = li.knock("three-1")
    with pytest.raises(Refused) as refused:
        li.sync()
    assert (refused.value.code, refused.value.more["last"]) == ("revoked", 1)
    assert Operation.get_by_id(op["op"]).reason == "revoked"


def test_a_page_makes_the_same_operations_with_seqs_given_here(world: World) -> None:  # P2
    li = world.phone(world.li)
    ops = [copy.deepcopy(li.knock(f"three-{n}", "no_answer")) for n in (1, 2)]
    for op in ops:
        del op["seq"]
    for batch in (ops[:1], ops[1:]):
        results = push.push_page(world.database, world.kinds, world.li, "web:1", batch, world.now)
        assert [one["status"] for one in results] == ["applied"]
    assert [
        one.seq for one in Operation.select().where(Operation.device == "web:1").order_by(Operation.seq)
    ] == [1, 2]
    assert world.home("three-1")["misses"] == 1


def test_another_person_cannot_send_in_lis_name(world: World) -> None:  # P21
    wang = world.phone(world.wang)
    with pytest.raises(Refused, match="other_user"):
        wang.ask({**wang.request(), "user": "li"})


def test_a_batch_that_overtakes_another_is_sent_after_it_and_the_late_one_changes_nothing(
    world: World,
) -> None:  # P11
    li = world.phone(world.li)
    for label in ("three-1", "three-2", "three-3", "three-4"):
        li.knock(label, "no_answer")
    early, late = li.request(li.outbox[:2]), li.request(li.outbox[2:])
    with pytest.raises(Refused) as refused:
        li.ask(late)
    assert (refused.value.code, refused.value.more) == ("gap", {"send_from": 1})
    first = li.ask(early)
    assert li.ask(late)["last"] == 4
    assert li.ask(early)["results"] == first["results"], "it arrives once more, from a slow way"
    assert Knock.select().count() == 4


def test_li_whose_right_to_record_was_revoked_loses_nothing_that_she_recorded(world: World) -> None:  # P13
    li = world.phone(world.li)
    li.sync()
    op = li.knock("three-1")
    li.me = person("li", "heping", "volunteer", "three")
    li.sync()
    assert (li.result(op)["status"], li.result(op)["reason"]) == ("quarantined", "not_allowed")
    assert Operation.get_by_id(op["op"]).payload["patch"] == op["patch"]


def test_a_reader_in_the_midst_of_a_long_transaction_stops_no_phone(world: World) -> None:  # P13
    li = world.phone(world.li)
    other = type(world.database)(world.database.database, **world.database.connect_params)
    with other.connection_context(), other.atomic():
        other.execute_sql("SELECT COUNT(*) FROM sync_operation").fetchone()
        op = li.knock("three-1")
        li.sync()
        assert li.result(op)["status"] == "applied"


def test_work_for_a_grid_that_was_wangs_long_ago_is_looked_at_and_not_refused(world: World) -> None:  # P15
    wang = world.phone(world.wang)
    wang.me = person("wang", "heping", "worker", "three", "four")
    wang.sync()
    for _ in range(3):  # exchanges later it still had been theirs
        wang.me = person("wang", "heping", "worker", "four")
        op = wang.knock("three-1")
        wang.sync()
        assert (wang.result(op)["status"], wang.result(op)["reason"]) == ("review", "left_scope")
