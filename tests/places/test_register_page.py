"""The register in the browser: a supervisor uploads, sees what would change, confirms; nobody else gets near it."""

from __future__ import annotations

import io
import re
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import openpyxl
import peewee
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fieldapp import create_app
from fieldapp.db import open_database
from fieldapp.places import register_job
from fieldapp.places.record import Household
from fieldapp.places.register_models import RegisterImport
from fieldapp.places.register_read import open_register
from tests.cast import PASSWORD, Town, signed_in_database
from tests.places.registers import CHINESE, csv_file, row


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Town]:
    """The town in a file, made once: signing people up is slow on purpose."""
    path = tmp_path_factory.mktemp("town") / "fieldapp.db"
    database, town = signed_in_database(f"sqlite:///{path}")
    database.close()
    return path, town


@pytest.fixture
def office(
    built: tuple[Path, Town], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Flask, Town]]:
    monkeypatch.setenv("FIELDAPP_DATA", str(tmp_path / "data"))
    path, town = built
    database = open_database(f"sqlite:///{shutil.copy(path, tmp_path / 'fieldapp.db')}")
    app = create_app(database)
    yield app, town
    finish_all()
    database.close()


def finish_all() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("register "):
            thread.join(30)


def signed_in(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    page = client.get("/sign-in").get_data(as_text=True)
    answer = client.post("/sign-in", data={"username": name, "password": PASSWORD, "csrf_token": token(page)})
    assert answer.status_code == 303
    return client


def token(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found
    return found[1]


def uploaded(client: FlaskClient, path: Path, rows: Sequence[Sequence[Any]], name: str = "登记册.csv") -> str:
    """Upload and wait until it is checked; the page's address."""
    content = csv_file(path / "up.csv", [CHINESE, *rows]).read_bytes()
    form = {
        "csrf_token": token(client.get("/register").get_data(as_text=True)),
        "file": (io.BytesIO(content), name),
    }
    answer = client.post("/register", data=form)
    assert answer.status_code == 303
    finish_all()
    return answer.headers["Location"]


def decided(client: FlaskClient, address: str, word: str) -> TestResponse:
    answer = client.post(
        f"{address}/{word}", data={"csrf_token": token(client.get(address).get_data(as_text=True))}
    )
    finish_all()
    return answer


def seen(client: FlaskClient, address: str) -> str:
    return re.sub(
        r"<[^>]+>|\s+", " ", client.get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    )


def test_zhang_sees_what_would_change_and_nothing_changes_before_she_confirms(
    office: tuple[Flask, Town], tmp_path: Path
) -> None:
    zhang = signed_in(office[0], "zhang")
    before = Household.select().count()
    address = uploaded(zhang, tmp_path, [row("901", floor="9"), row("902", floor="9", care="独居")])
    page = zhang.get(address).get_data(as_text=True)
    assert f'action="{address}/go"' in page
    assert "5号楼" in page
    assert Household.select().count() == before
    decided(zhang, address, "go")
    assert Household.select().count() == before + 2
    assert RegisterImport.get().state == "done"
    assert f'action="{address}/go"' not in zhang.get(address).get_data(as_text=True)


def test_the_uploaded_file_is_gone_once_it_is_imported(office: tuple[Flask, Town], tmp_path: Path) -> None:
    zhang = signed_in(office[0], "zhang")
    address = uploaded(zhang, tmp_path, [row("901")])
    kept = register_job.upload(address.rsplit("/")[-1])
    assert kept.exists()
    decided(zhang, address, "go")
    assert not kept.exists()


def test_zhang_may_leave_everything_as_it_is(office: tuple[Flask, Town], tmp_path: Path) -> None:
    zhang = signed_in(office[0], "zhang")
    before = Household.select().count()
    address = uploaded(zhang, tmp_path, [row("901")])
    assert decided(zhang, address, "discard").headers["Location"] == "/register"
    assert (Household.select().count(), RegisterImport.select().count()) == (before, 0)
    assert list((tmp_path / "data" / "imports").iterdir()) == []


def test_every_bad_row_is_shown_with_its_column_value_and_reason(
    office: tuple[Flask, Town], tmp_path: Path
) -> None:
    zhang = signed_in(office[0], "zhang")
    before = Household.select().count()
    address = uploaded(zhang, tmp_path, [row("901"), row("902", tenure="借住"), row("903", people="很多")])
    text = seen(zhang, address)
    for word in ("3", "居住情况", "借住", "4", "人口数", "很多"):
        assert word in text
    assert (Household.select().count(), RegisterImport.get().state) == (before, "refused")


def test_more_bad_rows_than_fit_on_a_page_are_on_the_next(office: tuple[Flask, Town], tmp_path: Path) -> None:
    zhang = signed_in(office[0], "zhang")
    address = uploaded(zhang, tmp_path, [row(f"{n}", floor="1", tenure="?") for n in range(1, 701)])
    assert " 701 " not in seen(zhang, address)
    assert " 701 " in seen(zhang, f"{address}?page=2")


def test_a_file_that_is_no_register_is_refused_in_words(office: tuple[Flask, Town], tmp_path: Path) -> None:
    zhang = signed_in(office[0], "zhang")
    address = uploaded(zhang, tmp_path, [])
    assert RegisterImport.get().state == "refused"
    assert len(seen(zhang, address)) > 40


def test_a_national_id_number_is_neither_shown_nor_kept(office: tuple[Flask, Town], tmp_path: Path) -> None:
    zhang = signed_in(office[0], "zhang")
    address = uploaded(zhang, tmp_path, [row("901", name="王 110101194912310021")])
    assert "19491231" not in zhang.get(address).get_data(as_text=True)
    assert "19491231" not in RegisterImport.get().summary
    assert list((tmp_path / "data" / "imports").iterdir()) == []


@pytest.mark.parametrize("name", ["li", "chen"])
def test_only_supervisors_come_to_the_register(office: tuple[Flask, Town], name: str) -> None:
    client = signed_in(office[0], name)
    assert client.get("/register").status_code == 403
    assert client.post("/register").status_code == 403


def test_a_stranger_is_sent_to_sign_in(office: tuple[Flask, Town]) -> None:
    answer = office[0].test_client().get("/register")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in?next=/register")


def test_sun_does_not_see_the_import_of_the_sister_community(
    office: tuple[Flask, Town], tmp_path: Path
) -> None:
    address = uploaded(signed_in(office[0], "zhang"), tmp_path, [row("901")])
    sun = signed_in(office[0], "sun")
    assert sun.get(address).status_code == 404
    with office[0].test_request_context():
        form = {"csrf_token": token(sun.get("/register").get_data(as_text=True))}
    assert sun.post(f"{address}/go", data=form).status_code == 404
    assert RegisterImport.get().state == "ready"


def test_a_register_of_another_community_is_refused_for_sun(
    office: tuple[Flask, Town], tmp_path: Path
) -> None:
    uploaded(signed_in(office[0], "sun"), tmp_path, [row("901")])
    assert RegisterImport.get().state == "refused"


def test_without_the_token_nothing_is_taken(office: tuple[Flask, Town], tmp_path: Path) -> None:
    zhang = signed_in(office[0], "zhang")
    assert zhang.post("/register", data={"file": (io.BytesIO(b"x"), "r.csv")}).status_code == 422
    address = uploaded(zhang, tmp_path, [row("901")])
    assert zhang.post(f"{address}/go").status_code == 400
    assert RegisterImport.get().state == "ready"


def test_a_form_without_a_file_says_so(office: tuple[Flask, Town]) -> None:
    zhang = signed_in(office[0], "zhang")
    form = {"csrf_token": token(zhang.get("/register").get_data(as_text=True))}
    answer = zhang.post("/register", data=form)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.get_data(as_text=True)


def test_an_import_under_way_is_found_again(office: tuple[Flask, Town], tmp_path: Path) -> None:
    zhang = signed_in(office[0], "zhang")
    address = uploaded(zhang, tmp_path, [row("901")])
    assert zhang.get("/register").headers["Location"] == address


def test_the_page_asks_again_only_while_work_goes_on(office: tuple[Flask, Town], tmp_path: Path) -> None:
    zhang = signed_in(office[0], "zhang")
    address = uploaded(zhang, tmp_path, [row("901")])
    assert "hx-trigger" not in zhang.get(address).get_data(as_text=True)
    RegisterImport.update(state="writing", done=470, total=1664, touched=time.time()).execute()
    page = zhang.get(address).get_data(as_text=True)
    assert 'hx-trigger="every 1s"' in page
    assert 'max="1664" value="470"' in page


def test_an_import_whose_process_died_is_taken_up_again(office: tuple[Flask, Town], tmp_path: Path) -> None:
    zhang = signed_in(office[0], "zhang")
    before = Household.select().count()
    address = uploaded(zhang, tmp_path, [row("901"), row("902")])
    RegisterImport.update(state="writing", touched=time.time() - register_job.SILENT - 1).execute()
    page = zhang.get(address).get_data(as_text=True)
    assert f'action="{address}/go"' in page
    decided(zhang, address, "go")
    assert (RegisterImport.get().state, Household.select().count()) == ("done", before + 2)


def test_confirming_twice_imports_once(office: tuple[Flask, Town], tmp_path: Path) -> None:
    zhang = signed_in(office[0], "zhang")
    uploaded(zhang, tmp_path, [row("901")])
    job = RegisterImport.get()
    again = RegisterImport.get()
    assert register_job.go(job) is True
    assert register_job.go(again) is False
    finish_all()


def test_a_failure_ends_in_words_and_not_in_silence(
    office: tuple[Flask, Town], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: Any, **named: Any) -> None:
        raise peewee.OperationalError("disk full")

    zhang = signed_in(office[0], "zhang")
    address = uploaded(zhang, tmp_path, [row("901")])
    monkeypatch.setattr(register_job, "import_register", fails)
    decided(zhang, address, "go")
    assert RegisterImport.get().state == "failed"
    assert 'role="alert"' in zhang.get(address).get_data(as_text=True)


def test_yesterdays_forgotten_upload_is_dropped_with_its_file(
    office: tuple[Flask, Town], tmp_path: Path
) -> None:
    zhang, sun = signed_in(office[0], "zhang"), signed_in(office[0], "sun")
    uploaded(zhang, tmp_path, [row("901")])
    RegisterImport.update(touched=time.time() - register_job.KEPT - 1).execute()
    uploaded(sun, tmp_path, [row("901", community="幸福社区")])
    assert [one.account for one in RegisterImport.select()] == [office[1].people["sun"].id]
    assert len(list((tmp_path / "data" / "imports").iterdir())) == 1


def test_the_empty_sheet_can_be_filled_in_and_read(office: tuple[Flask, Town], tmp_path: Path) -> None:
    answer = signed_in(office[0], "zhang").get("/register/template.xlsx")
    (tmp_path / "t.xlsx").write_bytes(answer.data)
    register = open_register(tmp_path / "t.xlsx")
    assert (len(register.columns), register.ignored) == (12, [])
    assert [one.cells["label"] for one in register.rows()] == ["301"]
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert len(book.worksheets[0].data_validations.dataValidation) == 2


@pytest.mark.parametrize("language", ["zh_Hans_CN", "en"])
def test_the_pages_stand_in_both_languages(office: tuple[Flask, Town], tmp_path: Path, language: str) -> None:
    zhang = signed_in(office[0], "zhang")
    address = uploaded(zhang, tmp_path, [row("901", care="独居"), row("902", phone="000-11111111")])
    from fieldapp.people.record import Profile

    Profile.update(locale=language).execute()
    assert ("This would change" in seen(zhang, address)) is (language == "en")
