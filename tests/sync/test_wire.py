"""Wire: whatever is not the protocol is refused before anything is changed."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import store
from sync.ids import uuid7
from sync.store import UnsafeSqlite, check_sqlite, is_safe_sqlite
from sync.wire import LIMIT_OPS, LIMIT_UNPACKED, BadRequest, Request, TooLarge, openapi, read_request

OP: dict[str, Any] = {
    "op": str(uuid7()),
    "seq": 1,
    "group": str(uuid7()),
    "after": [],
    "kind": "knock",
    "record": str(uuid7()),
    "verb": "create",
    "form": 1,
    "base_version": None,
    "base": {},
    "patch": {"outcome": "met"},
    "at": "2026-11-23T02:42:05.120Z",
    "offset": -3,
    "files": [],
}
REQUEST: dict[str, Any] = {
    "protocol": 1,
    "app": "abc",
    "user": "li",
    "device": str(uuid7()),
    "clock": "2026-11-23T02:42:05.120Z",
    "epoch": None,
    "ops": [OP],
    "cursors": {"grid:three": {"at": 1, "head": 0, "tail": None}},
    "report": {"waiting": 0, "oldest": None, "used": None, "left": None},
    "tail": False,
}


def read(request: Any) -> Request:
    return read_request(json.dumps(request).encode())


def test_a_request_of_the_protocol_is_read() -> None:  # P21
    assert read(REQUEST).ops[0].patch == {"outcome": "met"}
    assert read(REQUEST).cursors["grid:three"].at == 1


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("protocol", 2),
        ("user", 7),
        ("device", "x"),
        ("clock", "yesterday"),
        ("clock", "2026-02-30T00:00:00Z"),
        ("surprise", 1),
        ("ops", {}),
        ("cursors", {"grid:three": {"at": -1}}),
        ("cursors", {"grid:three": {"at": "1"}}),
        ("tail", "yes"),
        ("report", {"waiting": -1}),
        ("op.op", "00000000-0000-0000-0000-00000000000G"),
        ("op.seq", 0),
        ("op.seq", 1.5),
        ("op.seq", True),
        ("op.verb", "drop"),
        ("op.kind", "knock; drop"),
        ("op.at", "2026-13-01T00:00:00Z"),
        ("op.offset", 10**15),
        ("op.after", ["x"]),
        ("op.files", ["x"]),
        ("op.patch", []),
        ("op.patch", {"Not A Name": 1}),
        ("op.surprise", 1),
    ],
)
def test_what_is_not_the_protocol_is_refused(place: str, value: Any) -> None:  # P21
    if place.startswith("op."):
        wrong = {**REQUEST, "ops": [{**OP, place[3:]: value}]}
    else:
        wrong = {**REQUEST, place: value}
    with pytest.raises(BadRequest):
        read(wrong)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"protocol": NaN}', b"1" * 5000]
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:  # P21
    with pytest.raises(BadRequest):
        read_request(body)


def test_limits_hold_at_their_edges() -> None:  # P21
    ops = [{**OP, "seq": n + 1} for n in range(LIMIT_OPS + 1)]
    assert len(read({**REQUEST, "ops": ops[:LIMIT_OPS]}).ops) == LIMIT_OPS
    with pytest.raises(TooLarge):
        read({**REQUEST, "ops": ops})
    with pytest.raises(TooLarge):
        read_request(b" " * (LIMIT_UNPACKED + 1))


def nested(levels: int) -> Any:
    deep: Any = 1
    for _ in range(levels):
        deep = [deep]
    return deep


def test_twenty_levels_are_read_and_no_more() -> None:  # P21
    assert read({**REQUEST, "ops": [{**OP, "patch": {"note": nested(16)}}]})
    with pytest.raises(BadRequest):
        read({**REQUEST, "ops": [{**OP, "patch": {"note": nested(17)}}]})
    with pytest.raises(BadRequest):
        read_request(b"[" * 100_000 + b"]" * 100_000)


@pytest.mark.parametrize(
    "body", [b"[" + b"[]," * 3_000_000 + b"[]]", b'{"ops":[' + b'{"a":[1]},' * 90 + b"[" * 999]
)
def test_a_body_that_unpacks_to_millions_of_values_is_refused_quickly(body: bytes) -> None:  # P21
    began = time.process_time()
    with pytest.raises((BadRequest, TooLarge)):
        read_request(body)
    assert time.process_time() - began < 1


def test_half_a_surrogate_pair_is_heard_and_not_lost() -> None:  # P13
    assert read({**REQUEST, "ops": [{**OP, "patch": {"note": "a\ud83d"}}]}).ops[0].patch == {
        "note": "a\ud83d"
    }


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_any_json_in_any_place_is_read_or_refused(data: st.DataObject) -> None:  # P21
    place = data.draw(st.sampled_from([*REQUEST, *(f"op.{name}" for name in OP)]))
    value = data.draw(json_values)
    changed = (
        {**REQUEST, "ops": [{**OP, place[3:]: value}]}
        if place.startswith("op.")
        else {**REQUEST, place: value}
    )
    with contextlib.suppress(BadRequest, TooLarge):
        read_request(json.dumps(changed).encode())


def test_the_description_is_made_of_the_models() -> None:  # P21
    described = openapi("1.0")
    assert described["openapi"] == "3.1.0"
    assert set(described["components"]["schemas"]) >= {"Request", "Answer", "Refusal", "Op", "Cursor"}
    assert set(described["paths"]["/sync"]["post"]["responses"]) == {
        "200",
        "401",
        "403",
        "409",
        "413",
        "422",
        "429",
        "503",
    }
    assert set(described["components"]["schemas"]["Op"]["properties"]) == set(OP)


@pytest.mark.parametrize(
    ("release", "safe"),
    [
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
    ],
)
def test_a_release_that_may_corrupt_is_known(release: tuple[int, ...], safe: bool) -> None:  # P22
    assert is_safe_sqlite(release) is safe


def test_the_program_refuses_such_a_release(database: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # P22
    check_sqlite(database)
    monkeypatch.setattr(store, "is_safe_sqlite", lambda release: False)
    if type(database).__name__ == "SqliteDatabase":
        with pytest.raises(UnsafeSqlite):
            check_sqlite(database)
    else:
        check_sqlite(database)


def test_ids_sort_as_they_were_made() -> None:  # P2
    made = [uuid7(1_700_000_000_000) for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert uuid7(1_700_000_000_001) > made[-1]
    assert made[0].int >> 80 == 1_700_000_000_000
