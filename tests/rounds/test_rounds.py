"""Rounds at the desk: made, marked by two helpers in any order, balanced, and changed while work waits on a phone."""

from __future__ import annotations

import itertools
import json
import re
from datetime import timedelta
from typing import Any

import pytest

from fieldapp.declare.kinds import kinds
from fieldapp.declare.registry import registry
from fieldapp.people.account import Account
from fieldapp.people.me import describe, me_of
from fieldapp.places.record import Household
from fieldapp.rounds.record import LeafletEvent, LeafletRound, RoundDoor, RoundHelper, RoundStock
from sync.exchange import exchange
from sync.ids import uuid7
from tests.cast import NOW, named
from tests.pages import rows_of
from tests.review.desk import Desk, Handset

ROUND = named("round dogs")
DOOR = named("round door 3-1-601")
ORDER = ("handed", "left", "refused", "no_answer")


def knock(outcome: str, door: str = DOOR, **more: Any) -> dict[str, Any]:
    """The operation of one tap."""
    return {
        "verb": "create",
        "kind": "leaflet_event",
        "patch": {"round_door": door, "outcome": outcome, **more},
    }


def held(desk: Desk, person: str) -> dict[str, list[dict[str, Any]]]:
    """All that a new phone of this person is given: kind → records."""
    account = Account.get_by_id(desk.town.people[person].id)
    me = me_of(account)
    asked: dict[str, Any] = {
        "protocol": 1, "app": "", "user": me.id, "device": str(uuid7()), "clock": "2026-11-23T02:42:05.000Z", "epoch": None,
        "ops": [], "report": {}, "cursors": {}, "tail": True,
    }  # fmt: skip
    answer = json.loads(exchange(desk.database, kinds(), me, asked, NOW, me_view=describe(account, me)))
    found: dict[str, list[dict[str, Any]]] = {}
    for page in answer["pages"]:
        found.setdefault(page["kind"], []).extend(
            dict(zip(page["fields"], row, strict=True)) for row in rows_of(page)
        )
    return found


@pytest.mark.parametrize(("first", "second"), list(itertools.product(ORDER, ORDER)))
def test_a_door_reached_twice_shows_the_better_outcome_whichever_arrives_first(
    desk: Desk, first: str, second: str
) -> None:
    desk.phone("chen").send(knock(first), at=NOW)
    # Zhou was there earlier, and her phone is heard later.
    desk.phone("zhou").send(knock(second), at=NOW - timedelta(minutes=10))
    door = RoundDoor.get_by_id(DOOR)
    best = min(first, second, key=ORDER.index)
    assert (door.outcome, door.done, door.marks) == (best, best != "no_answer", 2)
    assert LeafletEvent.select().where(LeafletEvent.round_door == DOOR).count() == 2


def test_zhang_makes_a_round_for_the_low_floors_of_a_building_and_only_its_helpers_get_it(desk: Desk) -> None:
    form = {
        "topic": "消防安全", "slogan": "人走电断", "points": "电动车不上楼\n\n楼道不堆物", "first_day": "2026-11-23",
        "last_day": "2026-11-29", "building": desk.town["building 4"], "tenure": "lived_in", "floor_max": "2",
        "helper": [desk.town.people["zhou"].id, desk.town.people["sun"].id],
    }  # fmt: skip
    where = desk.post("/rounds", **form).headers["Location"]
    page = desk.read(where)
    assert "电动车不上楼" in page and "4号楼 1单元" in page
    made = LeafletRound.get(LeafletRound.topic == "消防安全")
    assert made.points == ["电动车不上楼", "楼道不堆物"]
    doors = list(RoundDoor.select().where(RoundDoor.round == made.id).order_by(RoundDoor.address))
    assert [one.address for one in doors] == [
        "4-1-101",
        "4-1-201",
        "4-1-202",
        "4-2-101",
        "4-2-201",
        "4-2-202",
    ]
    # Sun is of another community: nobody there helps here.
    assert [one.user for one in RoundHelper.select().where(RoundHelper.round == made.id)] == [
        desk.town.people["zhou"].id
    ]
    assert {one["topic"] for one in held(desk, "zhou")["leaflet_round"]} == {"文明养犬", "消防安全"}
    assert {one["topic"] for one in held(desk, "chen")["leaflet_round"]} == {"文明养犬"}


def test_a_round_without_doors_or_with_its_days_the_wrong_way_round_is_asked_for_again(desk: Desk) -> None:
    form = {
        "topic": "消防安全",
        "first_day": "2026-11-23",
        "last_day": "2026-11-22",
        "tenure": "all",
        "building": desk.town["building 4"],
    }
    page = desk.post("/rounds", expect=422, **form).text
    assert "结束日期早于开始日期" in page and "消防安全" in page
    none = desk.post(
        "/rounds", expect=422, **{**form, "last_day": "2026-11-24", "floor_max": "99", "building": "no"}
    )
    assert "没有符合的门牌" in none.text
    # A building of another community is none.
    foreign = {**form, "last_day": "2026-11-24", "building": desk.town["building 1"]}
    assert "没有符合的门牌" in desk.post("/rounds", expect=422, **foreign).text


def test_what_a_volunteer_is_given_says_nothing_of_who_lives_there(desk: Desk) -> None:
    given = held(desk, "chen")
    narrow = {
        kind
        for kind, one in registry.records.items()
        if one.channels() and all("grid" in name for name in one.channels())
    }
    assert {"household", "care_person", "visit", "hazard"} <= narrow and not set(given) & narrow
    assert {one["author"] for one in given["door_request"]} == {desk.town.people["chen"].id}
    assert "door_request" not in held(desk, "zhou")
    text = json.dumps(given, ensure_ascii=False)
    for words in ("王建国", "000-1388", "赵奶奶", "living_alone", "tenure", "phone"):
        assert words not in text
    homes = {one.id for one in Household.select()}
    shown = {one["household"] for one in given["round_door"]}
    assert shown <= homes and not any(
        one in homes for kind in given.values() for one in (row["id"] for row in kind)
    )


def test_12_leaflets_that_are_missing_are_told_with_whom(desk: Desk) -> None:
    chen, zhou = desk.phone("chen"), desk.phone("zhou")
    page = f"/rounds/{ROUND}"
    for person, move, count in (("chen", "issued", 40), ("zhou", "issued", 30), ("chen", "returned", 18)):
        desk.post(page + "/stock", user=desk.town.people[person].id, move=move, count=str(count))
    chen.send(knock("handed", count=20), knock("left", named("round door 3-1-602"), count=9))
    zhou.send(*[knock("handed", named(f"round door 3-2-{door}")) for door in ("601", "602")])
    assert "陈 手中还有 12 份" in (said := balance(desk.read(page))) and "周 手中还有 28 份" in said
    desk.post(page + "/stock", user=desk.town.people["zhou"].id, move="spoiled", count="28")
    desk.post(page + "/state")
    assert balance(desk.read(page)) == "陈 处缺 12 份。"
    desk.post(page + "/stock", user=desk.town.people["chen"].id, move="returned", count="12")
    assert balance(desk.read(page)) == "数目相符。"
    assert (
        "请"
        in desk.post(
            page + "/stock", expect=422, user=desk.town.people["chen"].id, move="issued", count="x"
        ).text
    )


def test_the_doors_and_the_balance_of_a_round_are_taken_away_without_who_lives_there(desk: Desk) -> None:
    def sheet(query: str) -> list[str]:
        return (
            desk.browser("zhang").get(f"/rounds/{ROUND}?{query}").get_data().decode("utf-8-sig").splitlines()
        )

    desk.phone("chen").send(knock("left", count=3))
    doors = sheet("as=csv")
    assert doors[0] == "地址,走访结果,敲门次数,时间" and len(doors) == 25
    assert "3-1-601,放门口,1,2026-11-23 10:42" in doors and "3-2-502,已发放,1," in doors
    assert "王建国" not in "".join(doors)
    assert sheet("of=balance&as=csv") == [
        "姓名,领取,已发放,放门口,退回,损坏,差额",
        "陈,20,1,3,0,0,16",
        "全部,20,1,3,0,0,16",
    ]
    assert desk.browser("sun").get(f"/rounds/{ROUND}?as=csv").status_code == 404


def balance(page: str) -> str:
    """What the page says of the leaflets."""
    said = re.search(r'id="balance"><b>(.*?)</b>', page, re.S)
    assert said
    return said[1].strip()


def test_work_that_waits_on_the_phone_of_a_helper_taken_off_ends_in_review_and_is_taken_in_by_one_tap(
    desk: Desk,
) -> None:
    chen = desk.phone("chen")
    chen.send(knock("left", named("round door 3-1-501")))
    helper = named("helper chen")
    desk.post(f"/rounds/{ROUND}/helpers/{helper}")
    assert "leaflet_round" not in held(desk, "chen")
    late = chen.send(knock("handed"))[0]
    assert (late["status"], late["reason"]) == ("review", "left_scope")
    assert RoundDoor.get_by_id(DOOR).outcome is None
    row = next(one for one in desk.rows() if one.endswith(late["op"]))
    assert "3-1-601" in desk.read(row)
    desk.decide(row, choice="replay")
    assert (desk.operation(late["op"]).status, RoundDoor.get_by_id(DOOR).outcome) == ("applied", "handed")
    desk.post(f"/rounds/{ROUND}/helpers", helper=desk.town.people["chen"].id)
    assert len(held(desk, "chen")["round_door"]) == 24


def test_somebody_who_never_helped_marks_no_door_of_a_round(desk: Desk) -> None:
    for person in ("wang", "zhao"):
        made = desk.phone(person).send(knock("handed"))[0]
        assert (made["status"], made["reason"]) == ("quarantined", "out_of_scope"), person


def ask(text: str, door: str = DOOR) -> dict[str, Any]:
    return {"verb": "create", "kind": "door_request", "patch": {"round_door": door, "text": text}}


def home(desk: Desk, address: str = "3-1-601") -> Any:
    return Household.get_by_id(desk.town.households[address])


def visit(phone: Handset, outcome: str, at: Any) -> None:
    phone.visit("3-1-601", at, outcome=outcome)


def test_a_request_reaches_the_grid_worker_and_a_visit_that_met_somebody_closes_it(desk: Desk) -> None:
    chen, zhou, li = desk.phone("chen"), desk.phone("zhou"), desk.phone("li")
    assert chen.send(ask("楼道灯坏了"))[0]["status"] == "applied"
    zhou.send(ask("想问犬证"), at=NOW + timedelta(minutes=1))
    assert (home(desk).request, home(desk).request_on) == ("楼道灯坏了 / 想问犬证", "2026-11-23")
    assert {one["text"] for one in held(desk, "li")["door_request"]} >= {"楼道灯坏了", "想问犬证"}
    visit(li, "no_answer", NOW + timedelta(hours=1))
    assert home(desk).request_on == "2026-11-23"
    visit(li, "met", NOW + timedelta(hours=2))
    assert (home(desk).request, home(desk).request_on) == (None, None)
    # One that was written down before the visit, and arrives after it, was answered by it; a later one was not.
    chen.send(ask("门禁"), at=NOW + timedelta(minutes=30))
    assert home(desk).request is None
    chen.send(ask("还有一事"), at=NOW + timedelta(hours=3))
    assert home(desk).request == "还有一事"


def test_li_answers_a_request_without_a_visit_by_one_tap_and_takes_it_back(desk: Desk) -> None:
    li = desk.phone("li")
    desk.phone("chen").send(ask("楼道灯坏了"))
    answer = {"verb": "create", "kind": "request_answer", "record": str(uuid7())}
    made = li.send(
        {**answer, "patch": {"household": home(desk).id, "how": "answered"}}, at=NOW + timedelta(hours=1)
    )[0]
    assert home(desk).request is None
    li.send({**answer, "verb": "retract", "patch": {"of": made["op"]}}, at=NOW + timedelta(hours=1))
    assert home(desk).request == "楼道灯坏了"


def test_what_a_desk_gives_out_no_phone_makes_by_hand_and_nobody_of_another_community_gets(
    desk: Desk,
) -> None:
    people = {name: one.id for name, one in desk.town.people.items()}
    for kind, more in (("round_helper", {}), ("round_stock", {"move": "issued", "count": 5})):
        for person in ("chen", "li", "zhang", "sun"):
            patch = {"round": ROUND, "user": people[person], **more}
            made = desk.phone(person).send({"verb": "create", "kind": kind, "patch": patch})[0]
            assert (made["status"], made["reason"]) == ("quarantined", "not_allowed"), (kind, person)
    before = RoundStock.select().count()
    # Zhao is of another community, Wang does not help with this round.
    for person in ("zhao", "wang"):
        desk.post(f"/rounds/{ROUND}/stock", expect=404, user=people[person], move="issued", count="5")
    desk.post(f"/rounds/{ROUND}/helpers", helper=people["zhao"])
    desk.post(f"/rounds/{ROUND}/helpers", "sun", expect=404, helper=people["zhao"])
    assert RoundStock.select().count() == before
    assert {one.user for one in RoundHelper.select()} == {people["chen"], people["zhou"]}
