"""Mutation: bytes of something valid, harmed in the ways in which wires, programs and attackers harm them."""

from __future__ import annotations

from random import Random

INTERESTING = (
    b"\x00",
    b"\xff",
    b"\xf0\x9f",
    b"\\ud800",
    b"1e999",
    b"-0",
    b"[" * 200,
    b'{"a":' * 50,
    b"9" * 400,
    b"\r\n--",
    b'"',
    b",",
)


def mutated(random: Random, valid: bytes) -> bytes:
    """One to eight harms."""
    body = bytearray(valid)
    for _ in range(random.choice((1, 1, 2, 3, 8))):
        at = random.randrange(len(body) + 1)
        to = min(len(body), at + random.choice((1, 2, 4, 16, 256)))
        harm = random.randrange(7)
        if harm == 0 and body:
            body[at % len(body)] ^= 1 << random.randrange(8)
        elif harm == 1:
            del body[at:to]
        elif harm == 2:
            body[at:at] = random.randbytes(random.choice((1, 4, 64)))
        elif harm == 3:
            body[at:at] = body[at:to] * random.choice((1, 2, 50))
        elif harm == 4:
            body[at:to] = random.choice(INTERESTING)
        elif harm == 5:
            del body[at:]
        else:
            other = random.randrange(len(body) + 1)
            body[at:to] = body[other : other + to - at]
    return bytes(body)
