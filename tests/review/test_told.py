"""Told: what the desk returned or did not take, as its worker reads it at the record itself, on the phone and off it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from fieldapp.people.account import Account
from fieldapp.people.me import describe, me_of
from fieldapp.phone import static_folder
from sync.ids import uuid7
from tests.cast import NOW, named
from tests.parity.phone_process import PhoneProcess
from tests.review.desk import Desk

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DOOR, OTHER = "3-1-601", "3-1-602"
RETURNED, REJECTED = "退回给您", "审核人未采纳"


@pytest.fixture
def li(desk: Desk) -> Iterator[PhoneProcess]:
    """Li's phone with everything for the day on it."""
    made = PhoneProcess(static_folder() / "build" / "data.js", desk.browser("li"))
    with desk.app.app_context():
        account = Account.get_by_id(desk.town.people["li"].id)
        me = describe(account, me_of(account))
    made.tell("open", user=me["id"], me=me, now=int(NOW.timestamp() * 1000))
    exchange(made)
    yield made
    made.close()


def exchange(phone: PhoneProcess) -> None:
    assert phone.tell("exchange")["outcome"]["code"] == "done"


def visit(phone: PhoneProcess, desk: Desk, address: str, /, **fields: str) -> None:
    form = urlencode({"fresh_id": str(uuid7()), **fields})
    path = f"/households/{desk.town.households[address]}/visit"
    assert phone.tell("ask", path=path, method="POST", body=form, headers=FORM)["status"] == 303


def states(page: str) -> list[str]:
    """The states that a page names, in order; the time of a receipt left out."""
    return re.findall(r'<span class="state (\w+)">', page)


def test_li_reads_at_the_visit_on_the_board_and_in_the_list_what_came_back_and_what_was_not_taken(
    desk: Desk, li: PhoneProcess
) -> None:
    def read(path: str) -> str:
        """The page on the phone; at the centre it says the same of every record."""
        here = str(li.tell("ask", path=path)["html"])
        assert states(here) == states(desk.read(path, "li"))
        return here

    facts = {"outcome": "met", "phone": "000-1399 0001", "tenure": "owner", "people": "4"}
    visit(li, desk, DOOR, phrases="hazard", **facts)
    visit(li, desk, OTHER, outcome="no_answer")
    exchange(li)
    home = f"/households/{desk.town.households[DOOR]}"
    board = f"/units/{named('unit 3-1')}"
    assert "returned" not in states(read(home))
    (row,) = [one for one in desk.rows() if "hazard" in one]
    group = desk.decide(row, choice="return", field="note", comment="是什么隐患？")
    exchange(li)
    assert states(read(home)).count("returned") == 1
    assert "是什么隐患？" in read(home) and RETURNED in read(home)
    assert states(read(board)).count("returned") == 1
    assert states(read("/mine")).count("returned") == 1
    assert "是什么隐患？" in read("/mine")
    desk.post("/review/undo", group=group)
    exchange(li)
    assert "returned" not in states(read(home)) + states(read(board)) + states(read("/mine"))


def test_li_reads_why_a_visit_was_not_taken_also_after_having_said_read(desk: Desk, li: PhoneProcess) -> None:
    account = Account.get_by_id(desk.town.people["li"].id)
    Account.update(role="volunteer").where(Account.id == account.id).execute()
    visit(li, desk, DOOR, outcome="no_answer")
    exchange(li)
    Account.update(role="grid_worker").where(Account.id == account.id).execute()
    (row,) = desk.rows()
    desk.decide(row, choice="reject", comment="这一条重复了")
    exchange(li)
    for _ in range(2):
        page = str(li.tell("ask", path="/mine")["html"])
        assert states(page) == states(desk.read("/mine", "li"))
        assert states(page)[-1] == "rejected"
        assert "这一条重复了" in page and REJECTED in page
        (decision,) = set(re.findall(r"/decisions/[0-9a-f-]+", page))
        form = urlencode({"returned": "read", "fresh_id": str(uuid7())})
        li.tell("ask", path=decision, method="POST", body=form, headers=FORM)
        exchange(li)
