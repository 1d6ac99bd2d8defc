"""Pull: each channel from where the phone stands; parents first, history later, in pages, never a gap."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sync import pull, store
from sync.ids import uuid7
from sync.store import Counter, Feed
from sync.wire import Cursor, Request
from sync.write import put
from tests.pages import rows_of
from tests.sync.world import Home, Knock, World, person


def write_knocks(world: World, label: str, count: int, step: timedelta = timedelta(days=1)) -> list[str]:
    """Knocks of the past, the oldest first; their ids."""
    rows = []
    for number in range(count):
        moment = world.now - step * (count - number)
        record = {
            "home": world[label],
            "outcome": "met",
            "author": "li",
            "device_time": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        }
        rows.append(("knock", record))
    return put(world.database, world.kinds, "heping", rows, world.now)


def test_lis_first_pull_brings_the_grid_and_nothing_of_the_next_one(world: World) -> None:  # P15 P21
    li = world.phone(world.li)
    answer = li.sync()
    assert li.held("door") == {world[f"door three-{n}"] for n in range(1, 5)}
    assert li.held("home") == {world[f"three-{n}"] for n in range(1, 5)}
    assert [page["kind"] for page in answer["pages"]] == ["door", "home"], "parents come first"
    assert answer["more"] is False
    assert world.phone(world.chen).sync()["pages"] == []
    assert world.phone(world.zhao).sync()["pages"][0]["channel"] == "grid:one"


def test_the_answer_is_what_the_model_says(world: World) -> None:  # P21
    from sync.wire import Answer

    li = world.phone(world.li)
    li.knock("three-1")
    Answer.model_validate(li.ask(li.request()))


def test_what_wang_records_reaches_li_and_only_what_is_new_travels(world: World) -> None:  # P14
    li, wang = world.phone(world.li), world.phone(world.wang)
    li.sync()
    op = wang.knock("three-1", "no_answer")
    wang.sync()
    answer = li.sync()
    travelled = {(page["kind"], row[0]) for page in answer["pages"] for row in rows_of(page)}
    assert travelled == {("knock", op["record"]), ("home", world["three-1"])}
    assert li.records["home", world["three-1"]]["misses"] == 1
    assert li.sync()["pages"] == []


def test_the_first_pull_brings_the_last_knock_of_each_home_and_the_rest_follows(world: World) -> None:  # P15
    old = {label: write_knocks(world, label, 6) for label in ("three-1", "three-2")}
    li = world.phone(world.li)
    answer = li.sync()
    assert li.held("knock") == {ids[-1] for ids in old.values()}
    assert answer["cursors"]["grid:three"]["tail"] is not None
    assert answer["cursors"]["user:li"]["tail"] is None
    tail = li.ask(li.request(tail=True))
    sent = [row[0] for page in tail["pages"] for row in rows_of(page)]
    assert sorted(sent) == sorted(id for ids in old.values() for id in ids[:-1]), "the head is not sent again"
    assert sent == sorted(sent, key=lambda id: -Knock.get_by_id(id).seq), "newest first"
    li.apply(tail)
    assert li.held("knock") == {id for ids in old.values() for id in ids}
    assert li.cursors["grid:three"]["tail"] is None


def test_what_is_late_comes_with_the_tail_and_what_is_new_of_it_at_once(world: World) -> None:  # P15
    world.kinds["knock"] = replace(world.kinds["knock"], head_by=None, late=True)
    wang = world.phone(world.wang)
    for at in range(3):
        wang.knock(f"three-{at + 1}")
    wang.sync()
    li = world.phone(world.li)
    answer = li.ask(li.request([]))
    assert "knock" not in {page["kind"] for page in answer["pages"]} and not answer["more"]
    li.apply(answer)
    wang.knock("three-4")
    wang.sync()
    answer = li.ask(li.request([]))
    assert [len(rows_of(page)) for page in answer["pages"] if page["kind"] == "knock"] == [1]
    li.apply(answer)
    answer = li.ask(li.request([], tail=True))
    assert [len(rows_of(page)) for page in answer["pages"] if page["kind"] == "knock"] == [3]
    assert all(cursor["tail"] is None for cursor in answer["cursors"].values())


def test_history_older_than_its_window_stays_at_the_centre(world: World) -> None:  # P15
    write_knocks(world, "three-1", 3, timedelta(days=200))
    li = world.phone(world.li)
    li.sync(tail=True)
    assert len(li.held("knock")) == 1


@pytest.mark.parametrize("rows", [1, 3, 7])
def test_pages_of_any_size_bring_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:  # P10
    whole = world.phone(world.wang)
    for n in range(1, 5):
        write_knocks(world, f"three-{n}", 3)
    whole.sync(tail=True)
    monkeypatch.setattr(pull, "PAGE_ROWS", rows)
    wang = world.phone(world.wang)
    seen: list[str] = []
    for _ in range(200):
        answer = wang.ask(wang.request())
        seen += [page["kind"] for page in answer["pages"] for _ in rows_of(page)]
        assert sum(len(rows_of(page)) for page in answer["pages"]) <= rows
        wang.apply(answer)
        if not answer["more"]:
            break
    assert seen == ["door"] * 8 + ["home"] * 8 + ["knock"] * 4, "parents before children, over all channels"
    wang.sync(tail=True)
    assert wang.records == whole.records


def test_what_changes_between_two_pages_is_not_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P14 P15
    ids = write_knocks(world, "three-1", 4) + write_knocks(world, "three-2", 4)
    monkeypatch.setattr(pull, "PAGE_ROWS", 3)
    li, wang = world.phone(world.li), world.phone(world.wang)
    mine = wang.knock("three-1")
    wang.sync()
    answer = li.ask(li.request())
    number = 0
    while answer["more"]:
        li.apply(answer)
        number += 1
        wang.edit("three-1", {"people": number + 1}, people=number + 2)
        if number == 2:
            wang.undo(mine)
        wang.knock("three-2")
        wang.sync()
        answer = li.ask(li.request())
        assert number < 100
    li.apply(answer)
    li.sync(tail=True)
    living = {knock.id for knock in Knock.select().where(Knock.gone == False)}  # noqa: E712
    assert set(ids) < living
    assert li.held("knock") == living
    assert li.records["home", world["three-1"]]["people"] == Home.get_by_id(world["three-1"]).people


def test_a_retracted_newest_knock_uncovers_the_one_before_it(world: World) -> None:  # P15
    ids = write_knocks(world, "three-1", 3)
    wang = world.phone(world.wang)
    op = wang.knock("three-1")
    wang.sync()
    early = world.phone(world.li)
    early.sync()
    assert early.held("knock") == {op["record"]}
    wang.undo(op)
    wang.sync()
    late = world.phone(world.li)
    late.sync()
    assert late.held("knock") == {ids[-1]}
    for li in (early, late):
        li.sync(tail=True)
        assert li.held("knock") == set(ids)


def test_a_grid_that_wang_gains_is_read_from_its_start_and_a_lost_one_is_forgotten(
    world: World,
) -> None:  # P15
    wang = world.phone(world.wang)
    wang.me = person("wang", "heping", "worker", "three")
    wang.sync()
    before = dict(wang.cursors)
    wang.me = person("wang", "heping", "worker", "three", "four")
    answer = wang.sync()
    assert {page["channel"] for page in answer["pages"]} == {"grid:four"}
    assert answer["cursors"]["grid:three"] == before["grid:three"]
    assert len(wang.held("home")) == 8
    wang.me = person("wang", "heping", "worker", "four")
    answer = wang.sync()
    assert answer["forget"] == ["grid:three"]
    assert answer["pages"] == []
    assert "grid:three" not in wang.cursors
    assert len(wang.held("home")) == 4
    wang.me = person("wang", "heping", "worker", "three", "four")
    wang.sync()
    assert len(wang.held("home")) == 8


def test_a_home_that_moves_to_another_grid_leaves_the_phones_of_the_old_one(world: World) -> None:  # P15
    li, zhang = world.phone(world.li), world.phone(world.zhang)
    write_knocks(world, "three-1", 2)
    li.sync(tail=True)
    zhang.sync(tail=True)
    put(
        world.database,
        world.kinds,
        "heping",
        [("door", {"id": world["door three-1"], "grid": "four"})],
        world.now,
    )
    assert Home.get_by_id(world["three-1"]).grid == "four"
    assert {knock.grid for knock in Knock.select()} == {"four"}
    answer = li.sync()
    assert sorted(id for page in answer["pages"] for id in page["forget"]) == sorted(
        [world["door three-1"], world["three-1"], *(knock.id for knock in Knock.select())]
    )
    assert not any(page["gone"] for page in answer["pages"]), "forget is not delete"
    assert world["three-1"] not in li.held("home")
    assert li.held("knock") == set()
    zhang.sync()
    assert zhang.records["home", world["three-1"]]["_channel"] == "grid:four"
    op = li.knock("three-1")
    li.sync()
    assert (li.result(op)["status"], li.result(op)["reason"]) == ("review", "left_scope")


def test_a_page_that_is_cut_within_a_move_loses_no_home(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P10 P15
    for rows, grid in ((rows, grid) for rows in range(1, 5) for grid in ("four", "three")):
        zhang = world.phone(world.zhang)
        zhang.sync()
        for label in ("three-1", "three-2", "three-3"):
            door = ("door", {"id": world[f"door {label}"], "grid": grid})
            put(world.database, world.kinds, "heping", [door], world.now)
        with monkeypatch.context() as small:
            small.setattr(pull, "PAGE_ROWS", rows)
            zhang.sync()
        assert zhang.held("home") == {home.id for home in Home.select() if home.grid in ("three", "four")}
        for label in ("three-1", "three-2", "three-3"):
            assert zhang.records["home", world[label]]["_channel"] == f"grid:{grid}"
            assert zhang.records["door", world[f"door {label}"]]["_channel"] == f"grid:{grid}"


def test_a_knock_that_moved_brings_its_home_along_when_the_page_is_cut(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P10 P15
    write_knocks(world, "three-1", 1)
    for rows in range(1, 6):
        zhang = world.phone(world.zhang)
        zhang.sync(tail=True)
        grid = "four" if rows % 2 else "three"
        move = ("door", {"id": world["door three-1"], "grid": grid})
        put(world.database, world.kinds, "heping", [move], world.now)
        for people in (rows + 10, rows + 20):  # the home's own last change lies beyond the knock's
            put(
                world.database,
                world.kinds,
                "heping",
                [("home", {"id": world["three-1"], "people": people})],
                world.now,
            )
        with monkeypatch.context() as small:
            small.setattr(pull, "PAGE_ROWS", rows)
            more = True
            while more:
                answer = zhang.ask(zhang.request())
                zhang.apply(answer)
                more = answer["more"]
                pages = [page for page in answer["pages"] if page["kind"] == "knock"]
                homes = {row[page["fields"].index("home")] for page in pages for row in rows_of(page)}
                assert homes <= zhang.held("home"), rows


def test_a_deleted_knock_goes_from_every_phone(world: World) -> None:  # P16
    li, wang = world.phone(world.li), world.phone(world.wang)
    op = wang.knock("three-1")
    wang.sync()
    li.sync()
    wang.undo(op)
    wang.sync()
    answer = li.sync()
    assert [id for page in answer["pages"] for id in page["gone"]] == [op["record"]]
    assert li.held("knock") == set()


def test_a_notice_for_li_is_nobody_elses(world: World) -> None:  # P15
    put(world.database, world.kinds, "heping", [("notice", {"user": "li", "words": "come by"})], world.now)
    phones = {me.id: world.phone(me) for me in (world.li, world.wang, world.zhang, world.zhao)}
    for phone in phones.values():
        phone.sync()
    assert {name for name, phone in phones.items() if phone.held("notice")} == {"li"}


def test_last_and_records_are_of_one_moment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # P4
    li, wang = world.phone(world.li), world.phone(world.wang)
    li.knock("three-1")
    li.sync()
    wang.edit("three-2", {"people": 2}, people=7)
    wang.sync()
    standing = pull.Pull.run
    before = Counter.get_by_id("heping").seq

    def late(self: pull.Pull, *asked: Any) -> pull.Pulled:
        """Somebody else commits after Li's snapshot has begun."""
        monkeypatch.setattr(pull.Pull, "run", standing)
        other = type(world.database)(world.database.database, **world.database.connect_params)
        with other.connection_context():
            other.execute_sql("UPDATE sync_feed SET seq = seq + 100")
            other.execute_sql("UPDATE sync_counter SET seq = seq + 100")
            other.execute_sql("UPDATE sync_device SET last = last + 100")
        return standing(self, *asked)

    monkeypatch.setattr(pull.Pull, "run", late)
    answer = li.ask(li.request([]))
    assert [row[0] for page in answer["pages"] for row in rows_of(page)] == [world["three-2"]]
    assert answer["cursors"]["grid:three"]["at"] == before
    assert answer["last"] == 1


def test_another_epoch_takes_nothing_and_starts_every_cursor_anew(world: World) -> None:  # P20
    li = world.phone(world.li)
    li.knock("three-1")
    li.sync()
    old = li.epoch
    made = store.new_epoch(world.database)
    assert made != old
    op = li.knock("three-2")
    answer = li.ask(li.request())
    assert (answer["epoch"], answer["last"], answer["results"]) == (made, 1, [])
    assert len([row for page in answer["pages"] for row in rows_of(page)]) == 9
    assert answer["forget"] == []
    li.apply(answer)
    li.sync()
    assert li.result(op)["status"] == "applied"


def test_a_restored_server_is_brought_what_it_lost(world: World) -> None:  # P20
    li = world.phone(world.li)
    for n in range(1, 4):
        li.knock(f"three-{n}", "no_answer")
        if n == 1:
            li.sync()
            backup = {
                model: list(model.select().tuples())
                for model in (*store.models(), *(k.model for k in world.kinds.values()))
            }
    li.sync()
    with world.database.atomic():
        for model, rows in backup.items():
            model.delete().execute()
            for row in rows:
                model.insert(dict(zip(model._meta.sorted_field_names, row, strict=True))).execute()
    store.new_epoch(world.database)
    answer = li.ask(li.request())
    assert answer["last"] == 1
    li.apply(answer)
    li.acknowledged = answer["last"]
    li.sync()
    assert Knock.select().count() == 3
    assert world.home("three-3")["misses"] == 1


def test_a_cursor_from_beyond_the_feed_is_read_from_the_start(world: World) -> None:  # P16
    li = world.phone(world.li)
    li.sync()
    li.cursors["grid:three"]["at"] += 1000
    answer = li.ask(li.request())
    assert sum(len(rows_of(page)) for page in answer["pages"]) == 8


def test_a_phone_with_nothing_to_do_writes_nothing_and_needs_one_round_trip(world: World) -> None:  # P10
    li = world.phone(world.li)
    li.sync()
    before = store.Device.get_by_id(li.device).last_exchange
    world.pass_time(seconds=30)
    request = li.request()
    answer = li.ask(request)
    assert not answer["more"]
    assert store.Device.get_by_id(li.device).last_exchange == before
    assert len(json.dumps(answer)) < 2048
    assert len(json.dumps(request)) < 2048
    world.pass_time(minutes=6)
    li.sync()
    assert store.Device.get_by_id(li.device).last_exchange > before


def test_a_first_pull_of_two_thousand_homes_is_one_bounded_page_after_another(world: World) -> None:  # P10
    rows: list[tuple[str, dict[str, Any]]] = []
    for number in range(2000):
        door = str(uuid7())
        rows += [
            ("door", {"id": door, "grid": "three", "label": f"{number}"}),
            ("home", {"id": str(uuid7()), "door": door}),
        ]
    put(world.database, world.kinds, "heping", rows, world.now)
    li = world.phone(world.li)
    sizes = []
    for _ in range(10):
        answer = li.ask(li.request())
        sizes.append(sum(len(rows_of(page)) for page in answer["pages"]))
        li.apply(answer)
        if not answer["more"]:
            break
    assert sizes == [2000, 2000, 8]
    assert len(li.held("home")) == 2004


def test_large_rows_make_small_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # P10
    monkeypatch.setattr(pull, "PAGE_BYTES", 900)
    li = world.phone(world.li)
    first = li.ask(li.request())
    assert first["more"]
    assert 0 < sum(len(rows_of(page)) for page in first["pages"]) < 8
    li.sync()
    assert len(li.held("home")) == 4


def test_a_row_that_is_larger_than_a_page_travels_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P10
    monkeypatch.setattr(pull, "PAGE_BYTES", 10)
    li = world.phone(world.li)
    answer = li.ask(li.request())
    assert answer["more"]
    assert sum(len(rows_of(page)) for page in answer["pages"]) == 1
    li.sync()
    assert len(li.held("home")) == 4


def test_a_parent_comes_along_when_a_page_is_cut_before_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:  # P10
    li, zhang = world.phone(world.li), world.phone(world.zhang)
    li.sync()
    new = world.furnish("heping", "three", "three-5")
    zhang.knock("three-5")
    zhang.sync()
    zhang.knock("three-1")
    put(world.database, world.kinds, "heping", [("home", {"id": new, "phone": "7"})], world.now)
    put(
        world.database,
        world.kinds,
        "heping",
        [("door", {"id": world["door three-5"], "label": "5"})],
        world.now,
    )
    monkeypatch.setattr(pull, "PAGE_ROWS", 1)
    first = li.ask(li.request())
    brought = {(page["kind"], row[0]) for page in first["pages"] for row in rows_of(page)}
    assert {("door", world["door three-5"]), ("home", new)} < brought
    li.apply(first)
    li.sync()
    assert li.records["home", new]["phone"] == "7"


def test_a_kind_that_is_no_longer_declared_does_not_stop_the_feed(world: World) -> None:  # P14
    li = world.phone(world.li)
    li.sync()
    row = Feed.get(Feed.record == world["three-1"])
    put(world.database, world.kinds, "heping", [("home", {"id": world["three-1"], "phone": "1"})], world.now)
    Feed.update(kind="letter").where(Feed.record == row.record).execute()
    assert li.ask(li.request())["pages"] == []


def test_cursors_are_read_strictly() -> None:  # P21
    with pytest.raises(ValueError, match="greater_than_equal|Input"):
        Cursor.model_validate({"at": -1})
    assert Request.model_fields["cursors"].annotation is not None
