"""The two evaluators side by side: Jinja2 here, and one Node process that runs the compiled JavaScript."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment

from fieldapp.declare.template import compile_all, compile_expression, environment, python_expression

RUNNER = Path(__file__).with_name("evaluate.mjs")
WORDS = {"visit.outcome": {"met": "Met", "no_answer": "No answer", "phone_only": "Phone & door"}}
CATALOGS: dict[str, dict[str, Any]] = {
    "zh_Hans_CN": {
        "Met": "见到",
        "No answer": "无人",
        "Hello %(name)s": "你好，%(name)s",
        "%(num)s door": ["%(num)s 户"],
        "today": "今天",
        "today %(clock)s": "今天 %(clock)s",
        "yesterday": "昨天",
        "tomorrow": "明天",
        "tomorrow %(clock)s": "明天 %(clock)s",
    },
    "en": {"%(num)s door": ["%(num)s door", "%(num)s doors"]},
}
NOW = {"now": "2026-11-23T02:42:05Z", "today": "2026-11-23"}


class Phone:
    """The Node process."""

    def __init__(self) -> None:
        node = shutil.which("node")
        assert node, "node is needed for the parity tests"
        self.process = subprocess.Popen(
            [node, "--no-warnings", str(RUNNER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def ask(self, what: str, **of: Any) -> dict[str, Any]:
        """The answer: {"value": …} or {"error": text}."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"ask": what, "of": of}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def load(self, templates: dict[str, str]) -> None:
        """The templates (compiled), words and catalogs that later questions are about."""
        self.ask("data", templates=templates, catalogs=CATALOGS, words=WORDS, utcOffset=480)

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()


def server(templates: dict[str, str]) -> Environment:
    """Jinja2 with the shared meaning; the language is set by `speak`."""
    env = environment(DictLoader(templates), words=WORDS)
    speak(env, "en")
    return env


def speak(env: Environment, locale: str) -> None:
    """Translate from CATALOGS in `locale`."""
    catalog = CATALOGS[locale]

    def gettext(msgid: str) -> str:
        found = catalog.get(msgid, msgid)
        return found if isinstance(found, str) else found[0]

    def ngettext(one: str, many: str, n: int) -> str:
        forms = catalog.get(one, [one, many])
        return forms[0] if n == 1 else forms[-1]

    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]


def on_server(env: Environment, name: str, ctx: dict[str, Any]) -> dict[str, Any]:
    """What Jinja2 renders, in the shape of the phone's answers."""
    speak(env, ctx.get("locale", "en"))
    try:
        return {"value": env.get_template(name).render(NOW | ctx)}
    except Exception as error:  # any error counts: the phone has to fail too
        return {"error": f"{type(error).__name__}: {error}"}


def on_phone(phone: Phone, name: str, ctx: dict[str, Any]) -> dict[str, Any]:
    """What the compiled JavaScript renders."""
    return phone.ask("render", name=name, ctx=NOW | ctx)


def render_both(
    phone: Phone, templates: dict[str, str], name: str, ctx: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both answers for one template of a small set."""
    env = server(templates)
    phone.load(compile_all(env, [name]))
    return on_server(env, name, ctx), on_phone(phone, name, ctx)


def evaluate_both(phone: Phone, source: str, scope: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both values of one expression."""
    env = server({})
    speak(env, scope.get("locale", "en"))
    phone.load({})
    there = phone.ask("evaluate", source=compile_expression(env, source), scope=NOW | scope)
    try:
        return {"value": python_expression(env, source)(NOW | scope)}, there
    except Exception as error:  # any error counts: the phone has to fail too
        return {"error": f"{type(error).__name__}: {error}"}, there
