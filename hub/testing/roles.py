"""The two parties of every roaming story: a charge point operator and an e-mobility service provider."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, ClassVar

from hub.testing import samples
from hub.testing.exchange import Exchange, Seen
from hub.testing.party import FakeParty
from hub.testing.shelf import Served
from routing.links import response_url_in
from routing.ocpi import PartyId, Role


@dataclass(frozen=True, slots=True)
class Ordered:
    """A command or charging profile that was sent: its answer, and the result that comes later."""

    exchange: Exchange
    _result: asyncio.Future[Any]

    async def result(self, timeout_s: float = 5) -> Any:
        """What was posted to the response_url. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            return await asyncio.shield(self._result)


class FakeCpo(FakeParty):
    """Has locations, tariffs, sessions and CDRs, takes tokens and commands, and reports their results."""

    role: ClassVar[Role] = Role.CPO

    def __init__(self, *parties: str, **options: Any) -> None:
        super().__init__(*(parties or ("NL*TNM",)), **options)
        self.result = "ACCEPTED"
        """How every command and charging profile ends."""
        self.result_first = False
        """Whether the result is posted before the command is answered."""
        for party in self.parties:
            self.shelf.put("locations", samples.location(self.version.number, party))
            self.shelf.put("tariffs", samples.tariff(self.version.number, party))

    def respond(self, seen: Seen) -> Served:
        """Commands and charging profiles are accepted, and their results posted; preferences are met."""
        if seen.module not in self.answers:
            if seen.module in ("commands", "chargingprofiles") and seen.interface == "RECEIVER":
                self.later(self._report(seen))
                timeout = {} if self.version.credentials_are_flat else {"timeout": 30}
                return Served(data={"result": "ACCEPTED", **timeout})
            if seen.path.endswith("/charging_preferences"):
                return Served(data="ACCEPTED")
        return super().respond(seen)

    async def _report(self, seen: Seen) -> None:
        url = _response_url(seen)
        result = {"result": self.result}
        if seen.module == "chargingprofiles" and seen.method == "GET":
            rate = {"charging_rate_unit": "W", "charging_profile_period": [{"start_period": 0, "limit": 11000}]}
            profile = {"start_date_time": samples.now(), "charging_profile": rate}
            await self.send("POST", seen.module, url=url, to=seen.sender, body={**result, "profile": profile})
            return
        await self.send("POST", seen.module, url=url, to=seen.sender, body=result)

    async def push_location(self, to: str | None, location_id: str = "LOC1", **changes: Any) -> Exchange:
        """PUT a location of its first party."""
        owner = self.parties[0]
        document = {**samples.location(self.version.number, owner, location_id), **changes}
        self.shelf.put("locations", document)
        return await self.send("PUT", "locations", owned_path(owner, location_id), to=to, body=document)

    async def push_tariff(self, to: str | None, tariff_id: str = "TAR1") -> Exchange:
        """PUT a tariff of its first party."""
        owner = self.parties[0]
        document = samples.tariff(self.version.number, owner, tariff_id)
        return await self.send("PUT", "tariffs", owned_path(owner, tariff_id), to=to, body=document)

    async def push_session(self, to: str | None, driver: PartyId, status: str = "ACTIVE") -> Exchange:
        """PUT a session of a driver's card."""
        owner = self.parties[0]
        document = samples.session(self.version.number, owner, driver, status=status)
        self.shelf.put("sessions", document)
        return await self.send("PUT", "sessions", owned_path(owner, "SES1"), to=to, body=document)

    async def push_cdr(self, to: str | None, driver: PartyId, cdr_id: str = "CDR1") -> Exchange:
        """POST a CDR."""
        document = samples.cdr(self.version.number, self.parties[0], driver, cdr_id)
        self.shelf.put("cdrs", document)
        return await self.send("POST", "cdrs", to=to, body=document)

    async def authorize(self, to: str | None, uid: str = "012345678", query: str = "type=RFID") -> Exchange:
        """Ask whether a card may charge (real-time authorization)."""
        return await self.send("POST", "tokens", f"/{uid}/authorize", to=to, interface="sender", query=query)


class FakeEmsp(FakeParty):
    """Has tokens, answers real-time authorizations, orders commands, and takes what CPOs push."""

    role: ClassVar[Role] = Role.EMSP

    def __init__(self, *parties: str, **options: Any) -> None:
        super().__init__(*(parties or ("DE*ABC",)), **options)
        for party in self.parties:
            self.shelf.put("tokens", samples.token(self.version.number, party))

    def respond(self, seen: Seen) -> Served:
        """A card that it issued is allowed; one that it does not know is HTTP 404 with 2004."""
        if seen.module == "tokens" and seen.path.endswith("/authorize") and "tokens" not in self.answers:
            uid = seen.path.split("/")[1]
            token = self.shelf.own.get("tokens", {}).get(uid)
            if token is None:
                return Served(404, 2004)
            known = {} if self.version.credentials_are_flat else {"token": token}
            return Served(data={"allowed": "ALLOWED" if token["valid"] else "BLOCKED", **known})
        return super().respond(seen)

    async def push_token(self, to: str | None, uid: str = "012345678") -> Exchange:
        """PUT a token of its first party."""
        owner = self.parties[0]
        document = samples.token(self.version.number, owner, uid)
        self.shelf.put("tokens", document)
        return await self.send("PUT", "tokens", owned_path(owner, uid), to=to, body=document)

    async def command(self, name: str, to: str | None, body: dict[str, Any]) -> Ordered:
        """POST a command with a response_url of its own."""
        response_url, result = self.expect_result()
        document = {"response_url": response_url, **body}
        return Ordered(await self.send("POST", "commands", f"/{name}", to=to, body=document), result)

    async def start_session(self, to: str | None, location_id: str = "LOC1", uid: str = "012345678") -> Ordered:
        """Order a CPO to start a session."""
        token = self.shelf.own["tokens"][uid]
        where = {"location_id": location_id, "evse_uid": f"{location_id}-1"}
        return await self.command("START_SESSION", to, {"token": token, **where})

    async def stop_session(self, to: str | None, session_id: str = "SES1") -> Ordered:
        """Order a CPO to end a session."""
        return await self.command("STOP_SESSION", to, {"session_id": session_id})

    async def set_profile(self, to: str | None, session_id: str = "SES1") -> Ordered:
        """Order a charging profile for a session."""
        response_url, result = self.expect_result()
        profile = {"charging_rate_unit": "W", "charging_profile_period": [{"start_period": 0, "limit": 11000}]}
        body = {"charging_profile": profile, "response_url": response_url}
        return Ordered(await self.send("PUT", "chargingprofiles", f"/{session_id}", to=to, body=body), result)


def owned_path(owner: PartyId, object_id: str) -> str:
    """Where a client-owned object is on the Receiver interface."""
    return f"/{owner.country_code}/{owner.party_id}/{object_id}"


def _response_url(seen: Seen) -> str:
    if seen.body and isinstance(seen.document, dict) and "response_url" in seen.document:
        return str(seen.document["response_url"])
    return response_url_in(seen.query)[0]
