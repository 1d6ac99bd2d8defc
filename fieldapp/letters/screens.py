"""Screens of a letter: which one, the one that a resident reads and signs, and the signed one for ever."""

from fieldapp.declare.addition import add
from fieldapp.declare.query import latest, lit, many, one
from fieldapp.declare.screen import create, record_screen, screen
from fieldapp.declare.task import task
from fieldapp.declare.words import _l
from fieldapp.home_checks.record import Hazard
from fieldapp.letters.form import LetterForm
from fieldapp.letters.record import STAFF, Letter, LetterTemplate
from fieldapp.places.record import Household

screen(
    "/households/<household>/letters",
    "letters/letters.html",
    tab="buildings",
    for_roles=STAFF,
    household=one(Household, "household"),
    letters=many(Letter, household="household", newest_first=True),
    newest=latest(LetterTemplate, by="topic"),
)

# The address names a version: what is half signed stays on the text that was read.
record_screen(
    "/households/<household>/letters/<text>",
    "letters/sign.html",
    LetterForm,
    tab="buildings",
    for_roles=STAFF,
    household=one(Household, "household"),
    text=one(LetterTemplate, "text"),
    saves=(
        create(
            Letter,
            sets={
                "letter_template": "text",
                "topic": "text.topic",
                "number": "text.number",
                "title": "text.title",
                "text": "text.text",
                "address": "household.address",
                "witness": "me.name",
            },
        ),
    ),
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

# A home with a serious hazard that has signed no fire letter since the newest one was found: once, whatever else is there.
task(
    "fire_letters_to_sign",
    _l("Fire letters to sign"),
    many(Hazard, grid="me.grids", open=lit(True), severity=lit("serious"), order=("fix_by",)),
    due="fix_by",
    says="''",
    url="/households/{household}/letters",
    order=60,
    today=60,
    only="entry.household and newest[entry.household] and newest[entry.household].id == entry.id"
    " and not (signed[entry.household] and signed[entry.household].device_time >= entry.device_time)",
    newest=latest(Hazard, by="household", grid="me.grids", open=lit(True), severity=lit("serious")),
    signed=latest(Letter, by="household", grid="me.grids", topic=lit("fire")),
)

add(
    "/households/<household>",
    "timeline",
    "letters/_entry.html",
    letters=many(Letter, household="household", newest_first=True, limit=10),
)
add("/households/<household>", "actions", "letters/_action.html", order=60)
