"""Whom credentials list, worked out from what changed, against a look at everybody: pictures at random.

OCPI 2.3.0, Credentials, Credentials object: `roles` are all parties that can be reached through the hub.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from hub.roles import Listed, digest_of
from hub.versions import played_roles
from routing.client_info import role_for
from routing.directory import Directory, Platform
from routing.ocpi import Role
from tests.routing.scene import HUB, market
from tests.routing.world import World

STEPS = 80


def listed(there: Directory, viewer: Platform) -> set[tuple[str, str, str]]:
    """Whom a platform's credentials list, by the rule as it is read."""
    return {
        (role_for(viewer, row.role), row.id.country_code, row.id.party_id)
        for row in there.reachable(viewer)
        if not row.is_suspended and row.role is not Role.HUB
    }


def digest(there: Directory, viewer: Platform) -> str:
    rows = listed(there, viewer)
    if viewer.counterpart is not None:
        assert {(row[1], row[2]) for row in rows} <= {(viewer.counterpart.country_code, viewer.counterpart.party_id)}
        if not rows:
            return digest_of({"roles": played_roles(there, viewer, viewer.counterpart)})
    rows = rows or {(Role.OTHER, HUB.country_code, HUB.party_id)}
    keys = "role", "country_code", "party_id"
    return digest_of({"roles": [dict(zip(keys, row, strict=True)) for row in rows]})


@pytest.mark.parametrize("needs_agreement", [False, True])
@pytest.mark.parametrize("seed", range(8))
async def test_what_changed_is_enough_to_know_whom_credentials_list(seed: int, needs_agreement: bool) -> None:
    world, known = World(seed, needs_agreement=needs_agreement), Listed()
    found = set()
    for step in range(STEPS):
        world.change()
        if world.dice.random() < 0.7:  # several changes are told in one batch
            there = world.picture
            for name, viewer in there.platforms.items():
                found.add(digest(there, viewer))
                assert await known.digest(there, viewer) == digest(there, viewer), (step, name)
    assert len(found) > STEPS / 4, "there is something to compare"


async def test_what_nobody_sees_is_not_worked_out_again() -> None:
    before, known = market(), Listed()
    cpo = before.platforms["cpo"]
    first = await known.digest(before, cpo)
    usual = dict(known._usual)
    after = before.changed([replace(before.platforms["emsp"], name="another", token_out="new")], revision=2)
    assert await known.digest(after, cpo) == first
    assert all(known._usual[key] is found for key, found in usual.items())
    gone = after.changed(forgotten=["emsp"], revision=3)
    assert await known.digest(gone, cpo) != first
