"""Which platforms a node was registering with when it died, over each store."""

from __future__ import annotations

from hub.store import Store, registration, tokens
from hub.store.registry import RoleRow
from routing.directory import Scope
from routing.ocpi import PartyId, Role

NOW = 1_800_000_000.0


async def test_only_a_handshake_whose_time_is_over_was_abandoned(store: Store) -> None:
    kept = {
        "died": [(Scope.REGISTRATION, NOW - 1)],
        "under way": [(Scope.REGISTRATION, NOW + 1)],
        "invited": [(Scope.REGISTRATION, None)],
        "invited after that": [(Scope.REGISTRATION, NOW - 1), (Scope.REGISTRATION, None)],
        "connected": [(Scope.FULL, None), (Scope.FULL, NOW - 1)],
        "without a token": [],
    }
    async with store.write() as connection:
        for number, (name, given) in enumerate(kept.items()):
            role = RoleRow(PartyId("NL", f"{number:03}"), Role.CPO)
            await registration.add_platform(connection, platform_id=name, name=name, roles=[role])
            for token, (scope, expires_at) in enumerate(given):
                await tokens.add(connection, name, f"{name} {token}".encode(), scope, expires_at)
    async with store.read() as connection:
        assert await registration.abandoned(connection, NOW) == [("died", "died")]
        assert sorted(await registration.abandoned(connection, NOW + 2)) == [
            ("died", "died"),
            ("under way", "under way"),
        ]
