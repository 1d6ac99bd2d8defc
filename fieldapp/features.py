"""Features: declares every kind of field work by importing the `screens` of each folder that has one."""

import importlib
import importlib.util
import pkgutil

import fieldapp


def declare_all() -> list[str]:
    """Import `fieldapp.<folder>.screens` of every folder, in alphabetical order; returns the folders' names."""
    found = []
    for module in pkgutil.iter_modules(fieldapp.__path__):
        if module.ispkg and importlib.util.find_spec(f"fieldapp.{module.name}.screens"):
            importlib.import_module(f"fieldapp.{module.name}.screens")
            found.append(module.name)
    return found
