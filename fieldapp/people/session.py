"""Session: signing in and out, and who is asking."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Flask, g, redirect, render_template, request, session
from flask_babel import gettext
from flask_login import LoginManager, current_user, login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Length

from fieldapp.config import local_day, now
from fieldapp.declare.words import LOCALES, _l
from fieldapp.limits import limiter
from fieldapp.people.account import Account, sign_in
from fieldapp.people.me import describe, me_of
from sync import rows
from sync.ids import uuid7

people = Blueprint("people", __name__)
login = LoginManager()


class SignInForm(FlaskForm):
    """Name and password; a server-only page, so it carries a CSRF token."""

    username = StringField(_l("User name"), validators=[DataRequired(), Length(max=60)])
    password = PasswordField(_l("Password"), validators=[DataRequired(), Length(max=200)])


@login.user_loader
def _load(id: str) -> Account | None:
    found = rows.one(Account._meta.database, Account, id)
    return Account(**found) if found and found["active"] else None


def load_me() -> None:
    """Put the person into `g`: `g.account`, `g.me` (for sync) and `g.me_view` (for templates); None when signed out."""
    user = current_user._get_current_object()
    g.account = user if user.is_authenticated else None
    g.me = me_of(g.account) if g.account else None
    g.me_view = describe(g.account, g.me) if g.account else None
    if g.account:
        _renew()


def refuse_another() -> Response | None:
    """What one person filled in is not saved under the name of the one who signed in meanwhile: 409, nothing taken.  # P9"""
    author = request.headers.get("Field-Author")
    if g.me is None or not author or author == g.me.id or request.method in ("GET", "HEAD", "OPTIONS"):
        return None
    return Response(status=409)


def _renew() -> None:
    """Thirty days more, once a day; on every answer, one still under way at sign-out would sign the person in again."""
    today = local_day(now())
    if session.get("renewed") != today:
        session["renewed"] = today


def locale() -> str:
    """The person's language; before signing in, what the browser asks for."""
    view = g.get("me_view")
    if view:
        return str(view["locale"])
    return (
        request.accept_languages.best_match(["zh", "zh-CN", "en"], "zh").replace("zh-CN", "zh") == "en"
        and "en"
        or LOCALES[0]
    )


def init_app(app: Flask) -> None:
    """Wire flask-login and the pages."""
    app.config["SESSION_REFRESH_EACH_REQUEST"] = False
    # It would set the cookie anew on any answer, and one still under way at sign-in would sign the person out again.
    login.session_protection = None
    login.init_app(app)
    app.register_blueprint(people)


@people.get("/")
def front_door() -> Response:
    """The bare address is the day's work."""
    return redirect("/today", 303)


@people.route("/sign-in", methods=["GET", "POST"])
@limiter.limit("20 per minute", methods=["POST"])
def sign_in_page() -> str | Response | tuple[str, int]:
    """The sign-in page; after it, on to where the person wanted to go."""
    form = SignInForm()
    error = None
    status = 200
    if form.validate_on_submit():
        account = sign_in(form.username.data or "", form.password.data or "")
        if account:
            session.clear()
            login_user(account)
            session.permanent = True
            session["device"] = str(uuid7())
            session["renewed"] = local_day(now())
            return redirect(_inside(request.args.get("next")), 303)
        error, status = gettext("User name or password is wrong."), 401
    elif form.is_submitted():
        error, status = gettext("Please fill in both fields and try again."), 422
    return render_template("sign_in.html", form=form, error=error), status


@people.post("/sign-out")
def sign_out() -> Response:
    """End the session. What waits on the phone stays there under its author's name."""
    logout_user()
    session.clear()
    return redirect("/sign-in", 303)


def _inside(target: str | None) -> str:
    """Only a path of this site is ever redirected to."""
    parts = urlsplit(target or "")
    safe = (
        parts.path.startswith("/")
        and not parts.path.startswith("//")
        and not parts.netloc
        and not parts.scheme
    )
    return target if target and safe and "\\" not in target else "/today"
