"""Replay: one history again, alone, with its whole trace: `python -m tests.sim.replay SEED`."""

from __future__ import annotations

import argparse
import json
import sys

from tests.sim.pair import Pair, report, smaller


def main() -> int:
    """The command."""
    reader = argparse.ArgumentParser(prog="python -m tests.sim.replay", description=__doc__)
    reader.add_argument("seed", type=int)
    reader.add_argument("--phones", type=json.loads, help="at most so many phones")
    reader.add_argument("--off", type=json.loads, help='faults and deeds to leave out, ["crash", "lost"]')
    reader.add_argument("--skip", type=json.loads, help="deeds to leave out, by number, [3, 4]")
    reader.add_argument(
        "--shrink", action="store_true", help="look for a smaller history that goes wrong too"
    )
    given = vars(reader.parse_args())
    seed, shrink = given.pop("seed"), given.pop("shrink")
    options = {name: value for name, value in given.items() if value is not None}
    with Pair() as pair:
        told = pair.live(seed, whole=True, **options)
        if shrink and told["problems"]:
            options, told = smaller(pair, told, tries=300)
    print("\n".join(told["trace"]))
    print(report({**told, "trace": []}, options) if told["problems"] else f"all is well: {told['ended']}")
    print(f"hash {told['hash']}")
    return 1 if told["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
