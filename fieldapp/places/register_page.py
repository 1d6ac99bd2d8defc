"""Register, page: a supervisor uploads the register, sees what would change, and confirms; answered by the server only."""

from __future__ import annotations

import io
import json
from typing import Any

from flask import Response, abort, g, redirect, render_template, request, send_file
from flask_babel import gettext
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, FileRequired
from werkzeug.wrappers import Response as Answer

from fieldapp.declare.registry import registry
from fieldapp.people.at_desk import at_desk
from fieldapp.places import register_job as jobs
from fieldapp.places.register_columns import WORDS
from fieldapp.places.register_models import RegisterImport
from fieldapp.places.register_sheet import write_template

register = at_desk("register", "/register", token=False)
PAGE = 500  # bad rows shown at once
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHOICES = {"tenure": "household.tenure", "care": "care_person.tags"}


class UploadForm(FlaskForm):
    """The file; a server-only page, so it carries a CSRF token."""

    file = FileField(validators=[FileRequired()])


class DecideForm(FlaskForm):
    """Nothing but the token."""


@register.get("")
def upload_page() -> str | Answer:
    """The upload form, or the import that is under way."""
    job = jobs.current(g.me.community)
    return (
        redirect(f"/register/{job.id}", 303)
        if job
        else render_template("register/upload.html", form=UploadForm(), error=None)
    )


@register.post("")
def upload() -> str | Answer | tuple[str, int]:
    """Take the file and start checking it."""
    form = UploadForm()
    if not form.validate_on_submit():
        missing = "csrf_token" not in form.errors
        error = (
            gettext("Choose a file first.")
            if missing
            else gettext("The page was open too long. Please try again.")
        )
        return render_template("register/upload.html", form=form, error=error), 422
    job = jobs.current(g.me.community)
    if job is not None and job.state in jobs.AT_WORK and not jobs.silent(job):
        return redirect(f"/register/{job.id}", 303)
    job = jobs.begin(g.me.community, g.me.id, form.file.data.filename or "", form.file.data.save)
    return redirect(f"/register/{job.id}", 303)


@register.get("/template.xlsx")
def template() -> Response:
    """An empty register sheet."""
    made = io.BytesIO()
    write_template(made)
    made.seek(0)
    return send_file(made, mimetype=XLSX, as_attachment=True, download_name="register.xlsx")


@register.get("/<job_id>")
def show(job_id: str) -> str:
    """How far it is, what would change, what is wrong; htmx asks for the part alone while work goes on."""
    job = _mine(job_id)
    part = request.headers.get("HX-Request") == "true"
    template = "register/_state.html" if part else "register/show.html"
    page = max(request.args.get("page", 1, type=int), 1)
    summary = json.loads(job.summary)
    return render_template(
        template,
        job=job,
        silent=jobs.silent(job),
        form=DecideForm(),
        step=gettext(job.step) if job.step else "",
        summary=summary,
        refusal=_translated(summary["unreadable"], summary["detail"]) if "unreadable" in summary else "",
        problems=[_problem(one) for one in summary.get("problems", [])[(page - 1) * PAGE : page * PAGE]],
        page=page,
        pages=-(-len(summary.get("problems", [])) // PAGE),
        updated=[_change(one) for one in summary.get("updated", [])],
        kept=[_change(one) for one in summary.get("kept", [])],
    )


@register.post("/<job_id>/go")
def go(job_id: str) -> Answer:
    """Confirm what was previewed, or take up an import whose process is gone."""
    job = _decided(job_id)
    jobs.go(job)
    return redirect(f"/register/{job.id}", 303)


@register.post("/<job_id>/discard")
def discard(job_id: str) -> Answer:
    """Leave everything as it is and drop the file."""
    job = _decided(job_id)
    if job.state not in jobs.AT_WORK or jobs.silent(job):
        jobs.upload(job.id).unlink(missing_ok=True)
        job.delete_instance()
    return redirect("/register", 303)


def _mine(job_id: str) -> RegisterImport:
    job = RegisterImport.get_or_none(RegisterImport.id == job_id, RegisterImport.community == g.me.community)
    return job or abort(404)


def _decided(job_id: str) -> RegisterImport:
    job = _mine(job_id)
    if not DecideForm().validate_on_submit():
        abort(400)
    return job


def _translated(reason: str, detail: dict[str, Any]) -> str:
    if isinstance(detail.get("columns"), list):
        detail = detail | {"columns": ", ".join(gettext(WORDS[column]) for column in detail["columns"])}
    text = gettext(reason)
    return text % detail if detail else text


def _problem(one: dict[str, Any]) -> dict[str, Any]:
    return one | {"why": _translated(one["reason"], one["detail"])}


def _change(one: dict[str, Any]) -> dict[str, Any]:
    fields = [
        (gettext(WORDS[name]), _shown(name, old), _shown(name, new))
        for name, (old, new) in one["fields"].items()
    ]
    return {"address": one["address"], "fields": fields}


def _shown(column: str, value: Any) -> str:
    words = registry.words.get(CHOICES.get(column, ""), {})
    values = value if isinstance(value, list) else [value]
    return ", ".join(gettext(words[one]) if one in words else str(one) for one in values) or "—"
