"""Views of the supervisor's own pages; answered by the server only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from fieldapp.config import now
from fieldapp.people.at_desk import at_desk
from fieldapp.review import decide
from fieldapp.review.decided import decided
from fieldapp.review.detail import conflicts, detail, returnable
from fieldapp.review.operations import noun, says
from fieldapp.review.phones import phones, revoke
from fieldapp.review.queue import Item, Narrowed, Queue, causes, read, standing
from fieldapp.review.received import choices, groups

review = at_desk("review")


@review.get("/received")
def received() -> str:
    """What came in, by worker and building; htmx asks again for the rows alone, so it is live while phones sync."""
    asked = {name: request.args.get(name, "") for name in ("worker", "building", "before")}
    found, older = groups(g.me, **asked)
    template = "review/_rows.html" if _part() else "review/received.html"
    return render_template(template, groups=found, older=older, **asked, **choices(g.me))


@review.get("/review")
def queue() -> str | Answer:
    """The queue with its first row open; htmx asks for the rows alone, and is answered only when something changed."""
    narrowed = _narrowed()
    token = standing(g.me)
    if _part() and request.args.get("seen") == token:
        return Response(status=204)
    found = read(g.me, now(), narrowed)
    if _part():
        shown = found.find(request.args.get("at_reason", ""), request.args.get("at", ""))
        return render_template("review/_queue.html", **_context(found, narrowed, token, shown))
    return _page(found, narrowed, token, found.open[0] if found.open else None)


@review.get("/review/<reason>/<path:op>")
def show(reason: str, op: str) -> str:
    """One row of the queue, with all that is known about it."""
    narrowed, token = _narrowed(), standing(g.me)
    found = read(g.me, now(), narrowed)
    return _page(found, narrowed, token, found.find(reason, op) or abort(404))


@review.post("/review/<reason>/<path:op>")
def settle(reason: str, op: str) -> Answer | tuple[str, int]:
    """One decision on one row; afterwards the next row, with the way to take it back."""
    narrowed, token = _narrowed(), standing(g.me)
    found = read(g.me, now(), narrowed)
    item = found.find(reason, op) or abort(404)
    try:
        group = _decide(_as_shown(item))
    except decide.Moved:
        return _page(found, narrowed, token, item, problem="moved"), 409
    except decide.Wrong as wrong:
        return _page(found, narrowed, token, item, problem="wrong", wrong=wrong.args[0]), 422
    return redirect(_next(done=group), 303)


@review.post("/review/accept")
def accept_all() -> Answer:
    """Accept what nothing flags, as far as the page showed it."""
    found = read(g.me, now(), _narrowed())
    shown = set(request.form.getlist("op"))
    ops = [one for one in found.plain if one.op in shown]
    return redirect(_next(done=decide.accept(g.me, ops, now()) if ops else ""), 303)


@review.get("/review/decided")
def history(kept: bool = False) -> str:
    """Every decision with its author, newest first; one's own can be taken back. `kept`: the one just tried could not be."""
    before = request.args.get("before", "")
    made, older = decided(g.me, before)
    waiting = len(read(g.me, now()).open)
    return render_template(
        "review/decided.html", decided=made, older=older, before=before, open_count=waiting, kept=kept
    )


@review.post("/review/undo")
def undo() -> Answer:
    """Take back one own decision."""
    try:
        if not decide.undo(g.me, request.form.get("group", ""), now()):
            abort(404)
    except decide.Moved:
        return make_response(history(kept=True), 409)
    return redirect("/review", 303)


@review.get("/phones")
def phones_page() -> str:
    """Each phone, its person, and what it last said of itself."""
    return render_template("review/phones.html", phones=phones(g.me), open_count=len(read(g.me, now()).open))


@review.post("/phones/<id>")
def revoke_phone(id: str) -> Answer:
    """Sign a phone off, or allow it again."""
    if not revoke(g.me, id, request.form.get("revoked") == "1", now()):
        abort(404)
    return redirect("/phones", 303)


def _decide(item: Item) -> str:
    """The decision that the page sent; the group of its save. 400 where this row has no such decision."""
    choice, moment, form = request.form.get("choice", ""), now(), request.form
    field, comment = form.get("field", ""), form.get("comment", "").strip()[:500]
    if item.reason == "returned":
        abort(400)
    if choice == "accept" and item.ops[0].status == "applied":
        return decide.accept(g.me, [one for one in item.ops if one.status == "applied"], moment)
    if choice in ("keep_first", "take_second", "keep_both") and item.reason == "conflict":
        open_fields = {one["name"]: one for one in conflicts(item, g.me)}
        if field in open_fields and (choice != "keep_both" or open_fields[field]["both"]):
            return decide.choose(g.me, item, field, choice, form.get("seen", "null"), moment)
    if choice == "return" and comment and (not field or field in dict(returnable(item))):
        return decide.send_back(g.me, item, field, comment, moment, form.get("worker", ""))
    if item.ops[0].status in ("quarantined", "held", "review") and item.reason != "conflict":
        if choice == "reject" and comment:
            return decide.reject(g.me, item, comment, moment)
        if choice == "replay":
            return _taken(decide.take(g.me, item, moment))
        if choice == "repair":
            patch = decide.repaired_patch(item.ops[0], {name: form.getlist(name) for name in form})
            return _taken(decide.take(g.me, item, moment, patch))
    return str(abort(400))


def _as_shown(item: Item) -> Item:
    """The row as the page showed it: what came in since waits for a decision of its own. Raises Moved where others decided on
    some of it meanwhile."""
    ops = item.until(request.form.get("until", ""))
    if not ops or str(len(ops)) != request.form.get("count"):
        raise decide.Moved
    return replace(item, ops=ops)


def _taken(ended: list[str]) -> str:
    if "applied" not in ended:
        raise decide.Wrong({})
    return ""


def _part() -> bool:
    return request.headers.get("HX-Request") == "true"


def _narrowed() -> Narrowed:
    return Narrowed(*(request.args.get(name, "") for name in ("worker", "building", "kind", "reason")))


def _query(narrowed: Narrowed) -> dict[str, str]:
    return {name: text for name, text in vars(narrowed).items() if text}


def _next(done: str) -> str:
    query = {**_query(_narrowed()), **({"done": done} if done else {})}
    return "/review" + (f"?{urlencode(query)}" if query else "")


def _context(found: Queue, narrowed: Narrowed, token: str, shown: Item | None) -> dict[str, Any]:
    return {
        "queue": found,
        "narrowed": narrowed,
        "query": urlencode(_query(narrowed)),
        "token": token,
        "item": shown,
        "reasons": causes(),
        "kinds": sorted(found.kinds),
        "noun": noun,
        "said": says,
        **choices(g.me),
    }


def _page(found: Queue, narrowed: Narrowed, token: str, shown: Item | None, **more: Any) -> str:
    about = detail(shown, g.me) if shown else None
    context = _context(found, narrowed, token, shown)
    return render_template(
        "review/review.html",
        about=about,
        open_count=len(found.open),
        done=request.args.get("done", ""),
        **context,
        **more,
    )
