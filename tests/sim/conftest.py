"""Options of the simulation: how many histories, from which seed, or for how long."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`pytest tests/sim --minutes 30`."""
    group = parser.getgroup("simulation")
    group.addoption("--histories", type=int, default=None, help="so many histories")
    group.addoption("--seed", type=int, default=None, help="the first seed")
    group.addoption("--minutes", type=float, default=None, help="as many histories as fit into this time")
