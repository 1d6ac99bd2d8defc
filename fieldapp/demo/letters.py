"""Signed letters of the demo: sent through the real push by invented phones, so that the desk can prove them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import peewee

from fieldapp.config import instant
from fieldapp.declare.beginning import in_first_language
from fieldapp.declare.digest import digests
from fieldapp.declare.kinds import kinds
from fieldapp.demo.review import Phone
from fieldapp.demo.seeded import Seeded
from fieldapp.letters.record import TOPICS, Letter, LetterTemplate
from fieldapp.letters.texts import HISTORIC, TEXTS
from fieldapp.people.account import Account
from fieldapp.places.record import Household
from sync.write import put

DAYS_AGO = (41, 23, 6)
AT = datetime.fromisoformat("2022-11-20T08:12:00+00:00")


def sign_letters(database: peewee.Database, community: str, seeded: Seeded, now: datetime) -> None:
    """A few letters a grid but Li's, where the guest of the demo has the first one signed."""
    texts = {one.topic: one for one in LetterTemplate.select().where(LetterTemplate.community == community)}
    workers = Account.select().where(Account.community == community, Account.role == "grid_worker")
    for worker in workers.where(Account.username != "li").order_by(Account.username):
        phone = Phone(database, worker, seeded, now)
        for days, patch in zip(DAYS_AGO, _letters(worker, texts, seeded), strict=True):
            ago = timedelta(days=days, minutes=seeded.random.randrange(90))
            phone.send(ago, {"verb": "create", "kind": "letter", "patch": patch})


def sign_historic(database: peewee.Database, community: str, seeded: Seeded, now: datetime) -> None:
    """One of the epidemic, in a sister community; it came in before there were phones."""
    worker = Account.get(Account.community == community, Account.role == "grid_worker")
    title, text = (in_first_language(words) for words in (dict(TOPICS)[HISTORIC], TEXTS[HISTORIC]))
    row = {"id": seeded.id(AT), "topic": HISTORIC, "number": 1, "title": title, "text": text}
    put(database, kinds(), community, [("letter_template", row)], now)
    old = _letter(_homes(worker, "owner")[0], LetterTemplate.get_by_id(row["id"]), worker, seeded)
    made = {"id": seeded.id(AT), **old, "author": worker.id, "device_time": instant(AT)}
    put(database, kinds(), community, [("letter", made)], now)


def _letters(worker: Account, texts: dict[str, LetterTemplate], seeded: Seeded) -> Iterator[dict[str, Any]]:
    owners, tenants = _homes(worker, "owner"), _homes(worker, "rented")
    for topic, homes in zip(("fire", "dog", "rental"), (owners, owners, tenants), strict=True):
        yield _letter(seeded.random.choice(homes), texts[topic], worker, seeded)


def _homes(worker: Account, tenure: str) -> list[Household]:
    found = Household.select().where(Household.grid == worker.grid_ids()[0], Household.tenure == tenure)
    return list(found.order_by(Household.address))


def _letter(home: Household, text: LetterTemplate, worker: Account, seeded: Seeded) -> dict[str, Any]:
    made = {
        "household": home.id, "letter_template": text.id, "topic": text.topic, "number": text.number, "title": text.title,
        "text": text.text, "address": home.address, "signer": home.name, "way": "screen",
        "signature": _scribble(len(home.name), seeded.random), "witness": worker.name,
    }  # fmt: skip
    return made | digests(Letter, made)


def _scribble(characters: int, random: Random) -> str:
    """Strokes that look like a name from afar."""
    strokes = []
    for at in range(characters):
        left = 60 + at * 480 // max(characters, 1)
        for _ in range(4):
            x, y = left + random.randrange(60), 50 + random.randrange(80)
            across = random.random() < 0.5
            step = (
                (random.randrange(12, 24), random.randrange(-3, 4))
                if across
                else (random.randrange(-5, 3), 20)
            )
            strokes.append("M" + " ".join(f"{x + step[0] * n} {y + step[1] * n}" for n in range(4)))
    return "".join(strokes)
