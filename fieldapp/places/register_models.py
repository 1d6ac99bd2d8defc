"""Register tables that are no records: what the last import said of each household, and imports under way in the browser."""

from __future__ import annotations

import json
from typing import Any

import peewee


class RegisterValue(peewee.Model):
    """What the last import said of a household: tells a worker's later word from the register's own change."""

    household = peewee.CharField(max_length=36, primary_key=True)
    community = peewee.CharField(max_length=36, index=True)
    said = peewee.TextField()  # JSON: column → value

    class Meta:
        legacy_table_names = False

    @classmethod
    def keep(cls, community: str, said: dict[str, dict[str, Any]]) -> None:
        """Store what an import says: household id → column → value."""
        rows = [
            (household, community, json.dumps(values, ensure_ascii=False))
            for household, values in said.items()
        ]
        database = cls._meta.database
        one = f"({database.param}, {database.param}, {database.param})"
        for at in range(0, len(rows), 1_000):
            part = rows[at : at + 1_000]
            # Plain SQL: building the statement would cost the ORM more than the database needs to run it.
            database.execute_sql(
                f"INSERT INTO {cls._meta.table_name} (household, community, said) VALUES "
                + ", ".join([one] * len(part))
                + " ON CONFLICT (household) DO UPDATE SET said = EXCLUDED.said",
                [value for row in part for value in row],
            )

    @classmethod
    def of(cls, households: list[str]) -> dict[str, dict[str, Any]]:
        """What the last import said: household id → column → value."""
        found: Any = cls.select(cls.household, cls.said).where(cls.household.in_(households)).tuples()
        return {household: json.loads(said) for household, said in found}


class RegisterImport(peewee.Model):
    """An import in the browser, from upload to done; any server process can answer how far it is."""

    id = peewee.CharField(max_length=36, primary_key=True)
    community = peewee.CharField(max_length=36, index=True)
    account = peewee.CharField(max_length=36)
    file_name = peewee.CharField(max_length=200)
    # checking → refused | ready → writing → done; failed from checking or writing
    state = peewee.CharField(max_length=20)
    step = peewee.CharField(max_length=40, default="")  # message id of what is being done
    done = peewee.IntegerField(default=0)
    total = peewee.IntegerField(default=0)
    summary = peewee.TextField(default="{}")  # JSON
    started = peewee.CharField(max_length=24)
    touched = peewee.DoubleField(default=0)  # wall clock, seconds: an import whose process died falls silent

    class Meta:
        legacy_table_names = False


REGISTER_MODELS: list[type[peewee.Model]] = [RegisterValue, RegisterImport]
