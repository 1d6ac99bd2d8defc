"""Me: what the signed-in person may hold and write, worked out on the server from the account alone.  # P21"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from fieldapp.declare.registry import registry
from fieldapp.declare.words import DEFAULT_LOCALE
from fieldapp.people.account import Account
from fieldapp.people.record import Profile
from fieldapp.places.record import Community, Grid
from sync import rows
from sync.scope import Me, channels_of, named


def me_of(account: Account) -> Me:
    """The person as the sync engine knows them: channels and role, never taken from a request."""
    grids = _grids(account)
    channels = {f"user:{account.id}", f"community:{account.community}", *_granted(account)}
    if account.role == "supervisor":
        channels.add(f"desk:{account.community}")
    for grid in grids:
        channels |= {f"grid:{grid}", f"care:{grid}"}
    return Me(
        id=account.id,
        community=account.community,
        role=account.role,
        channels=frozenset(channels),
        grids=tuple(grids),
    )


def at_the_desk(me: Me, workers: Iterable[str]) -> Me:
    """A supervisor who tells workers something: their own channels too, on the desk's pages and nowhere else."""
    return replace(me, channels=me.channels | {f"user:{worker}" for worker in workers})


def _granted(account: Account) -> Iterable[str]:
    """The channels that records give to this person, such as a round that they help with; asked at once of all kinds."""
    arms: list[str] = []
    parameters: list[Any] = []
    granting: list[tuple[Any, str, str]] = []
    database = Account._meta.database
    for record in registry.records.values():
        if record.grants is None:
            continue
        of, (field, channel) = rows.table(record), record.grants
        (name,) = named(channel)
        arms.append(
            f"SELECT {len(granting)}, {of.column[name]} FROM {of.name} WHERE {of.column[field]} = {database.param} "
            f"AND {of.column['community']} = {database.param} AND {of.column['gone']} = {database.param}"
        )
        parameters += [account.id, account.community, False]
        granting.append((record, name, channel))
    for at, value in database.execute_sql(" UNION ALL ".join(arms), parameters).fetchall() if arms else ():
        record, name, channel = granting[at]
        if record.granting({name: value}):
            yield from channels_of((channel,), {name: value})


def _grids(account: Account) -> list[str]:
    if account.role == "volunteer":
        return []
    own = set(account.grid_ids())
    known = [
        grid
        for grid in rows.select(Grid._meta.database, Grid, "community", [account.community])
        if not grid["gone"] and (account.role == "supervisor" or grid["id"] in own)
    ]
    return [grid["id"] for grid in sorted(known, key=lambda grid: (grid["number"], grid["id"]))]


def describe(account: Account, me: Me) -> dict[str, Any]:
    """The person as templates see them, on both sides: `ctx.me`."""
    database, profiles, communities = Account._meta.database, rows.table(Profile), rows.table(Community)
    sql = (
        f'SELECT p."locale", p."theme", c."name" FROM (SELECT 1) AS "one" '
        f'LEFT JOIN {profiles.name} AS p ON p."id" = {database.param} LEFT JOIN {communities.name} AS c ON c."id" = {database.param}'
    )
    locale, theme, name = database.execute_sql(sql, (account.profile, account.community)).fetchone()
    return {
        "id": me.id,
        "profile": account.profile,
        "name": account.name,
        "role": me.role,
        "community": me.community,
        "community_name": name or "",
        "grids": list(me.grids),
        "channels": sorted(me.channels),
        "locale": locale or DEFAULT_LOCALE,
        "theme": theme or "auto",
    }
