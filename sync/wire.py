"""Wire: what may be asked and what is answered, as strict models; whatever else comes is refused whole.  # P21"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sync.instants import parse

PROTOCOL = 1
LIMIT_OPS = 100
LIMIT_PACKED = 2 * 1024 * 1024
LIMIT_UNPACKED = 20 * 1024 * 1024
LIMIT_DEPTH = 20
LIMIT_VALUES = 100_000
# Counted before anything is made of them: millions of empty lists cost a second and half a gigabyte to parse.
LIMIT_MARKS = 4 * LIMIT_VALUES

UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
INSTANT_PATTERN = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$"

Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Uuid = Annotated[str, Field(pattern=UUID_PATTERN)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
Channel = Annotated[str, Field(max_length=120)]
Seq = Annotated[int, Field(ge=0, lt=1 << 53)]
Verb = Literal["create", "patch", "retract", "delete"]
Status = Literal["applied", "review", "quarantined", "held"]
# A hundred years: what a wrong clock may be off, and still name a moment.
OFFSET_MS = 3_200_000_000_000
Offset = Annotated[int, Field(ge=-OFFSET_MS, le=OFFSET_MS)]


class BadRequest(ValueError):
    """Not the protocol: 422, nothing was changed."""


class TooLarge(ValueError):
    """More than one batch may hold: 413, nothing was changed."""


class Refused(Exception):
    """The exchange is refused with a code of the protocol; `more` goes beside it."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


class Busy(Exception):
    """Nothing was consumed; the same request will do later: 503 with Retry-After.  # P13"""

    def __init__(self, retry_after: int = 5) -> None:
        super().__init__("busy")
        self.retry_after = retry_after


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


def _moment(text: str) -> str:
    parse(text)
    return text


class Op(_Strict):
    """One change to one record, as a phone or a page made it."""

    op: Uuid
    seq: Annotated[int, Field(ge=1, lt=1 << 53)]
    group: Uuid
    after: Annotated[list[Uuid], Field(max_length=LIMIT_OPS)] = []
    kind: Name
    record: Uuid
    verb: Verb
    form: Annotated[int, Field(ge=0, lt=1 << 31)] = 1
    base_version: Annotated[int, Field(ge=0, lt=1 << 53)] | None = None
    base: dict[Name, Any] = {}
    patch: dict[Name, Any] = {}
    at: Annotated[str, Field(pattern=INSTANT_PATTERN)]
    offset: Offset = 0
    files: Annotated[list[Hash], Field(max_length=50)] = []

    _at_exists = field_validator("at")(_moment)


class Cursor(_Strict):
    """How far one channel was read: `at` forward; `head`, `tail` while its baseline is under way."""

    at: Seq
    head: Seq | None = None
    tail: Seq | None = None


class Report(_Strict):
    """What the phone says about itself. A newer app may say more than this server knows.  # P18"""

    model_config = ConfigDict(strict=True, extra="ignore")

    waiting: Seq = 0
    oldest: Annotated[str, Field(max_length=30)] | None = None
    used: Seq | None = None
    left: Seq | None = None
    # Attachments that are to be sent, or were sent and not confirmed; an app of before attachments says nothing.  # P23
    files: Seq | None = None
    # A phone that was signed off has its receipt for everything, and clears itself when it is refused this once more.
    clears: bool = False
    # Channels whose digest was wrong, since the last report.  # P16
    alarms: Annotated[list[Channel], Field(max_length=LIMIT_OPS)] = []


class Request(_Strict):
    """One exchange, asked by a phone."""

    protocol: Literal[1]
    app: Annotated[str, Field(max_length=100)] = ""
    user: Annotated[str, Field(max_length=100)]
    device: Uuid
    clock: Annotated[str, Field(pattern=INSTANT_PATTERN)]
    epoch: Annotated[str, Field(max_length=64)] | None = None
    ops: list[Op] = []
    cursors: Annotated[dict[Channel, Cursor], Field(max_length=2000)] = {}
    report: Report = Report()
    tail: bool = False
    files: Annotated[list[Hash], Field(max_length=50)] = []

    _clock_exists = field_validator("clock")(_moment)


class Result(_Strict):
    """What became of one operation."""

    op: Uuid
    seq: Seq
    status: Status
    reason: str | None = None
    detail: dict[str, Any] = {}


class Page(_Strict):
    """Changes of one kind in one channel, a list of values for each field; `gone` are deleted, `forget` have left."""

    channel: str
    kind: str
    fields: list[str]
    columns: list[list[Any]]
    gone: list[str]
    forget: list[str]


class Answer(_Strict):
    """One exchange, answered."""

    protocol: Literal[1]
    app: str
    epoch: str
    now: str
    last: Seq
    results: list[Result]
    me: dict[str, Any]
    forget: list[str]
    anew: list[str]
    pages: list[Page]
    cursors: dict[str, Cursor]
    more: bool
    digests: dict[str, Annotated[list[Seq], Field(min_length=2, max_length=2)]] | None
    files: list[str]


class Problem(BaseModel):
    """Why there is no answer: a code for programs, words for people; with `busy` the cause, where it is known."""

    code: str
    message: str
    cause: str | None = None


class Refusal(BaseModel):
    """An exchange that did not happen."""

    protocol: Literal[1]
    error: Problem


def read_request(body: bytes) -> Request:
    """The request in an unpacked body; raises BadRequest or TooLarge.  # P21"""
    return check_request(parse_json(body))


def parse_json(body: bytes) -> Any:
    """The value in a text of JSON, of at most LIMIT_UNPACKED; raises BadRequest or TooLarge."""
    if len(body) > LIMIT_UNPACKED:
        raise TooLarge
    if sum(map(body.count, (b",", b":", b"[", b"{"))) > LIMIT_MARKS:
        raise TooLarge
    try:
        return json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as torn:
        raise BadRequest("json") from torn


def check_request(said: Any) -> Request:
    """The request in parsed JSON; raises BadRequest or TooLarge."""
    ops = said.get("ops") if isinstance(said, dict) else None
    if isinstance(ops, list) and len(ops) > LIMIT_OPS:
        raise TooLarge
    check_depth(said)
    try:
        return Request.model_validate(said)
    except ValidationError as wrong:
        raise BadRequest(wrong.errors(include_url=False, include_input=False)[0]["type"]) from wrong


def _no_number(text: str) -> None:
    raise ValueError(text)


_HOLDS = (dict, list)


def check_depth(said: Any) -> None:
    """At most LIMIT_DEPTH levels and LIMIT_VALUES values in lists and objects."""
    level, count = [said], 0
    for _ in range(LIMIT_DEPTH):
        below: list[Any] = []
        for one in level:
            values = one.values() if type(one) is dict else one if type(one) is list else ()
            count += len(values)
            below += [value for value in values if type(value) in _HOLDS and value]
        if count > LIMIT_VALUES:
            raise TooLarge
        if not below:
            return
        level = below
    raise BadRequest("depth")


def openapi(version: str) -> Mapping[str, Any]:
    """OpenAPI 3.1 of `POST /sync`, made from the models that check it, and of the attachments' routes."""
    from pydantic.json_schema import models_json_schema

    from sync.openapi import attachment_paths

    models = (Request, Answer, Refusal)
    _, schemas = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )

    def content(model: type[BaseModel]) -> dict[str, Any]:
        return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}

    refusals = {
        "401": "signed out", "403": "revoked", "409": "other_user, gap or fork", "413": "too_large",
        "422": "bad_request", "429": "rate_limited", "503": "busy",
    }  # fmt: skip
    answers = {"200": {"description": "results and changes", "content": content(Answer)}}
    answers |= {
        status: {"description": words, "content": content(Refusal)} for status, words in refusals.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Exchange of operations and changes", "version": version},
        "paths": {
            "/sync": {
                "post": {
                    "operationId": "exchange",
                    "summary": "Operations in, results and a page of changes out",
                    "security": [{"session": []}],
                    "requestBody": {"required": True, "content": content(Request)},
                    "responses": answers,
                }
            },
            **attachment_paths(content(Refusal)),
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "fieldapp_session"}},
        },
    }
