"""Letters of the demo: signed through the real push, each proven untouched, the same each time; one of the epidemic."""

from __future__ import annotations

from pathlib import Path

from fieldapp.letters.record import Letter
from fieldapp.letters.verify import find, is_untouched, verify
from fieldapp.places.record import Community
from tests.demo.test_demo import NOW, built


def test_every_letter_of_the_demo_is_proven_and_the_historic_one_has_nothing_to_compare(
    tmp_path: Path,
) -> None:
    database = built(tmp_path / "demo.db", NOW)
    main = Community.get(Community.name == "和平社区").id
    letters = list(Letter.select().order_by(Letter.device_time))
    assert len([one for one in letters if one.community == main]) == 9
    for one in letters:
        findings = verify(*find(one.id))
        assert is_untouched(findings), (one.address, findings)
        pushed = next(finding for finding in findings if finding.of == "received")
        assert pushed.state == ("unknown" if one.topic == "epidemic" else "untouched")
    assert {one.topic for one in letters} == {"fire", "dog", "rental", "epidemic"}
    assert letters[0].topic == "epidemic" and letters[0].device_time.startswith("2022-")
    database.close()
