"""At the desk: what every page of a supervisor asks of who opens it."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, g, redirect, request
from flask_wtf.csrf import validate_csrf
from werkzeug.wrappers import Response as Answer
from wtforms.validators import ValidationError

# Every set of pages made here, so that tests walk them without a list.
made_here: list[Blueprint] = []


def at_desk(name: str, url_prefix: str | None = None, *, token: bool = True) -> Blueprint:
    """Pages for supervisors alone; with `token`, every change must carry the page's own, else their forms see to it."""
    made = Blueprint(name, name, url_prefix=url_prefix)
    made_here.append(made)
    made.before_request(_signed_in)
    if token:
        made.before_request(_from_our_page)
    return made


def _signed_in() -> Answer | None:
    if g.me is None:
        return redirect(f"/sign-in?next={request.path}", 303)
    if g.me.role != "supervisor":
        abort(403)
    return None


def _from_our_page() -> None:
    if request.method != "GET" and current_app.config.get("WTF_CSRF_ENABLED", True):
        try:
            validate_csrf(request.form.get("csrf_token"))
        except ValidationError:
            abort(400)
