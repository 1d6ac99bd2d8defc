"""Shelves: where the simulated server's database lies, its copies, and how an older copy comes back."""

from __future__ import annotations

import shutil
from abc import ABC, abstractmethod
from pathlib import Path
from urllib.parse import urlsplit

import peewee

from fieldapp.db import open_database, upgrade
from tests.sim import town


def shelf_for(url: str | None, folder: Path) -> Shelf:
    """PostgreSQL at `url`, a database of the private cluster; without it SQLite in `folder`."""
    return PostgresShelf(url, folder) if url else SqliteShelf(folder)


class Shelf(ABC):
    """One database that every history begins anew; copies are numbered."""

    def __init__(self, url: str) -> None:
        self.database = open_database(url)
        self.copies = 0

    def build(self) -> None:
        """The town, once; it is copied for each history."""
        self.database.connect(reuse_if_open=True)
        upgrade(self.database)
        town.build(self.database)
        self.keep("town")

    def begin(self) -> None:
        """The town as it was built."""
        self.copies = 0
        self.put_back("town")

    def backup(self) -> int:
        """Keep the database as it is now; the number of the copy."""
        self.copies += 1
        self.keep(str(self.copies))
        return self.copies

    @abstractmethod
    def keep(self, name: str) -> None:
        """Copy the database to `name`."""

    @abstractmethod
    def put_back(self, name: str) -> None:
        """Put the copy `name` in place of the database."""


class SqliteShelf(Shelf):
    """Files in a folder: WAL and a full fsync as in the field; on a disk of memory the fsync is quick."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "town.db"
        super().__init__(f"sqlite:///{self.file}")

    def keep(self, name: str) -> None:
        """As `fieldapp backup` copies."""
        copy = self.folder / f"{name}.copy"
        copy.unlink(missing_ok=True)
        self.database.connect(reuse_if_open=True)
        self.database.execute_sql("VACUUM INTO ?", (str(copy),))

    def put_back(self, name: str) -> None:
        """As `fieldapp restore` copies."""
        if not self.database.is_closed():
            self.database.close()
        for leftover in (self.file, Path(f"{self.file}-wal"), Path(f"{self.file}-shm")):
            leftover.unlink(missing_ok=True)
        shutil.copyfile(self.folder / f"{name}.copy", self.file)


class PostgresShelf(Shelf):
    """Databases beside each other in one cluster, copied by it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.name = urlsplit(url).path.strip("/")
        super().__init__(url)

    def keep(self, name: str) -> None:
        """A database made from this one as its template."""
        self._copy(self.name, f"{self.name}_{name}")

    def put_back(self, name: str) -> None:
        """This database made anew from the copy."""
        self._copy(f"{self.name}_{name}", self.name)

    def _copy(self, source: str, target: str) -> None:
        import psycopg

        if not self.database.is_closed():
            self.database.close()
        maintenance = self.url.rpartition("/")[0] + "/postgres"
        with psycopg.connect(maintenance, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {target}")
            connection.execute(f"CREATE DATABASE {target} TEMPLATE {source} STRATEGY FILE_COPY")


def reopen(database: peewee.Database) -> None:
    """A connection as a server has that just started."""
    if not database.is_closed():
        database.close()
    database.connect()
