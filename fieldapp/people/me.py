"""Me: what the signed-in person may hold and write, worked out on the server from the account alone.  # P21"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from fieldapp.declare.registry import registry
from fieldapp.declare.words import DEFAULT_LOCALE
from fieldapp.people.account import Account
from fieldapp.people.record import Profile
from fieldapp.places.record import Community
from sync import rows
from sync.scope import Me, channels_of, named


def me_of(account: Account) -> Me:
    """The person as the sync engine knows them: channels and role, never taken from a request."""
    grids, granted = _grids_and_grants(account)
    channels = {f"user:{account.id}", f"community:{account.community}", *granted}
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


def _grids_and_grants(account: Account) -> tuple[list[str], set[str]]:
    """The grids of this person by number, and the channels that records give to them, such as a round that they help with;
    asked at once of all kinds."""
    database = Account._meta.database
    here = f'"community" = {database.param} AND "gone" = {database.param}'  # fields of every record
    arms = [f'SELECT -1, "number", "id" FROM "grid" WHERE {here}']
    parameters: list[Any] = [account.community, False]
    granting: list[tuple[Any, str, str]] = []
    for record in registry.records.values():
        if record.grants is None:
            continue
        of, (field, channel) = rows.table(record), record.grants
        (name,) = named(channel)
        arms.append(
            f"SELECT {len(granting)}, 0, {of.column[name]} FROM {of.name} "
            f"WHERE {here} AND {of.column[field]} = {database.param}"
        )
        parameters += [account.community, False, account.id]
        granting.append((record, name, channel))
    own, all_grids = set(account.grid_ids()), account.role == "supervisor"
    grids: list[tuple[int, str]] = []
    granted: set[str] = set()
    for at, number, value in database.execute_sql(" UNION ALL ".join(arms), parameters).fetchall():
        if at < 0:
            if all_grids or (account.role != "volunteer" and value in own):
                grids.append((number, value))
            continue
        record, name, channel = granting[at]
        if record.granting({name: value}):
            granted |= set(channels_of((channel,), {name: value}))
    return [id for _, id in sorted(grids)], granted


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
