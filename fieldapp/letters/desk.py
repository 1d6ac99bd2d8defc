"""Desk: the community's letters, the proof that one is untouched, and the texts that are signed from now on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import abort, g, redirect, render_template, request
from flask_babel import gettext
from werkzeug.wrappers import Response as Answer

from fieldapp import sheets
from fieldapp.config import now, utc_offset
from fieldapp.declare.registry import registry
from fieldapp.declare.save import save, stamped
from fieldapp.declare.words import _l
from fieldapp.letters.form import TemplateForm
from fieldapp.letters.record import OFFERED, TOPICS, Letter, LetterTemplate
from fieldapp.letters.verify import find, is_untouched, verify
from fieldapp.people.at_desk import at_desk
from fieldapp.people.record import Member
from fieldapp.places.record import Building
from sync.ids import uuid7

desk = at_desk("letters_desk", "/letters")
registry.add_desk_page("/letters", _l("Letters"), 40)
SHOWN = 500
COLUMNS = (
    _l("Address"),
    _l("Letter"),
    _l("Version"),
    _l("Signed by"),
    _l("Witness"),
    _l("When"),
    _l("Fingerprint"),
)


@desk.get("")
def letters() -> str | Answer:
    """Every letter of the community, the newest first; as a sheet to take away, too."""
    topic, building = request.args.get("topic", ""), request.args.get("building", "")
    found = Letter.select().where(Letter.community == g.me.community, Letter.gone == False)  # noqa: E712
    found = found.where(Letter.topic == topic) if topic else found
    found = found.where(Letter.building == building) if building else found
    found = found.order_by(Letter.device_time.desc(), Letter.id)
    if "as" in request.args:
        columns = [gettext(text) for text in COLUMNS]
        return sheets.answer(request.args["as"], "letters", columns, [_row(one) for one in found])
    buildings = Building.select().where(Building.community == g.me.community)
    return render_template(
        "letters/desk.html",
        letters=list(found.limit(SHOWN)),
        titles=_titles(),
        buildings=[(one.id, one.name) for one in buildings.order_by(Building.number, Building.name)],
        topic=topic,
        building=building,
        offered=OFFERED,
        url=f"/letters?{urlencode({'topic': topic, 'building': building})}",
    )


def _row(one: Letter) -> list[str | int]:
    signed = datetime.fromisoformat(one.device_time) + timedelta(minutes=utc_offset())
    return [one.address, one.title, one.number, one.signer, one.witness, f"{signed:%Y-%m-%d %H:%M}", one.hash]


@desk.get("/<id>/verify")
def verified(id: str) -> str:
    """What was compared, what came of it, and the letter itself."""
    letter, operation = find(id, g.me.community)
    if letter is None and operation is None:
        abort(404)
    findings = verify(letter, operation)
    labels = {
        name.removeprefix("letter."): gettext(text)
        for name, text in registry.words["form.label"].items()
        if name.startswith("letter.")
    }
    author = Member.get_or_none(Member.id == letter.author) if letter else None
    return render_template(
        "letters/verify.html",
        letter=letter,
        operation=operation,
        author=author,
        untouched=is_untouched(findings),
        findings=[(one.state, one.words(labels)) for one in findings],
    )


@desk.get("/texts/<topic>")
def text(topic: str) -> str:
    """The text that is signed now, to be changed, and its versions."""
    newest = next(iter(_versions(topic)), None)
    return _text_page(topic, {"title": newest.title, "text": newest.text} if newest else {}, {})


@desk.post("/texts/<topic>")
def change_text(topic: str) -> Answer | tuple[str, int]:
    """A new version; what was signed keeps its own text."""
    versions = _versions(topic)
    values, errors = TemplateForm(formdata=request.form).check()
    if errors:
        words = {name: [gettext(text) % fill for text, fill in found] for name, found in errors.items()}
        return _text_page(topic, values, words), 422
    moment = now()
    id = str(uuid7(int(moment.timestamp() * 1000)))
    patch = {**values, "topic": topic, "number": (versions[0].number if versions else 0) + 1}
    made: dict[str, Any] = {
        "verb": "create", "kind": LetterTemplate.kind, "record": id, "patch": patch, "base": {}, "base_version": None
    }  # fmt: skip
    save(g.me, stamped([made], moment, id), moment)
    return redirect(f"/letters/texts/{topic}", 303)


def _titles() -> dict[str, str]:
    return {topic: gettext(title) for topic, title in TOPICS}


def _versions(topic: str) -> list[LetterTemplate]:
    if topic not in OFFERED:
        abort(404)
    own = LetterTemplate.select().where(
        LetterTemplate.community == g.me.community, LetterTemplate.topic == topic
    )
    return list(own.order_by(LetterTemplate.seq.desc()))


def _text_page(topic: str, values: dict[str, Any], errors: dict[str, list[str]]) -> str:
    names = {one.id: one.name for one in Member.select().where(Member.community == g.me.community)}
    return render_template(
        "letters/text.html",
        topic=topic,
        values=values,
        errors=errors,
        versions=_versions(topic),
        names=names,
        titles=_titles(),
    )
