"""Saves: what an emptied field means, the same on the phone and on the server's own pages."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlencode

import pytest

from fieldapp.places.record import Household
from sync.ids import uuid7
from sync.store import Operation
from tests.cast import NOW, named
from tests.rescue.test_rescue import Centre

HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def centre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Centre:
    monkeypatch.setenv("FIELDAPP_DATA", str(tmp_path))
    monkeypatch.setenv("FIELDAPP_NOW", NOW.isoformat())
    monkeypatch.setenv("FIELDAPP_RATE_LIMITS", "off")
    return Centre(tmp_path, f"sqlite:///{tmp_path / 'fieldapp.db'}")


@pytest.mark.parametrize("where", ["phone", "browser"])
def test_li_empties_the_number_of_people_and_the_household_has_none(centre: Centre, where: str) -> None:
    home = centre.town.households["3-1-601"]
    Household.update(people=3).where(Household.id == home).execute()
    form = {"outcome": "met", "fresh_id": str(uuid7()), "tenure": "owner", "people": "", "phone": "000-1"}
    path = f"/households/{home}/visit"
    if where == "phone":
        phone = centre.phone("li")
        answer = phone.tell("ask", path=path, method="POST", body=urlencode(form), headers=HEADERS)
        assert answer["status"] == 303
        assert phone.tell("exchange")["outcome"]["code"] == "done"
    else:
        assert centre.browser("li").post(path, data=form).status_code == 303
    assert Household.get_by_id(home).people == 0
    assert {one.status for one in Operation.select()} == {"applied"}


@pytest.mark.parametrize("where", ["phone", "browser"])
def test_what_li_filled_in_is_not_saved_under_the_name_of_zhang_who_signed_in_meanwhile(
    centre: Centre, where: str
) -> None:
    home = centre.town.households["3-1-601"]
    form = {"outcome": "met", "fresh_id": str(uuid7()), "note": "李写的"}
    path = f"/households/{home}/visit"
    asked = (("POST", path), ("PUT", f"/drafts?for={path}"), ("PUT", f"/photos?for={path}&field=photos"))
    phone, browser = centre.phone("zhang"), centre.browser("zhang")
    for author, expected in (("account li", [409, 409, 409]), ("account zhang", [303, 204])):
        headers = {**HEADERS, "Field-Author": named(author)}
        if where == "phone":
            said = [
                phone.tell("ask", path=url, method=method, body=urlencode(form), headers=headers)["status"]
                for method, url in asked[: len(expected)]
            ]
            assert phone.tell("exchange")["outcome"]["code"] == "done"
        else:
            said = [
                browser.open(url, method=method, data=form, headers=headers).status_code
                for method, url in asked[: len(expected)]
            ]
        assert said == expected
        assert Operation.select().exists() == (expected[0] == 303)
