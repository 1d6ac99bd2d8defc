"""The desk's checklists: a community's own list for homes and for shared parts, written anew as a version, and every earlier one."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from fieldapp.config import now
from fieldapp.declare.answer import form_in_words
from fieldapp.declare.check import Errors
from fieldapp.declare.form import FieldForm
from fieldapp.declare.kinds import kinds
from fieldapp.declare.registry import registry
from fieldapp.declare.words import _l
from fieldapp.home_checks.form import ChecklistForm, SharedChecklistForm
from fieldapp.home_checks.record import Checklist
from fieldapp.people.at_desk import at_desk
from fieldapp.people.record import Member
from sync.write import put

lists = at_desk("checklists_desk", "/checklists")
registry.add_desk_page("/checklists", _l("Checklists"), 13)
FORMS: dict[str, type[FieldForm]] = {"home": ChecklistForm, "shared": SharedChecklistForm}


@lists.get("", defaults={"scope": "home"})
@lists.get("/shared", defaults={"scope": "shared"})
def show(scope: str) -> str:
    """The list that counts now, to be changed, and its versions."""
    newest = next(iter(_versions(scope)), None)
    return _page(scope, {"entries": newest.entries if newest else []}, {})


@lists.post("", defaults={"scope": "home"})
@lists.post("/shared", defaults={"scope": "shared"})
def change(scope: str) -> Answer | tuple[str, int]:
    """A new version, for the checks to come; a check that was made keeps its own."""
    sent = FORMS[scope](formdata=request.form)
    values, errors = sent.check()
    if errors:
        return _page(scope, sent.data, errors), 422
    made = {"scope": scope, "author": g.me.id, **values}
    put(current_app.extensions["database"], kinds(), g.me.community, [("checklist", made)], now())
    return redirect(request.path, 303)


def _versions(scope: str) -> list[Checklist]:
    """All of them, the newest first."""
    found = Checklist.select().where(Checklist.community == g.me.community, Checklist.scope == scope)
    return list(found.order_by(Checklist.seq.desc()))


def _page(scope: str, values: dict[str, Any], errors: Errors) -> str:
    names = {one.id: one.name for one in Member.select().where(Member.community == g.me.community)}
    return render_template(
        "home_checks/checklist.html",
        scope=scope,
        form=form_in_words(FORMS[scope], values, errors),
        versions=_versions(scope),
        names=names,
    )
