"""The exchange under fuzzing: whatever is asked, it is answered or refused, quickly, and costs no memory."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from random import Random
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from fieldapp.declare.kinds import kinds
from fieldapp.features import declare_all
from sync.ids import uuid7
from sync.wire import LIMIT_UNPACKED, Op, Request, openapi
from tests.cast import named
from tests.fuzz.conftest import Budget
from tests.fuzz.mutation import mutated
from tests.fuzz.target import Target

QUICK = settings(
    max_examples=50,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
declare_all()

ids = st.sampled_from(
    [named(f"fuzzed {n}") for n in range(12)] + [named("household 3-1-301"), named("household 4-1-301")]
)
junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)  # JSON has neither
    | st.text(st.characters(), max_size=40)
    | ids,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
likely = (
    st.sampled_from(
        ["met", "no_answer", "owner", "", 0, 3, "2026-11-23T02:42:05Z", "a\ud83d", "\x00", [], ["well"]]
    )
    | ids
    | junk
)
names = st.sampled_from(
    sorted({name for kind in kinds().values() for name in (*kind.fields, *kind.inherits)} | {"of", "gone"})
)
values = st.dictionaries(names, likely, max_size=5)
instants = st.sampled_from(
    ["2026-11-23T02:42:05.120Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"]
)
hashes = st.sampled_from([digit * 64 for digit in "0a"])
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "op": ids, "seq": st.integers(1, 6) | st.integers(1, (1 << 53) - 1), "group": ids, "after": st.lists(ids, max_size=3),
    "kind": st.sampled_from(sorted(kinds())) | st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True), "record": ids,
    "verb": st.sampled_from(["create", "patch", "retract", "delete"]), "form": st.integers(0, (1 << 31) - 1),
    "base_version": st.none() | st.integers(0, 3) | st.integers(0, (1 << 53) - 1), "base": values, "patch": values,
    "at": instants, "offset": st.integers(-3_200_000_000_000, 3_200_000_000_000), "files": st.lists(hashes, max_size=3),
}  # fmt: skip
cursors = st.fixed_dictionaries(
    {name: st.none() | st.integers(0, 1 << 50) for name in ("head", "tail")} | {"at": st.integers(0, 1 << 50)}
)


def test_every_field_of_an_operation_is_fuzzed() -> None:
    assert set(PARTS) == set(Op.model_fields)


def request_of(target: Target, **other: Any) -> dict[str, Any]:
    """A request of Li's phone that is valid but for what is given."""
    made = {
        "protocol": 1, "app": "fuzz", "user": target.town.people["li"].id, "device": named("fuzzed phone"),
        "clock": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()), "epoch": None, "ops": [], "cursors": {},
        "report": {"waiting": 0, "oldest": None, "used": None, "left": None}, "tail": False, "files": [],
    }  # fmt: skip
    assert set(made) == set(Request.model_fields)
    return made | other


def test_operations_of_any_content_are_sorted_and_none_is_met_by_a_failure(
    target: Target, budget: Budget
) -> None:  # P12
    """Every operation is valid as a form of words, so that its content reaches the engine."""

    @QUICK
    @given(st.lists(st.fixed_dictionaries(PARTS), min_size=1, max_size=6), st.booleans())
    def fuzz(ops: list[dict[str, Any]], dense: bool) -> None:
        device = str(uuid7())
        given_ = [{**op, "seq": at, "op": str(uuid7())} for at, op in enumerate(ops, 1)] if dense else ops
        status, said = target.sync(request_of(target, device=device, ops=given_))
        if status == 200 and dense:
            assert [one["seq"] for one in said["results"]] == list(range(1, len(ops) + 1))
        assert not dense or status in (200, 413), said

    for one in budget.rounds():
        seed(one)(fuzz)()


def test_cursors_of_any_content_are_answered(target: Target, budget: Budget) -> None:  # P15
    person = target.town.people["li"]
    channels = st.sampled_from(
        [f"grid:{person.grids[0]}", f"user:{person.id}", f"community:{person.community}"]
    ) | st.text(max_size=20)

    @QUICK
    @given(st.dictionaries(channels, cursors, max_size=5), st.booleans(), junk)
    def fuzz(asked: dict[str, Any], tail: bool, epoch: Any) -> None:
        status, said = target.sync(request_of(target, cursors=asked, tail=tail, device=str(uuid7())))
        assert status == 200, said
        target.sync(request_of(target, cursors=asked, epoch=epoch))

    for one in budget.rounds():
        seed(one)(fuzz)()


@pytest.mark.parametrize(
    "mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as described", "otherwise"]
)
def test_what_the_description_allows_and_what_it_does_not(
    target: Target, budget: Budget, mode: GenerationMode
) -> None:  # P21
    described = schemathesis.openapi.from_dict(openapi("1"))
    checks = [
        not_a_server_error,
        status_code_conformance,
        content_type_conformance,
        response_schema_conformance,
    ]

    @QUICK
    @given(described["/sync"]["POST"].as_strategy(generation_mode=mode))
    def fuzz(case: schemathesis.Case) -> None:
        began, used = time.perf_counter(), target.processor()
        answer = case.call(base_url=target.server.url, headers={"Cookie": target.cookies["li"]})
        target.judge(
            answer.status_code, time.perf_counter() - began, target.processor() - used, answer.content
        )
        case.validate_response(answer, checks=checks)

    for one in budget.rounds():
        seed(one)(fuzz)()


def test_harmed_bytes_are_refused_or_read(target: Target, budget: Budget) -> None:  # P5
    visit = {
        "op": str(uuid7()), "seq": 1, "group": str(uuid7()), "kind": "visit", "record": str(uuid7()), "verb": "create",
        "patch": {"household": named("household 3-1-301"), "outcome": "met", "phrases": ["well"], "note": "都好"},
        "at": "2026-11-23T02:42:05.120Z",
    }  # fmt: skip
    valid = json.dumps(request_of(target, ops=[visit], device=str(uuid7()))).encode()
    packed = gzip.compress(valid)
    for one in budget.rounds():
        random = Random(one)
        kind = random.choice(("json", "gzip", "inside", "claimed"))
        body = {
            "json": mutated(random, valid), "gzip": mutated(random, packed), "inside": gzip.compress(mutated(random, valid)), "claimed": valid,
        }[kind]  # fmt: skip
        headers = {
            "Content-Type": random.choice(
                ("application/json", "text/plain", "application/x-www-form-urlencoded")
            )
        }
        if kind != "json":
            headers["Content-Encoding"] = random.choice(
                ("gzip", "gzip", "gzip", "deflate", "GZIP", "gzip, gzip")
            )
        target.post("/sync", body, headers)


@pytest.mark.parametrize("inside", ["nothing", "depth", "text", "values", "lists", "objects"])
def test_a_small_body_that_unpacks_to_much_is_refused_quickly(target: Target, inside: str) -> None:  # P21
    plain = {
        "nothing": b" " * (LIMIT_UNPACKED * 10),
        "depth": b"[" * LIMIT_UNPACKED,
        "text": b'"' + b"a" * (LIMIT_UNPACKED - 2) + b'"',
        "values": b"[" + b"0," * 4_000_000 + b"0]",
        "lists": b"[" + b"[]," * 4_000_000 + b"0]",
        "objects": b"[" + b"{}," * 4_000_000 + b"0]",
    }[inside]
    packer = zlib.compressobj(9, wbits=31)
    body = packer.compress(plain) + packer.flush()
    for _ in range(4):
        status, _ = target.post("/sync", body, {"Content-Encoding": "gzip"})
        assert status in (413, 422)
