"""Words: every text a person reads, marked for gettext where it is declared and translated where it is shown.

Message ids are English. Both catalogs (`fieldapp/words/<locale>/LC_MESSAGES/messages.po`) are complete; a test
holds them to the sources. `_l` only marks: declarations are exported to the phone, which has its own catalogs.
"""

from __future__ import annotations

from collections.abc import Mapping

LOCALES = ("zh_Hans_CN", "en")
DEFAULT_LOCALE = "zh_Hans_CN"


def _l(msgid: str) -> str:
    """Mark `msgid` for extraction; the text is translated when it is shown."""
    return msgid


class Words(dict[str, Mapping[str, str]]):
    """Choice lists by name: `visit.outcome` → code → message id. Read by the `choice` filter on both sides."""

    def declare(self, name: str, choices: Mapping[str, str]) -> None:
        """Add a list under `name`; declaring it twice with other words is an error."""
        if name in self and dict(self[name]) != dict(choices):
            raise ValueError(f"{name} is declared twice with different words")
        self[name] = dict(choices)
