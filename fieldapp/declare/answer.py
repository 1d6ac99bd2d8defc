"""Answer: Flask's answer to a field URL, from the same declarations that the phone answers from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote
from uuid import NAMESPACE_URL, uuid5

import peewee
from flask import Response, current_app, g, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from fieldapp.config import instant, local_day, now, utc_offset
from fieldapp.declare import photo, token
from fieldapp.declare.check import Errors
from fieldapp.declare.expressions import expression
from fieldapp.declare.find import Missing, find, resolve, run_queries
from fieldapp.declare.form import LISTS, NO_PICTURE, FieldForm, describe
from fieldapp.declare.own import own_list
from fieldapp.declare.page_save import Draft, PageSave
from fieldapp.declare.registry import registry
from fieldapp.declare.save import UUID, operations, save
from fieldapp.declare.screen import Screen
from sync.blobs import Unfit
from sync.ids import uuid7

PLACE = re.compile(r"\{([\w.]+)\}")


def wants_fragment() -> bool:
    """htmx asks for the inner part of the screen, except when it restores history."""
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers


def context(url: str, args: Mapping[str, str], moment: datetime) -> dict[str, Any]:
    """`ctx` without a screen's own records: the person, the time, the state of what was saved."""
    text = instant(moment)
    return {
        "me": g.me_view,
        "now": text,
        "today": local_day(moment),
        "end_of_day": end_of_day(moment),
        "locale": g.me_view["locale"],
        "args": dict(args),
        "url": url,
        "status": {
            "waiting": 0,
            "oldest": None,
            "received": text,
            "last": PageSave.last(g.me.id, moment),
            "ready": True,
            "signed_out": False,
            "others": 0,
            "problems": 0,
            "storage": None,
            "operations": [],
            "own": None,
            "clock": 0,
            "lost": None,
            "files": 0,
        },
        "form": None,
        "fresh_id": str(uuid7(int(moment.timestamp() * 1000))),
        "fragment": wants_fragment(),
    }


def end_of_day(moment: datetime) -> str:
    """The instant at which the town's day ends: 23:59:59 local."""
    day = datetime.fromisoformat(local_day(moment) + "T23:59:59+00:00")
    return instant(day - timedelta(minutes=utc_offset()))


def form_view(
    form: type[FieldForm], values: Mapping[str, Any], errors: Mapping[str, list[str]], draft: bool
) -> dict[str, Any]:
    """`ctx.form`: what was typed or stands, what is wrong with it, and the fields in the reader's language."""
    return {
        "name": form.name,
        "values": dict(values),
        "errors": dict(errors),
        "fields": describe(form, gettext),
        "draft": draft,
    }


def form_in_words(form: type[FieldForm], values: Mapping[str, Any], errors: Errors) -> dict[str, Any]:
    """The same where the check's findings are not in words yet, as on pages of the desk."""
    words = {name: [gettext(text) % fill for text, fill in problems] for name, problems in errors.items()}
    return form_view(form, values, words, False)


def answer_screen(
    screen: Screen,
    url: str,
    params: Mapping[str, str],
    method: str = "GET",
    args: Mapping[str, str] | None = None,
) -> AnyResponse:
    """The whole answer: 403 for the role, 404 for a missing record, 422 for a bad form, else the page."""
    moment = now()
    given = (request.args if request else {}) if args is None else args
    args = {name: given.get(name, "") for name in screen.args}
    if screen.for_roles and g.me.role not in screen.for_roles:
        return problem(403, url, moment)
    ctx = context(url, args, moment)
    if "own" in screen.needs:
        ctx["status"]["own"] = own_list(g.me, args.get("page", ""))
    try:
        found = run_queries(screen.queries, g.me, {**ctx, **params}, moment)
    except Missing:
        return problem(404, url, moment)
    ctx.update(found)
    if screen.form is None:
        return page(screen, ctx)
    if method == "POST":
        return _post(screen, screen.form, params, ctx, moment)
    draft = Draft.of(g.me.id, url)
    typed = screen.form(formdata=_multi(draft)) if draft else None
    values = typed.data if typed else initial_values(screen, found)
    ctx["form"] = form_view(screen.form, values, {}, bool(draft))
    return page(screen, ctx)


def initial_values(screen: Screen, found: Mapping[str, Any]) -> dict[str, Any]:
    """What an untouched form shows: nothing, and for patched fields the loaded record's values."""
    assert screen.form is not None
    values: dict[str, Any] = {
        name: [] if spec["type"] in LISTS else None for name, spec in screen.form.specs().items()
    }
    for made in screen.saves:
        if made.verb == "patch" and made.target:
            loaded = found[made.target] or {}
            values.update({name: loaded.get(name) for name in made.fields})
    return values


def _post(
    screen: Screen, form: type[FieldForm], params: Mapping[str, str], ctx: dict[str, Any], moment: datetime
) -> AnyResponse:
    body, torn = _with_photos(form, moment)
    sent = form(formdata=body)
    values, errors = sent.check()
    errors |= {name: [(NO_PICTURE, {})] for name in torn}
    if errors:
        ctx["form"] = form_in_words(form, sent.data, errors)
        return page(screen, ctx, 422)
    scope = {**params, **ctx, "form": {"values": values}}
    if refused := _refusals(screen, form, values, scope):
        ctx["form"] = form_view(form, sent.data, refused, False)
        return page(screen, ctx, 422)
    fresh = request.form.get("fresh_id", "")
    earlier = PageSave.get_or_none(PageSave.group == fresh)
    then = screen.then or ctx["url"]
    if earlier is not None and earlier.account == g.me.id and earlier.url == ctx["url"]:
        return go(fill(then, {**scope, "saved": fresh}))
    # One page may hold many forms: the same fresh id sent to another address is another save.
    group = (
        fresh
        if earlier is None and UUID.fullmatch(fresh)
        else str(uuid5(NAMESPACE_URL, f"{fresh}|{ctx['url']}"))
    )
    goes_to = fill(then, {**scope, "saved": group})
    if PageSave.get_or_none(PageSave.group == group) is not None:
        return go(goes_to)
    says = str(expression(screen.says or "''")(**scope, _=gettext, gettext=gettext))
    made = operations(screen, ctx, values, moment, group)
    if made:
        save(g.me, made, moment)
        PageSave.create(group=group, account=g.me.id, says=says, url=ctx["url"], at=instant(moment))
        Draft.drop(g.me.id, ctx["url"])
    return go(goes_to)


def _refusals(
    screen: Screen, form: type[FieldForm], values: dict[str, Any], scope: dict[str, Any]
) -> dict[str, list[str]]:
    """What stands in the way of a well-formed save: a token that does not hold, or what the screen itself refuses.

    Who a token names comes into `values` and `scope`.
    """
    errors: dict[str, list[str]] = {}
    for name, spec in form.specs().items():
        if spec["type"] != "token" or not values.get(name):
            continue
        kind = spec.get("about")
        key, of = (str(resolve(spec[one], scope) or "") for one in ("key", "of"))
        why = token.wrong(values[name], key, of, scope["now"], bool(kind))
        if kind and not why:
            read = token.read(values[name])
            record = read and find(registry.records[kind], str(read.about), g.me, scope)
            why = None if record else "unknown"
            if record:
                scope[kind], values[kind] = record, record["id"]
        if why:
            errors[name] = [gettext(token.WRONG[why])]
    if not errors:
        for name, source in screen.refuses.items():
            if said := str(expression(source)(**scope, _=gettext, gettext=gettext)):
                errors[name] = [said]
    return errors


def _with_photos(form: type[FieldForm], moment: datetime) -> tuple[Any, list[str]]:
    """The page's texts with the names of the photos that came as files, from a page without a script; what was none."""
    body, torn = _multi(request.form.to_dict(flat=False)), []
    for name, spec in form.specs().items():
        for file in request.files.getlist(name) if spec["type"] == "photos" else ():
            sent = file.read(photo.LIMIT_SENT + 1)
            if len(body.getlist(name)) > spec["max"] or not sent:
                continue
            try:
                body.add(name, photo.keep(database(), g.me, sent, moment))
            except Unfit:
                torn.append(name)
    return body, torn


def fill(pattern: str, scope: Mapping[str, Any]) -> str:
    """`/units/{household.stair_unit}` with the names filled in; only field URLs are ever declared here."""

    def value(match: re.Match[str]) -> str:
        found: Any = scope
        for part in match[1].split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return str(found["id"] if isinstance(found, Mapping) else found or "")

    return PLACE.sub(value, pattern)


def go(url: str) -> AnyResponse:
    """On to another field URL: 303, or for htmx its fragment at once with the address to show."""
    if not wants_fragment():
        return redirect(url, 303)
    g.load_me()
    path, _, query = url.partition("?")
    found = match(path)
    if found is None:
        return redirect(url, 303)
    answer = answer_screen(found[0], path, found[1], args=dict(parse_qsl(query)))
    answer.headers["HX-Push-Url"] = url
    return answer


def match(url: str) -> tuple[Screen, dict[str, str]] | None:
    """The screen that answers a path, with its parameters."""
    parts = url.split("?")[0].strip("/").split("/")
    for screen in registry.screens.values():
        pattern = screen.pattern.strip("/").split("/")
        if len(pattern) != len(parts):
            continue
        params: dict[str, str] = {}
        for wanted, given in zip(pattern, parts, strict=True):
            if wanted.startswith("<"):
                params[wanted[1:-1]] = unquote(given)
            elif wanted != given:
                break
        else:
            return screen, params
    return None


def page(screen: Screen, ctx: dict[str, Any], status: int = 200) -> Response:
    """The screen's template with `ctx`."""
    ctx["tab"] = screen.tab
    return Response(render_template(screen.template, **ctx), status, mimetype="text/html")


def problem(code: int, url: str, moment: datetime) -> Response:
    """403 or 404 in words, as a field page."""
    ctx = {**context(url, {}, moment), "tab": None, "code": code}
    return Response(render_template("errors.html", **ctx), code, mimetype="text/html")


def _multi(body: Mapping[str, list[str]]) -> Any:
    from werkzeug.datastructures import MultiDict

    return MultiDict([(name, text) for name, texts in body.items() for text in texts])


def undo(group: str) -> None:
    """Take back the operations of one save of this person, by operations of their own."""
    from fieldapp.declare.save import retract

    found = PageSave.get_or_none(PageSave.group == group, PageSave.account == g.me.id)
    if found is None or found.undone:
        return
    retract(g.me, group, now())
    PageSave.update(undone=True).where(PageSave.group == group).execute()


def database() -> peewee.Database:
    """The app's database."""
    found: peewee.Database = current_app.extensions["database"]
    return found
