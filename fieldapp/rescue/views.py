"""Views: where a supervisor brings a rescue file; and what the server says where a phone would make one."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, current_app, g, redirect, render_template
from flask_babel import gettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from werkzeug.wrappers import Response
from wtforms import BooleanField

from fieldapp.config import now
from fieldapp.people.at_desk import at_desk
from fieldapp.rescue.bring import bring
from fieldapp.rescue.file import RescueError, read
from fieldapp.rescue.models import RescueBrought
from sync.wire import Busy

rescue = Blueprint("rescue", __name__)
rescued = at_desk("rescued", "/rescued", token=False)
SHOWN = 50


@rescue.get("/rescue/file")
def nothing_waits() -> Response:
    """The phone answers this with its file; where the server is asked, nothing waits: it has taken every save at once."""
    return redirect("/sync" if g.me else "/sign-in", 303)


class RescueForm(FlaskForm):
    """The file; a server-only page, so it carries a CSRF token."""

    file = FileField(validators=[FileRequired()])
    phone_lost = BooleanField()


@rescued.get("")
def rescued_page() -> str:
    """The upload form, and the files that were brought before."""
    return _page(RescueForm())


@rescued.post("")
def upload() -> str | tuple[str, int]:
    """Check the file whole, take in what it holds, and say what became of it."""
    form = RescueForm()
    if not form.validate_on_submit():
        closed = "csrf_token" in form.errors
        words = gettext("The page was open too long. Please try again.") if closed else None
        return _page(form, words or gettext("Choose a file first.")), 422
    try:
        found = read(form.file.data.read())
        database = current_app.extensions["database"]
        done, others = bring(
            database, found, now(), community=g.me.community, by=g.account, phone_lost=form.phone_lost.data
        )
    except RescueError as refused:
        return _page(form, gettext(str(refused))), 422
    except Busy:
        words = gettext("The centre is busy. Please bring the same file again: nothing is counted twice.")
        return _page(form, words), 503
    return _page(RescueForm(), brought=[_said(one) for one in done], others=others)


def _page(form: RescueForm, error: str | None = None, **more: Any) -> str:
    before = RescueBrought.select().where(RescueBrought.community == g.me.community)
    newest = before.order_by(RescueBrought.at.desc(), RescueBrought.id.desc()).limit(SHOWN)
    given = {"brought": [], "others": 0, **more}
    return render_template(
        "rescue/rescued.html", form=form, error=error, before=[_said(one) for one in newest], **given
    )


def _said(one: RescueBrought) -> dict[str, Any]:
    return {
        "at": one.at,
        "author": one.author_name,
        "by": one.brought_name,
        "count": one.last - one.first + 1,
        "known": one.known,
        "photos": one.photos + one.photos_known,
        "photos_refused": one.photos_refused,
        "photos_left": one.photos_left,
        "gap": one.refused == "gap",
        "outcomes": json.loads(one.outcomes),
    }
