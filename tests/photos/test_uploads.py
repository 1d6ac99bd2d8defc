"""Uploads: the tus routes of the real server, walked by two clients of other hands, cut off, damaged and killed.  # P23"""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image
from tusclient import client as tus

from tests.browser.office import Office
from tests.cast import PASSWORD, named, signed_in_database
from tests.photos.pictures import bare, picture
from tests.server import ROOT, Server

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("uploads")
    signed_in_database(f"sqlite:///{folder / 'fieldapp.db'}")[0].close()
    made = Server(folder).start()
    yield made
    made.stop()


def signed_in(server: Server, person: str = "li") -> requests.Session:
    """A browser in which this person has signed in."""
    session = requests.Session()
    page = session.get(f"{server.url}/sign-in").text
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    form = {"username": person, "password": PASSWORD, "csrf_token": token}
    answer = session.post(
        f"{server.url}/sign-in", form, headers={"Origin": server.url}, allow_redirects=False
    )
    assert answer.status_code == 303
    return session


def cookie(session: requests.Session) -> str:
    """The session as a header."""
    return "; ".join(f"{name}={value}" for name, value in session.cookies.items())


def hash_of(content: bytes) -> str:
    """What a photo is called."""
    return hashlib.sha256(content).hexdigest()


def metadata(hash: str) -> str:
    """As tus wants it."""
    return f"sha256 {base64.b64encode(hash.encode()).decode()}"


def begin(server: Server, session: requests.Session, content: bytes, hash: str = "") -> str:
    """A new upload; its address."""
    headers = {
        **TUS,
        "Upload-Length": str(len(content)),
        "Upload-Metadata": metadata(hash or hash_of(content)),
    }
    answer = session.post(f"{server.url}/uploads", headers=headers)
    assert answer.status_code == 201, answer.text
    return server.url + answer.headers["Location"]


def patch(session: requests.Session, at: str, offset: int, content: bytes, **more: str) -> requests.Response:
    """More of it."""
    kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(offset)}
    return session.patch(at, content, headers={**TUS, **kind, **more})


def node(server: Server, session: requests.Session, file: Path, *more: str, url: str = "") -> dict[str, Any]:
    """What tus-js-client says of sending a file."""
    words = [f"{server.url}/uploads", cookie(session), str(file), hash_of(file.read_bytes()), *more]
    done = subprocess.run(
        ["node", str(Path(__file__).parent / "send.mjs"), *words],
        cwd=ROOT, env={**os.environ, "UPLOAD_URL": url}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    said: dict[str, Any] = json.loads(done.stdout or "{}")
    assert said, done.stderr
    return said


def test_tuspy_sends_a_photo_in_pieces_with_checksums(server: Server, tmp_path: Path) -> None:
    session, content = signed_in(server), picture(11)
    file = tmp_path / "photo.jpg"
    file.write_bytes(content)
    sender = tus.TusClient(f"{server.url}/uploads", headers={"Cookie": cookie(session)})
    sender.uploader(
        str(file), chunk_size=70_000, metadata={"sha256": hash_of(content)}, upload_checksum=True
    ).upload()
    shown = session.get(f"{server.url}/photos/{hash_of(content)}")
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/jpeg")
    assert bare(shown.content).size == (1600, 1200)
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Cache-Control"] == "no-store"


def test_tus_js_client_breaks_off_and_another_run_of_it_goes_on(server: Server, tmp_path: Path) -> None:
    session, content = signed_in(server), picture(12)
    file = tmp_path / "photo.jpg"
    file.write_bytes(content)
    first = node(server, session, file, "100000")
    assert first["done"] == 100_000 < len(content)
    at = session.head(first["url"], headers=TUS)
    assert (at.headers["Upload-Offset"], at.headers["Upload-Length"]) == ("100000", str(len(content)))
    assert node(server, session, file, url=first["url"]) == {"url": first["url"], "whole": True}
    bare(session.get(f"{server.url}/photos/{hash_of(content)}").content)


def test_tus_js_client_is_told_that_a_file_is_no_picture(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(b"GIF89a, or so it says" * 100)
    assert node(server, signed_in(server), file) == {"error": 422}


def test_the_server_is_killed_in_the_middle_of_a_patch_and_the_rest_is_sent_later(server: Server) -> None:
    session, content = signed_in(server), picture(13)
    at = begin(server, session, content)
    half = len(content) // 2
    parts = urlsplit(at)
    line = socket.create_connection((parts.hostname, parts.port))
    head = (
        f"PATCH {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nCookie: {cookie(session)}\r\nTus-Resumable: 1.0.0\r\n"
        f"Upload-Offset: 0\r\nContent-Type: application/offset+octet-stream\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    line.sendall(head.encode() + content[:half])
    pieces = server.data / "uploads" / parts.path.rsplit("/", 1)[1]
    Office(server).until(lambda: pieces.stat().st_size > half // 2)
    server.restart()
    line.close()
    offset = int(session.head(at, headers=TUS).headers["Upload-Offset"])
    assert half // 2 < offset <= half
    assert patch(session, at, 0, content).status_code == 409
    assert patch(session, at, offset, content[offset:]).status_code == 204
    bare(session.get(f"{server.url}/photos/{hash_of(content)}").content)


def test_a_connection_that_breaks_at_99_percent_costs_the_last_percent(server: Server) -> None:
    session, content = signed_in(server), picture(14)
    at = begin(server, session, content)
    parts = urlsplit(at)
    connection = http.client.HTTPConnection(parts.netloc)
    connection.putrequest("PATCH", parts.path)
    kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    for name, value in {
        **TUS,
        **kind,
        "Cookie": cookie(session),
        "Content-Length": str(len(content)),
    }.items():
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(content[: len(content) * 99 // 100])
    connection.close()
    pieces = server.data / "uploads" / parts.path.rsplit("/", 1)[1]
    Office(server).until(lambda: pieces.stat().st_size == len(content) * 99 // 100)
    Office(server).until(lambda: session.head(at, headers=TUS).status_code == 200)
    offset = int(session.head(at, headers=TUS).headers["Upload-Offset"])
    assert offset == len(content) * 99 // 100
    Office(server).until(lambda: patch(session, at, offset, content[offset:]).status_code == 204)
    bare(session.get(f"{server.url}/photos/{hash_of(content)}").content)


def test_a_damaged_photo_is_refused_by_its_hash_and_forgotten(server: Server) -> None:
    session, content = signed_in(server), picture(15, (640, 480))
    at = begin(server, session, content, hash_of(b"another"))
    answer = patch(session, at, 0, content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (460, "upload_checksum")
    assert session.head(at, headers=TUS).status_code == 404
    assert session.get(f"{server.url}/photos/{hash_of(b'another')}").status_code == 404


def test_a_patch_with_a_wrong_checksum_moves_nothing(server: Server) -> None:
    session, content = signed_in(server), picture(16, (640, 480))
    at = begin(server, session, content)
    wrong = "sha256 " + base64.b64encode(hashlib.sha256(b"?").digest()).decode()
    assert patch(session, at, 0, content, **{"Upload-Checksum": wrong}).status_code == 460
    assert session.head(at, headers=TUS).headers["Upload-Offset"] == "0"
    assert patch(session, at, 0, content, **{"Upload-Checksum": "md5 AAAA"}).status_code == 422


def test_what_the_routes_ask_for_and_what_they_say(server: Server) -> None:
    session, content = signed_in(server), picture(17, (640, 480))
    can = session.options(f"{server.url}/uploads")
    assert (can.status_code, can.headers["Tus-Version"]) == (204, "1.0.0")
    assert can.headers["Tus-Extension"] == "creation,expiration,checksum,termination"
    assert session.post(f"{server.url}/uploads", headers={"Upload-Length": "5"}).status_code == 412
    assert session.post(f"{server.url}/uploads", headers={**TUS, "Upload-Length": "5"}).status_code == 422
    huge = {**TUS, "Upload-Length": str(5 << 20), "Upload-Metadata": metadata(hash_of(content))}
    assert session.post(f"{server.url}/uploads", headers=huge).status_code == 413
    at = begin(server, session, content)
    assert session.patch(at, content, headers={**TUS, "Upload-Offset": "0"}).status_code == 415
    assert "GMT" in session.head(at, headers=TUS).headers["Upload-Expires"]
    stranger, wang = requests.Session(), signed_in(server, "wang")
    assert stranger.head(at, headers=TUS).status_code == 401
    assert wang.head(at, headers=TUS).status_code == 404
    assert session.delete(at, headers=TUS).status_code == 204
    assert session.head(at, headers=TUS).status_code == 404


def test_every_route_and_every_refusal_is_described(server: Server) -> None:
    from fieldapp.errors import CATALOGUE
    from fieldapp.uploads import CODES, uploads

    app = __import__("flask").Flask(__name__)
    app.register_blueprint(uploads)
    described = requests.get(f"{server.url}/api/openapi.json").json()["paths"]
    routes = {
        (rule.rule.replace("<id>", "{id}"), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"OPTIONS"}
        if rule.endpoint.startswith("uploads.")
    }
    assert {
        (path, method) for path in described if path.startswith("/uploads") for method in described[path]
    } == routes
    said = {
        code
        for path in ("/uploads", "/uploads/{id}")
        for one in described[path].values()
        for code in one["responses"]
    }
    assert {str(CATALOGUE[code][0]) for code in CODES.values()} <= said


def test_a_picture_that_would_burst_the_memory_is_refused(server: Server) -> None:
    made = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(made, "PNG")
    session, content = signed_in(server), made.getvalue()
    assert len(content) < 200_000
    assert patch(session, begin(server, session, content), 0, content).status_code == 422


def test_a_page_without_a_script_sends_its_photos_with_the_form(server: Server) -> None:
    session, content = signed_in(server), picture(18)
    household = named("household 3-1-601")
    page = session.get(f"{server.url}/households/{household}/visit").text
    fresh = page.split('name="fresh_id" value="')[1].split('"')[0]
    answer = session.post(
        f"{server.url}/households/{household}/visit",
        data={"fresh_id": fresh, "outcome": "met"},
        files=[("photos", ("a.jpg", content, "image/jpeg")), ("photos", ("", b"", "application/octet-stream"))],
        headers={"Origin": server.url}, allow_redirects=False,
    )  # fmt: skip
    assert answer.status_code == 303, answer.text
    (visit,) = [one for one in Office(server).visits() if one["household"] == household]
    assert json.loads(visit["photos"]) == json.loads(visit["photos_here"]) == [hash_of(content)]
    assert f"/photos/{hash_of(content)}" in session.get(f"{server.url}/households/{household}").text
    kept = (
        server.data
        / "photos"
        / named("heping")
        / named("account li")
        / hash_of(content)[:2]
        / hash_of(content)
    )
    bare(kept.read_bytes())
    # Who may hold the visit sees its photo; who may not learns nothing.
    status = {one: signed_in(server, one).get(f"{server.url}/photos/{hash_of(content)}").status_code
              for one in ("zhang", "wang", "chen", "zhao", "sun")}  # fmt: skip
    assert status == {"zhang": 200, "wang": 404, "chen": 404, "zhao": 404, "sun": 404}
    refused = session.post(
        f"{server.url}/households/{household}/visit", data={"fresh_id": fresh[:-2] + "00", "outcome": "met"},
        files={"photos": ("a.jpg", b"no picture", "image/jpeg")}, headers={"Origin": server.url}, allow_redirects=False,
    )  # fmt: skip
    assert refused.status_code == 422


def test_the_doctor_misses_a_photo_that_the_folder_has_lost(server: Server) -> None:
    session, content = signed_in(server), picture(19, (640, 480))
    patch(session, begin(server, session, content), 0, content)
    assert "every photo" in server.command("doctor")
    kept = (
        server.data
        / "photos"
        / named("heping")
        / named("account li")
        / hash_of(content)[:2]
        / hash_of(content)
    )
    moved = kept.rename(kept.with_name(".moved"))
    with pytest.raises(AssertionError, match="1 of .* photos"):
        server.command("doctor")
    moved.rename(kept)
