"""File: a rescue file as a phone makes it, read and checked whole before anything is taken from it.

`{"rescue": 1, "envelope": "none", "content": text, "sha256": of the content's UTF-8}`. The content is JSON as text, so that
another envelope can hold the same text encrypted: `{"app", "made", "persons": [{"user", "name", "device", "epoch",
"ops"}], "unread": [user], "files": [{"user", "hash", "base64"}], "left": 0}`; `ops` are those of the exchange, in order, with
their seqs; `files` are attachments in base64, and `left` is how many more had no room.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fieldapp.declare.words import _l
from sync.uploads import LIMIT_BYTES
from sync.wire import (
    INSTANT_PATTERN,
    LIMIT_UNPACKED,
    BadRequest,
    Hash,
    Op,
    TooLarge,
    Uuid,
    check_depth,
    parse_json,
)

NOT_ONE = _l("This is no rescue file. Nothing was changed.")
DAMAGED = _l("The file is damaged or was altered on its way. Nothing was changed; please make it again.")
NEWER = _l(
    "The file was made by a newer app than this centre runs. Nothing was changed; update the centre first."
)
TOO_BIG = _l("The file is larger than any phone makes one. Nothing was changed.")
LIMIT_FILE = LIMIT_UNPACKED
Model = TypeVar("Model", bound=BaseModel)


class RescueError(ValueError):
    """The file cannot be taken in; the message is a message id that says why. Nothing was changed."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class Whole(_Strict):
    """The file as it travels."""

    rescue: int
    envelope: Annotated[str, Field(max_length=40)]
    content: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Bundle(_Strict):
    """What waited of one person on the phone."""

    user: Annotated[str, Field(max_length=36)]
    name: Annotated[str, Field(max_length=60)] | None
    device: Uuid
    epoch: Annotated[str, Field(max_length=64)] | None
    ops: list[Op]

    @model_validator(mode="after")
    def _in_order(self) -> Bundle:
        for op in self.ops:
            check_depth([op.patch, op.base])
        first = self.ops[0].seq if self.ops else 1
        if [op.seq for op in self.ops] != list(range(first, first + len(self.ops))):
            raise ValueError("the operations are not one after the other")
        return self


class Photo(_Strict):
    """An attachment that waited on the phone; `content` is checked when it is brought."""

    user: Annotated[str, Field(max_length=36)]
    hash: Hash
    base64: Annotated[str, Field(max_length=LIMIT_BYTES * 4 // 3 + 4)]

    def content(self) -> bytes | None:
        """What was photographed; None where it is not what its hash says."""
        try:
            found = binascii.a2b_base64(self.base64, strict_mode=True)
        except ValueError:
            return None
        return found if hashlib.sha256(found).hexdigest() == self.hash else None


class Content(_Strict):
    """What the envelope holds."""

    app: Annotated[str, Field(max_length=100)]
    made: Annotated[str, Field(pattern=INSTANT_PATTERN)]
    persons: Annotated[list[Bundle], Field(min_length=1, max_length=100)]
    unread: Annotated[list[Annotated[str, Field(max_length=36)]], Field(max_length=100)] = []
    files: Annotated[list[Photo], Field(max_length=1000)] = []
    left: Annotated[int, Field(ge=0)] = 0


class Rescue(Content):
    """A checked file with the hash that names it."""

    sha256: str


def read(body: bytes) -> Rescue:
    """The file's content; raises RescueError with words."""
    if len(body) > LIMIT_FILE:
        raise RescueError(TOO_BIG)
    whole = _checked(Whole, body, NOT_ONE)
    if whole.rescue != 1 or whole.envelope != "none":
        raise RescueError(NEWER)
    text = whole.content.encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(hashlib.sha256(text).hexdigest(), whole.sha256):
        raise RescueError(DAMAGED)
    content = _checked(Content, text, DAMAGED)
    return Rescue(**dict(content), sha256=whole.sha256)


def _checked(model: type[Model], body: bytes, otherwise: str) -> Model:
    try:
        return model.model_validate(parse_json(body))
    except (BadRequest, TooLarge, ValidationError) as wrong:
        raise RescueError(otherwise) from wrong
