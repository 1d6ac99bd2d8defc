"""Token: a short signed text, as a QR code carries it, that names a record and until when; checked offline with a public key.

The text is hexadecimal, in capital letters: the id of what it is for (16 bytes), the id that it is about (16, zero for none),
the minute until which it holds (4), an ECDSA P-256 signature of these over SHA-256 (64). The phone's twin is
`static/phone/token.js`; shared vectors hold both together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l

# What is wrong with a code, in words.
WRONG = {
    "forged": _l("This code is not genuine."),
    "other": _l("This code is for something else."),
    "late": _l("This code has run out."),
    "unknown": _l("Whom this code names is not on this list."),
}
registry.add_words("token", WRONG)

SHAPE = "[0-9A-F]{200}"
HEAD = 36
NOBODY = str(UUID(int=0))
ALGORITHM = ec.ECDSA(SHA256())


@dataclass(frozen=True)
class Token:
    """What a text says, its signature not looked at yet."""

    of: str
    about: str | None
    until: int  # seconds since 1970
    signed: bytes
    signature: bytes


def read(text: str) -> Token | None:
    """What the text says; None for what is no token at all."""
    if not re.fullmatch(SHAPE, text):
        return None
    raw = bytes.fromhex(text)
    about = str(UUID(bytes=raw[16:32]))
    return Token(
        str(UUID(bytes=raw[:16])),
        None if about == NOBODY else about,
        int.from_bytes(raw[32:36], "big") * 60,
        raw[:HEAD],
        raw[HEAD:],
    )


def wrong(text: str, key: str, of: str, now: str, about: bool) -> str | None:
    """What is wrong (a code of WRONG) with a text that is to be for the record `of` at the instant `now`; None when it holds.

    `about`: whether it must name somebody, or nobody.
    """
    token = read(text)
    if token is None:
        return "forged"
    if token.of != of:
        return "other"
    if not _is_signed(token, key):
        return "forged"
    if bool(token.about) != about:
        return "other"
    return "late" if token.until < datetime.fromisoformat(now).timestamp() else None


def _is_signed(token: Token, key: str) -> bool:
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(key))
        r, s = (int.from_bytes(token.signature[at : at + 32], "big") for at in (0, 32))
        public.verify(encode_dss_signature(r, s), token.signed, ALGORITHM)
    except (InvalidSignature, ValueError):
        return False
    return True


def new_key(secret: int | None = None) -> tuple[str, str]:
    """A private key (for the server alone) and its public key, as texts; `secret` makes it anew from a number."""
    made = (
        ec.derive_private_key(secret, ec.SECP256R1()) if secret else ec.generate_private_key(ec.SECP256R1())
    )
    point = made.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    number = made.private_numbers().private_value
    return f"{number:064x}", point.hex()


def sign(private: str, of: str, about: str | None, until: datetime) -> str:
    """The text of a token."""
    minute = int(until.timestamp()) // 60
    head = UUID(of).bytes + UUID(about or NOBODY).bytes + minute.to_bytes(4, "big")
    key = ec.derive_private_key(int(private, 16), ec.SECP256R1())
    r, s = decode_dss_signature(key.sign(head, ALGORITHM))
    return (head + r.to_bytes(32, "big") + s.to_bytes(32, "big")).hex().upper()


def vouched(fields: Mapping[str, Any], made: Mapping[str, Any], parent: Mapping[str, Any]) -> dict[str, Any]:
    """What is wrong with the tokens of a new record that hangs under `parent`: field → problems."""
    found: dict[str, Any] = {}
    for name, field in fields.items():
        text = made[name]
        if not text:
            if field.required_if is not None and all(
                made[one] in values for one, values in field.required_if.items()
            ):
                found[name] = [["required", {}]]
            continue
        token = read(text)
        why = wrong(text, parent[field.key], parent["id"], made["device_time"], bool(field.about))
        if why or (field.about and token and token.about != made[field.about]):
            found[name] = [[why or "other", {}]]
    return found
