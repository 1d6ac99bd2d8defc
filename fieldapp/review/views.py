"""Views of the supervisor's own pages; answered by the server only."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, request
from werkzeug.wrappers import Response

from fieldapp.review.received import choices, groups

review = Blueprint("review", __name__)


@review.before_request
def supervisors_only() -> Response | None:
    """Signed in, and as a supervisor."""
    if g.me is None:
        return redirect(f"/sign-in?next={request.path}", 303)
    if g.me.role != "supervisor":
        abort(403)
    return None


@review.get("/received")
def received() -> str:
    """What came in, by worker and building; htmx asks again for the rows alone, so it is live while phones sync."""
    worker, building = request.args.get("worker", ""), request.args.get("building", "")
    rows_only = request.headers.get("HX-Request") == "true"
    template = "review/_rows.html" if rows_only else "review/received.html"
    return render_template(
        template, groups=groups(g.me, worker, building), worker=worker, building=building, **choices(g.me)
    )
