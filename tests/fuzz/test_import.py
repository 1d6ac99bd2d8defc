"""The register's import under fuzzing: harmed sheets and harmed uploads are read or refused in words, quickly."""

from __future__ import annotations

import io
import time
import zipfile
from collections import Counter
from pathlib import Path
from random import Random

import psutil
import pytest

from fieldapp.db import open_database
from fieldapp.places.register import Refused, import_register
from fieldapp.places.register_read import Unreadable
from tests.fuzz.conftest import Budget
from tests.fuzz.mutation import mutated
from tests.fuzz.target import MOST_GROWTH, MOST_SECONDS, Target
from tests.places.registers import CHINESE, HEPING, csv_file, row, xlsx_file
from tests.walker import form_token

ROWS = [
    CHINESE,
    *(row(f"{n}01", floor=str(n), care="独居、低保") for n in range(1, 12)),
    row("3A", name="李, 王"),
]
TYPES = ("text/csv", "application/vnd.ms-excel", "text/html", "")


def harmed_xlsx(random: Random, valid: bytes) -> bytes:
    """Harm to the package, or to one of the parts within it, packed anew."""
    if random.random() < 0.4:
        return mutated(random, valid)
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(valid)) as parts,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        harmed = random.choice(parts.namelist())
        for name in parts.namelist():
            part = parts.read(name)
            packed.writestr(name, mutated(random, part) if name == harmed else part)
    return made.getvalue()


@pytest.mark.parametrize("kind", ["xlsx", "csv", "csv in GB18030"])
def test_a_harmed_sheet_is_read_or_refused(target: Target, budget: Budget, tmp_path: Path, kind: str) -> None:
    """In this process, so that thousands are read; the memory is this process's own."""
    path = tmp_path / "register"
    if kind == "xlsx":
        xlsx_file(path, ROWS, merged=["C2:C6"])
    else:
        csv_file(path, ROWS, "gb18030" if "GB" in kind else "utf-8")
    valid, me = path.read_bytes(), psutil.Process()
    database = open_database(f"sqlite:///{target.server.data / 'fieldapp.db'}")
    ends: Counter[str] = Counter()
    warm = 0
    for one in budget.rounds():
        random = Random(f"{kind} {one}")
        path.write_bytes(harmed_xlsx(random, valid) if kind == "xlsx" else mutated(random, valid))
        began = time.process_time()
        try:
            import_register(path, HEPING, database=database, dry=True)
            ends["read"] += 1
        except (Unreadable, Refused) as refused:
            ends[type(refused).__name__] += 1
        assert time.process_time() - began < MOST_SECONDS, one
        warm = warm or (me.memory_info().rss if ends.total() == 200 else 0)
    database.close()
    grown = me.memory_info().rss - warm if warm else 0
    print(f"\n{kind}: {dict(ends)}, grown {grown >> 20} MiB")
    assert grown < MOST_GROWTH
    assert ends.total() < 20 or len(ends) > 1, "every harm ended alike"


def test_a_harmed_upload_is_taken_or_refused(target: Target, budget: Budget, tmp_path: Path) -> None:
    target.cookies["zhang"], token = form_token(target.server.port, target.cookies["zhang"], "/register")
    xlsx = xlsx_file(tmp_path / "register.xlsx", ROWS).read_bytes()
    csv = csv_file(tmp_path / "register.csv", ROWS).read_bytes()
    for one in budget.rounds():
        random = Random(f"upload {one}")
        content, name = random.choice(((xlsx, "register.xlsx"), (csv, "登记册.csv"), (b"", "")))
        if content and random.random() < 0.5:
            content = harmed_xlsx(random, content) if content is xlsx else mutated(random, content)
        head = f'--edge\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n'
        part = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: {random.choice(TYPES)}\r\n\r\n'
        frame = (head + part).encode()
        if random.random() < 0.5:
            frame = mutated(random, frame)
        body = frame + content + b"\r\n--edge--\r\n"
        status, _ = target.post(
            "/register", body, {"Content-Type": "multipart/form-data; boundary=edge"}, "zhang"
        )
        assert status in (0, 303, 400, 413, 422), status
