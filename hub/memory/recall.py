"""What the bridge asks of memory, in the shape of OCPI 2.2.1 (`routing.bridge.Context`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import Any, Final

from routing.bridge import Context, Untranslatable, parse_json, translate
from routing.crossing import Key, asking
from routing.directory import Directory
from routing.memory import BETWEEN, Fact, Kind, Stored, key_of
from routing.ocpi import VERSIONS, ConnectionStatus, PartyId, party_of

PIVOT: Final = "2.2.1"
MODULES: Final = {"Location": "locations", "Session": "sessions", "Tariff": "tariffs", "Token": "tokens"}
OBJECTS: Final = {module: name for name, module in MODULES.items()}

Find = Callable[[str, str, PartyId, str | None, Collection[PartyId]], Awaitable[Stored | None]]
"""The copy of an object by module, key, owner and kind, that may be seen between these parties."""
OfContract = Callable[[str, Collection[PartyId]], Awaitable[list[Stored]]]
Facts = Callable[[Kind, str], Awaitable[list[Fact]]]


class Recalling:
    """Answers the bridge."""

    def __init__(self, find: Find, of_contract: OfContract, facts: Facts, directory: Callable[[], Directory]) -> None:
        self._find = find
        self._of_contract = of_contract
        self._facts = facts
        self._directory = directory

    async def recall(self, name: str, key: Key, between: Collection[PartyId], *, depth: int = 0) -> Any:
        """An object by its name and key; None where it is not known, or does not go into 2.2.1."""
        match name, key:
            case "Party", (country_code, party_id):
                return {} if self._is_connected(country_code, party_id) else None
            case "TokenOfContract", (contract, location_id):
                return await self._token_of_contract(contract, location_id, between, depth)
            case "AuthorizationReference", (_, _, _, _):
                facts = await self._facts(Kind.AUTHORIZED_AT, key_of(*key))
                return {"authorization_reference": facts[0].value} if len(facts) == 1 else None
            case (("Location" | "Session" | "Tariff" | "Token"), (country_code, party_id, object_id, *kind)):
                owner = party_of(country_code, party_id)
                if owner is None:
                    return None
                wanted = kind[0].casefold() if kind else None
                copy = await self._find(MODULES[name], key_of(object_id), owner, wanted, between)
                return await self._in_221(copy, between, depth) if copy else None
            case _:
                return None

    def _is_connected(self, country_code: str, party_id: str) -> bool:
        directory, party = self._directory(), party_of(country_code, party_id)
        rows = directory.parties.get(party, ()) if party else ()
        return any(directory.platform_of(row).status_of(row) is ConnectionStatus.CONNECTED for row in rows)

    async def _token_of_contract(
        self, contract: str, location_id: str, between: Collection[PartyId], depth: int
    ) -> Any:
        """The one token of a contract, or of several the one that was last seen at this location."""
        found = {(row.owner.folded, row.key, row.kind): row for row in await self._of_contract(contract, between)}
        if len(found) == 1:
            return await self._in_221(next(iter(found.values())), between, depth)
        for fact in await self._facts(Kind.SEEN_AT, key_of(contract, location_id)):
            uid, _, kind = fact.value.partition(BETWEEN)
            row = found.get((fact.owner.folded, key_of(uid), kind.casefold()))
            if row is not None:
                return await self._in_221(row, between, depth)
            if not found:
                owner = fact.owner
                named = {"country_code": owner.country_code, "party_id": owner.party_id}
                return {**named, "uid": uid, "type": kind, "contract_id": contract}
        return None

    async def _in_221(self, copy: Stored, between: Collection[PartyId], depth: int) -> Any:
        """A copy in the shape of 2.2.1; what translating it asks for is looked up, but not what that asks for."""
        document = parse_json(copy.body)
        if copy.version == PIVOT:
            return document
        others = [party for party in between if party != copy.owner]
        context = Context(
            copy.owner,
            datetime.fromtimestamp(copy.arrived_at, UTC),
            counterpart=others[0] if len(others) == 1 else None,
            hub=self._directory().hub,
        )

        async def nested(name: str, key: Key) -> Any:
            return None if depth else await self.recall(name, key, between, depth=depth + 1)

        try:
            value, _ = await asking(
                lambda known: translate(
                    OBJECTS[copy.module], document, source=copy.version, target=PIVOT, context=known
                ),
                context,
                nested,
            )
        except Untranslatable:
            return None
        if copy.module == "tokens" and VERSIONS[copy.version].rank > VERSIONS[PIVOT].rank:
            value["type"] = document.get("type")  # it is restored from here where 2.2.1 has no word for it
        return value
