"""Me: what the signed-in person may hold and write, worked out on the server from the account alone.  # P21"""

from __future__ import annotations

from typing import Any

from fieldapp.declare.words import DEFAULT_LOCALE
from fieldapp.people.account import Account
from fieldapp.people.record import Profile
from fieldapp.places.record import Community, Grid
from sync.scope import Me


def me_of(account: Account) -> Me:
    """The person as the sync engine knows them: channels and role, never taken from a request."""
    grids = _grids(account)
    channels = {f"user:{account.id}", f"community:{account.community}"}
    for grid in grids:
        channels |= {f"grid:{grid}", f"care:{grid}"}
    return Me(
        id=account.id,
        community=account.community,
        role=account.role,
        channels=frozenset(channels),
        grids=tuple(grids),
    )


def _grids(account: Account) -> list[str]:
    if account.role == "volunteer":
        return []
    of_community = Grid.select(Grid.id).where(Grid.community == account.community, Grid.gone == False)  # noqa: E712
    known = [grid.id for grid in of_community.order_by(Grid.number, Grid.id)]
    return known if account.role == "supervisor" else [grid for grid in known if grid in account.grid_ids()]


def describe(account: Account, me: Me) -> dict[str, Any]:
    """The person as templates see them, on both sides: `ctx.me`."""
    profile = Profile.get_or_none(Profile.id == account.profile)
    community = Community.get_or_none(Community.id == account.community)
    return {
        "id": me.id,
        "profile": account.profile,
        "name": account.name,
        "role": me.role,
        "community": me.community,
        "community_name": community.name if community else "",
        "grids": list(me.grids),
        "channels": sorted(me.channels),
        "locale": profile.locale if profile else DEFAULT_LOCALE,
        "theme": profile.theme if profile else "auto",
    }
