"""Photos of a rescue file: they come in with the records, once, whatever the phone sends later; what has no room is said."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from urllib.parse import urlencode

from fieldapp.visits.record import Visit
from sync.ids import uuid7
from sync.store import Blob
from tests.parity.phone_process import PhoneProcess
from tests.photos.pictures import bare, picture
from tests.rescue.test_rescue import FORM, Centre, content_of, rescue_file, sealed, visit


def photograph(phone: PhoneProcess, centre: Centre, address: str, content: bytes) -> str:
    """A photo at a door, saved with a visit on the phone; nothing is sent. Its name."""
    door = f"/households/{centre.town.households[address]}/visit"
    where = urlencode({"for": door, "field": "photos"})
    sent = base64.b64encode(content).decode()
    kept = phone.tell("ask", path=f"/photos?{where}", method="PUT", bytes=sent)
    assert kept["html"] == hashlib.sha256(content).hexdigest()
    body = urlencode({"outcome": "no_answer", "fresh_id": str(uuid7()), "photos": kept["html"]})
    assert phone.tell("ask", path=door, method="POST", body=body, headers=FORM)["status"] == 303
    return str(kept["html"])


def here(hash: str) -> list[list[str]]:
    """What the visits that name the photo say of its arrival."""
    return [one.photos_here for one in Visit.select() if hash in one.photos]


def uploaded(phone: PhoneProcess, centre: Centre) -> None:
    """The phone is back: it sends what it still holds, and lets go what a pull confirms."""
    li = centre.town.people["li"].id
    for _ in range(2):
        assert phone.tell("exchange")["outcome"]["code"] == "done"
        left = phone.tell("upload", user=li)
    assert [one for one in left["blobs"] if not one.get("kept")] == []


def test_a_photo_comes_in_with_its_visit_twice_and_by_the_phone_and_is_kept_once(
    centre: Centre,
) -> None:  # P23
    li = centre.phone("li")
    hash = photograph(li, centre, "3-1-601", picture(1))
    file = rescue_file(li)
    assert [one["hash"] for one in content_of(file)["files"]] == [hash]
    status, page = centre.upload("zhang", file)
    assert status == 200 and "照片 1 张" in page
    assert here(hash) == [[hash]]
    kept = centre.browser("zhang").get(f"/photos/{hash}")
    assert kept.status_code == 200
    bare(kept.data)
    assert "照片 1 张" in centre.upload("zhang", file)[1]
    uploaded(li, centre)
    assert here(hash) == [[hash]]
    assert Blob.select().count() == 1
    # Nothing waits any more, a photo neither.
    assert li.tell("ask", path="/rescue/file")["status"] == 303


def test_a_photo_that_still_waits_when_its_visit_has_arrived_is_carried_by_a_file_of_its_own(
    centre: Centre,
) -> None:
    li = centre.phone("li")
    hash = photograph(li, centre, "3-1-601", picture(2))
    assert li.tell("exchange")["outcome"]["code"] == "done"
    assert here(hash) == [[]]
    path = Path(centre.folder) / "li.fieldrescue"
    path.write_text(rescue_file(li))
    assert content_of(path.read_text())["persons"][0]["ops"] == []
    done = centre.command("rescue", str(path))
    assert done.stdout == "李: 0 records (); 0 had arrived before; 1 photos, 0 had arrived before\n"
    assert here(hash) == [[hash]]
    uploaded(li, centre)


def test_photos_for_which_a_file_has_no_room_stay_on_the_phone_and_the_desk_reads_how_many(
    centre: Centre,
) -> None:
    li = centre.phone("li")
    # Fourteen of a megabyte: the phone shrinks what a camera brings, so these stand for very many.
    names = [photograph(li, centre, "3-1-601", picture(3) + bytes([at]) * 1_000_000) for at in range(14)]
    file = rescue_file(li)
    assert len(file) < 16 * 1024 * 1024
    content = content_of(file)
    held = [one["hash"] for one in content["files"]]
    assert held == names[: len(held)] and 0 < len(held) < 14
    assert content["left"] == 14 - len(held)
    page = centre.upload("zhang", file)[1]
    assert f"{content['left']} 张照片文件放不下，仍在手机上" in page
    assert [hash for hash in names if here(hash) == [[hash]]] == held
    uploaded(li, centre)
    assert all(here(hash) == [[hash]] for hash in names)


def test_what_is_no_picture_or_not_what_its_hash_says_is_not_kept_and_the_records_come_in(
    centre: Centre,
) -> None:
    li = centre.phone("li")
    visit(li, centre.town, "3-1-601")
    content = content_of(rescue_file(li))
    author = content["persons"][0]["user"]
    junk, other = b"no picture", picture(4)
    content["files"] = [
        {"user": author, "hash": hashlib.sha256(junk).hexdigest(), "base64": base64.b64encode(junk).decode()},
        {"user": author, "hash": "0" * 64, "base64": base64.b64encode(other).decode()},
        {"user": author, "hash": "1" * 64, "base64": "?"},
        {"user": centre.town.people["zhao"].id, "hash": hashlib.sha256(other).hexdigest(),
         "base64": base64.b64encode(other).decode()},
    ]  # fmt: skip
    status, page = centre.upload("zhang", sealed(content))
    assert status == 200 and "3 张照片无法保存" in page
    assert centre.counts() == (1, 1)
    assert Blob.select().count() == 0
