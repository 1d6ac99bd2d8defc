"""The server: killed in the middle of taking work in, and started again."""

from __future__ import annotations

from tests.browser.doors import LIVED_IN, UNIT, no_answer, received, send, waits, walked_in
from tests.browser.office import Office
from tests.browser.phone import Phone
from tests.proxy import Proxy
from tests.server import Server


def test_the_server_is_killed_while_it_takes_work_in_and_every_visit_arrives_once(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    proxy.mode = "refuse"
    li.go(UNIT)
    for address in LIVED_IN[:10]:
        no_answer(li, address)
    waits(li, 10)
    # A slow link: the push is on its way when the power goes.
    proxy.shape(2_000)
    proxy.mode = "pass"
    seen = proxy.seen("/sync")
    send(li)
    li.until(lambda: proxy.seen("/sync") > seen)
    server.kill()
    proxy.shape(None)
    waits(li, 10)
    server.start()
    send(li)
    received(li)
    assert office.addresses() == sorted(LIVED_IN[:10])
    assert len(office.operations()) == 10


def test_the_server_dies_after_it_took_the_visit_in_and_before_it_said_so(
    li: Phone, proxy: Proxy, server: Server
) -> None:
    office = Office(server)
    walked_in(li)
    lost = proxy.lose_answer()
    no_answer(li, LIVED_IN[0])
    lost.wait()
    server.restart()
    send(li)
    received(li)
    assert office.addresses() == [LIVED_IN[0]]
