"""Screens of what the desk decided: the list, and one decision with the way to answer it."""

from fieldapp.declare.query import lit, many, one
from fieldapp.declare.screen import create, patch, record_screen, screen
from fieldapp.people.record import Member
from fieldapp.places.record import Household
from fieldapp.review.form import ReplyForm
from fieldapp.review.record import TOLD, Decision, Reply

screen(
    "/decisions",
    "review/decisions.html",
    tab="today",
    decisions=many(Decision, worker="me.id", choice=lit(list(TOLD)), newest_first=True, limit=50),
    members=many(Member),
)

record_screen(
    "/decisions/<decision>",
    "review/decision.html",
    ReplyForm,
    tab="today",
    decision=one(Decision, "decision"),
    household=one(Household, "decision.household", optional=True),
    replies=many(Reply, decision="decision", newest_first=True, limit=5),
    members=many(Member),
    saves=(create(Reply), patch(Household, "household", fields=("phone", "tenure", "people"))),
    then="/today",
    says="decision.address ~ ' ' ~ _('Reply')",
)
