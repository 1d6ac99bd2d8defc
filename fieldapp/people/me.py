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
from sync.scope import Me, channels_of


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
    """The channels that records give to this person, such as a round that they help with."""
    for record in registry.records.values():
        if record.grants is None:
            continue
        field, channel = record.grants
        for one in rows.select(record._meta.database, record, field, [account.id]):
            if not one["gone"] and one["community"] == account.community and record.granting(one):
                yield from channels_of((channel,), one)


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
    profile = rows.one(Profile._meta.database, Profile, account.profile)
    community = rows.one(Community._meta.database, Community, account.community)
    return {
        "id": me.id,
        "profile": account.profile,
        "name": account.name,
        "role": me.role,
        "community": me.community,
        "community_name": community["name"] if community else "",
        "grids": list(me.grids),
        "channels": sorted(me.channels),
        "locale": profile["locale"] if profile else DEFAULT_LOCALE,
        "theme": profile["theme"] if profile else "auto",
    }
