"""Wire: what travels in one exchange, checked strictly before anything is read from it.  # P2 P10 P21"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

PROTOCOL = 1
MAX_OPS = 100
LIMIT_PACKED = 2 * 1024 * 1024
LIMIT_UNPACKED = 20 * 1024 * 1024
MAX_DEPTH = 20

INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$"
UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
NAME = r"^[a-z][a-z0-9_]{0,59}$"


class BadRequest(ValueError):
    """The request is not the protocol's; nothing was consumed: 422."""


class TooLarge(ValueError):
    """More than one batch may hold; the phone halves it: 413."""


class Busy(RuntimeError):
    """Nothing was consumed; the phone tries again later: 503.  # P13"""


class Refused(RuntimeError):
    """The exchange is refused with a code of the catalogue: `gap`, `fork`, `other_user`."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


class Strict(BaseModel):
    """Unknown fields are refused, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Op(Strict):
    """One change to one record."""

    op: str = Field(pattern=UUID)
    seq: int = Field(ge=1, le=2**53)
    group: str = Field(pattern=UUID)
    after: list[str] = Field(max_length=100)
    kind: str = Field(pattern=NAME)
    record: str = Field(pattern=UUID)
    verb: Literal["create", "patch", "retract", "delete"]
    form: int = Field(ge=1, le=1_000_000)
    base_version: int | None = Field(ge=0, le=2**53)
    base: dict[str, Any]
    patch: dict[str, Any]
    at: str = Field(pattern=INSTANT)
    offset: int = Field(ge=-(10**13), le=10**13)
    files: list[str] = Field(max_length=20)


class Cursor(Strict):
    """How far a phone has read one channel; `head` and `tail` are the server's own, `at` a feed number."""

    at: int = Field(ge=0, le=2**53)
    head: int | None = Field(ge=0, le=2**53)
    tail: int | None = Field(ge=0, le=2**53)


class Report(Strict):
    """What the phone says of itself."""

    waiting: int = Field(ge=0, le=2**53)
    oldest: str | None = Field(pattern=INSTANT)
    used: int | None = Field(ge=0, le=2**53)
    left: int | None = Field(le=2**53)


class Request(Strict):
    """One exchange, as the phone asks it."""

    protocol: Literal[1]
    app: str = Field(max_length=40)
    user: str = Field(max_length=36)
    device: str = Field(pattern=UUID)
    clock: str = Field(pattern=INSTANT)
    epoch: str | None = Field(max_length=36)
    ops: list[Op]
    cursors: dict[str, Cursor] = Field(max_length=500)
    report: Report
    tail: bool


class Result(Strict):
    """What became of one operation."""

    op: str
    seq: int
    status: Literal["applied", "review", "quarantined", "held"]
    reason: str | None
    detail: Any


class Page(Strict):
    """Records of one kind in one channel: `rows` by `fields`; `gone` are deleted, `forget` have left the channel."""

    channel: str
    kind: str
    fields: list[str]
    rows: list[list[Any]]
    gone: list[str]
    forget: list[str]


class Answer(Strict):
    """One exchange, as the server answers it."""

    protocol: Literal[1]
    app: str
    epoch: str
    now: str
    last: int
    results: list[Result]
    me: dict[str, Any]
    forget: list[str]
    pages: list[Page]
    cursors: dict[str, Cursor]
    more: bool


class ErrorWords(Strict):
    """A code for programs and words for people."""

    code: str
    message: str


class ErrorAnswer(BaseModel):
    """Any answer that is not 200."""

    protocol: Literal[1]
    error: ErrorWords


_request: TypeAdapter[Request] = TypeAdapter(Request)


def read_request(body: bytes) -> Request:
    """The request in `body`; raises BadRequest (not the protocol) or TooLarge (more than a batch)."""
    if _too_deep(body):
        raise BadRequest("depth")
    try:
        request = _request.validate_json(body)
    except ValidationError as wrong:
        first = wrong.errors(include_input=False, include_url=False)[0]
        raise BadRequest(".".join(str(part) for part in first["loc"]) + ": " + first["type"]) from None
    if len(request.ops) > MAX_OPS:
        raise TooLarge
    seqs = [op.seq for op in request.ops]
    if seqs != list(range(seqs[0], seqs[0] + len(seqs))) if seqs else False:
        raise BadRequest("ops: seq is not dense")
    return request


def _too_deep(body: bytes) -> bool:
    """Whether brackets nest deeper than the limit, found without parsing; text in quotes does not count."""
    depth = 0
    inside = escaped = False
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    for byte in body:
        if inside:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                inside = False
        elif byte == 0x22:
            inside = True
        elif byte in (0x5B, 0x7B):
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif byte in (0x5D, 0x7D):
            depth -= 1
    return False


def openapi(version: str) -> dict[str, Any]:
    """OpenAPI 3.1 of `POST /sync`, made from the models that check it."""
    schemas: dict[str, Any] = {}

    def reference(model: type[BaseModel]) -> dict[str, str]:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
        return {"$ref": f"#/components/schemas/{model.__name__}"}

    def content(model: type[BaseModel]) -> dict[str, Any]:
        return {"application/json": {"schema": reference(model)}}

    words = {
        "401": "signed_out: sign in again; nothing was consumed",
        "403": "the request came from another site",
        "409": "gap, fork or other_user",
        "413": "too_large: send half",
        "422": "bad_request: not the protocol",
        "429": "rate_limited: obey Retry-After",
        "503": "busy: nothing was consumed, obey Retry-After",
    }
    answers: dict[str, Any] = {"200": {"description": "results and a page of changes", "content": content(Answer)}}
    answers |= {code: {"description": text, "content": content(ErrorAnswer)} for code, text in words.items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "fieldapp sync", "version": version},
        "paths": {
            "/sync": {
                "post": {
                    "operationId": "exchange",
                    "summary": "Operations in, results and a page of changes out",
                    "requestBody": {"required": True, "content": content(Request)},
                    "responses": answers,
                    "security": [{"session": []}],
                }
            }
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "fieldapp_session"}},
        },
    }


def compact(value: Any) -> str:
    """JSON text without spaces."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
