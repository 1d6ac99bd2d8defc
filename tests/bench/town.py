"""Town: the demo community, or one in which a single worker has ten thousand doors, built in a process of its own.

python -m tests.bench.town large
"""

from __future__ import annotations

import dataclasses
import sys

from fieldapp import config
from fieldapp.cli import main as command
from fieldapp.demo import build
from fieldapp.demo.town import SISTERS

# 76 buildings × 6 stair units × 11 floors × 2 doors.
DOORS = 76 * 6 * 11 * 2
WORKER = "sun"


def build_large() -> None:
    """The first sister community, grown: one grid, 10,032 doors, a year of visits."""
    grown = dataclasses.replace(
        SISTERS[0],
        grids={"一网格": tuple(range(1, 77))},
        high=(11, 6, 2),
        high_from=1,
        rented=2_500,
        vacant=1_000,
        care=((("独居",), 480),),
    )
    command(["migrate"])
    build.build(config.now(), plans=(grown,))


if __name__ == "__main__":
    build_large() if sys.argv[1:] == ["large"] else command(["demo"])
