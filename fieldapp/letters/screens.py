"""Screens of a letter: which one, the one that a resident reads and signs, and the signed one for ever."""

import fieldapp.letters.texts  # noqa: F401  the texts to begin with
from fieldapp.declare.addition import add
from fieldapp.declare.query import latest, lit, many, one
from fieldapp.declare.screen import create, record_screen, screen
from fieldapp.home_checks.record import Hazard
from fieldapp.letters.form import LetterForm
from fieldapp.letters.record import OFFERED, STAFF, Letter, LetterTemplate
from fieldapp.places.record import Household

screen(
    "/households/<household>/letters",
    "letters/letters.html",
    tab="buildings",
    for_roles=STAFF,
    household=one(Household, "household"),
    letters=many(Letter, household="household", newest_first=True),
    own=latest(LetterTemplate, by="topic"),
)

for topic in OFFERED:
    record_screen(
        f"/households/<household>/letters/{topic}",
        "letters/sign.html",
        LetterForm,
        name=f"letters.{topic}",
        tab="buildings",
        for_roles=STAFF,
        household=one(Household, "household"),
        own=many(LetterTemplate, topic=lit(topic), newest_first=True, limit=1),
        saves=(create(Letter, sets={"address": "household.address", "witness": "me.name"}),),
        then="/letters/{saved}",
        says="household.address ~ ' ' ~ _('Letter')",
    )

screen(
    "/letters/<letter>",
    "letters/show.html",
    tab="buildings",
    for_roles=STAFF,
    letter=one(Letter, "letter"),
)

add(
    "/today",
    "first",
    "letters/_today.html",
    order=60,
    dangers=many(Hazard, grid="me.grids", open=lit(True), severity=lit("serious"), order=("fix_by",)),
    fire_letters=latest(Letter, by="household", grid="me.grids", topic=lit("fire")),
)
add(
    "/households/<household>",
    "timeline",
    "letters/_entry.html",
    letters=many(Letter, household="household", newest_first=True, limit=10),
)
add("/households/<household>", "actions", "letters/_action.html", order=60)
