"""Views: every field URL in Flask, drafts and undo included; each only hands over to `answer`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from fieldapp.config import now
from fieldapp.declare.answer import answer_screen, go, problem, undo
from fieldapp.declare.page_save import Draft
from fieldapp.declare.registry import registry
from fieldapp.declare.screen import Screen


def field_urls() -> Blueprint:
    """A blueprint with all screens declared so far."""
    fields = Blueprint("fields", __name__)
    for screen in registry.screens.values():
        methods = ["GET", "POST"] if screen.form else ["GET"]
        fields.add_url_rule(screen.pattern, screen.name.replace(".", "_"), _view(screen), methods=methods)
    fields.add_url_rule("/drafts", "drafts", _drafts, methods=["PUT", "DELETE"])
    fields.add_url_rule("/undo", "undo", _undo, methods=["POST"])
    fields.before_request(_signed_in)
    return fields


def _signed_in() -> AnyResponse | None:
    if g.me is not None:
        return None
    if request.headers.get("HX-Request"):
        answer = Response(status=204)
        answer.headers["HX-Redirect"] = "/sign-in"
        return answer
    return redirect(f"/sign-in?next={request.path}", 303)


def _view(screen: Screen) -> Callable[..., AnyResponse]:
    def view(**params: Any) -> AnyResponse:
        return answer_screen(screen, request.path, params, request.method)

    return view


def _drafts() -> AnyResponse:
    """Keep or drop what was typed at a form: `PUT /drafts?for=/households/…/visit`, 204."""
    path = request.args.get("for", "")[:200]
    if request.method == "DELETE":
        Draft.drop(g.me.id, path)
    else:
        Draft.keep(g.me.id, path, {name: request.form.getlist(name) for name in request.form}, now())
    return Response(status=204)


def _undo() -> AnyResponse:
    """Take back one save and show where the person was."""
    undo(request.form.get("group", ""))
    then = request.form.get("then", "/today")
    if not then.startswith("/") or then.startswith("//"):
        return problem(404, "/undo", now())
    return go(then)
