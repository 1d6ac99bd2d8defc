"""The uploads under fuzzing: harmed words and harmed pictures are taken or refused, quickly, and leave no half of anything."""

from __future__ import annotations

import base64
import hashlib
from random import Random

from sync.uploads import LIMIT_BYTES
from tests.fuzz.conftest import Budget
from tests.fuzz.mutation import mutated
from tests.fuzz.target import Target
from tests.photos.pictures import picture

PICTURES = [picture(seed, (320, 240), format=format) for seed, format in enumerate(("JPEG", "PNG", "WEBP"))]
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"


def harmed(random: Random, word: str) -> str:
    """A header that a program might send instead; what no client library lets out is left out."""
    if random.random() < 0.85:
        return word
    text = mutated(random, word.encode()).decode("latin-1")[:400]
    return "".join(one for one in text if " " <= one <= "~" or "\xa0" <= one <= "\xff").strip()


def metadata(content: bytes) -> str:
    name = hashlib.sha256(content).hexdigest()
    return f"sha256 {base64.b64encode(name.encode()).decode()}"


def begin(target: Target, content: bytes) -> str | None:
    """A place for this content."""
    given = {**TUS, "Upload-Length": str(len(content)), "Upload-Metadata": metadata(content)}
    status, _, said = target.ask("POST", "/uploads", b"", given)
    assert status in (201, 429), status
    return said.get("Location")


def test_whatever_the_headers_say_an_upload_is_answered_or_refused(
    target: Target, budget: Budget
) -> None:  # P23
    for one in budget.rounds():
        random = Random(f"headers {one}")
        content = random.choice(PICTURES)
        length = random.choice((str(len(content)), "0", "-1", str(LIMIT_BYTES + 1), "9" * 400, "ten"))
        given = {
            "Tus-Resumable": harmed(random, "1.0.0"),
            "Upload-Length": harmed(random, length),
            "Upload-Metadata": harmed(random, metadata(content)),
        }
        status, _, said = target.ask("POST", "/uploads", b"", given)
        assert status in (201, 400, 412, 413, 422, 429), status
        at = said.get("Location") or "/uploads/" + random.choice(("nothing", "%00", "..%2f..", "0" * 36))
        checksum = base64.b64encode(hashlib.sha1(content).digest()).decode()
        more = {
            "Tus-Resumable": "1.0.0",
            "Content-Type": harmed(random, PIECE),
            "Upload-Offset": harmed(random, random.choice(("0", "1", "9" * 12, "-1"))),
            **({"Upload-Checksum": harmed(random, f"sha1 {checksum}")} if random.random() < 0.5 else {}),
        }
        status, _, _ = target.ask("PATCH", at, random.choice((content, mutated(random, content), b"")), more)
        assert status in (0, 204, 400, 404, 405, 409, 412, 413, 415, 422, 429, 460), status
        target.connection.close()  # a body that was refused unread ends it
        assert target.ask("HEAD", at, b"", TUS)[0] in (200, 404, 405)
        assert target.ask("DELETE", at, b"", TUS)[0] in (204, 404, 405)
        assert target.ask("HEAD", at, b"", TUS)[0] in (404, 405)


def test_a_harmed_picture_is_made_anew_or_refused(target: Target, budget: Budget) -> None:  # P23
    """Its hash is right, so that its bytes reach the decoders."""
    for one in budget.rounds():
        random = Random(f"picture {one}")
        content = mutated(random, random.choice(PICTURES))
        if not content:
            continue
        if random.random() < 0.3:
            status, _, _ = target.ask("PUT", "/photos", content, {"Content-Type": "image/jpeg"})
            assert status in (201, 422, 429), status
            continue
        at = begin(target, content)
        if at is None:
            continue
        status, _, _ = target.ask("PATCH", at, content, {**TUS, "Content-Type": PIECE, "Upload-Offset": "0"})
        assert status in (204, 409, 422), status
        status, shown, said = target.ask("GET", f"/photos/{hashlib.sha256(content).hexdigest()}", b"", {})
        if status == 200:
            assert said["Content-Type"] == "image/jpeg" and shown[:3] == b"\xff\xd8\xff"
        else:
            assert status == 404
