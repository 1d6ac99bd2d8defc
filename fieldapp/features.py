"""Features: declares every kind of field work by importing the `screens` of each folder that has one."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator

from flask import Blueprint

import fieldapp
from fieldapp.declare.addition import join
from fieldapp.declare.registry import registry


def desks() -> Iterator[Blueprint]:
    """The supervisor's pages of every folder that has a `desk` module, whose blueprint goes by that name."""
    for module in pkgutil.iter_modules(fieldapp.__path__):
        if module.ispkg and importlib.util.find_spec(f"fieldapp.{module.name}.desk"):
            yield importlib.import_module(f"fieldapp.{module.name}.desk").desk


def declare_all() -> list[str]:
    """Import `fieldapp.<folder>.screens` of every folder, in alphabetical order; returns the folders' names."""
    found = []
    for module in pkgutil.iter_modules(fieldapp.__path__):
        if module.ispkg and importlib.util.find_spec(f"fieldapp.{module.name}.screens"):
            importlib.import_module(f"fieldapp.{module.name}.screens")
            found.append(module.name)
    join()
    registry.add_words(
        "record.noun", {kind: record.noun for kind, record in registry.records.items() if record.channels()}
    )
    registry.add_words("form.label", _labels())
    return found


def _labels() -> dict[str, str]:
    """What forms call the fields of records: `household.phone` → label."""
    found: dict[str, str] = {}
    for screen in registry.screens.values():
        for save in screen.saves:
            for name, spec in screen.form.specs().items() if screen.form else ():
                if name in save.record._meta.fields:
                    found.setdefault(f"{save.record.kind}.{name}", spec["label"])
    for kind, record in registry.records.items():
        found |= {f"{kind}.{name}": record._meta.fields[name].label for name in record.digests()}
    return found
