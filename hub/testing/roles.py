"""The two parties of every roaming story: a charge point operator and an e-mobility service provider."""

from __future__ import annotations

from typing import Any, ClassVar
from urllib.parse import quote

from hub.testing import samples
from hub.testing.exchange import Exchange, Seen
from hub.testing.party import FakeParty
from hub.testing.results import Ordered
from hub.testing.shelf import Served
from routing.errors import InvalidMessage
from routing.links import response_url_in
from routing.ocpi import Interface, PartyId, Role


class FakeCpo(FakeParty):
    """Has locations, tariffs, sessions and CDRs, takes tokens and commands, and reports their results."""

    usual_role: ClassVar[Role] = Role.CPO

    def __init__(self, *parties: str, **options: Any) -> None:
        super().__init__(*(parties or ("NL*TNM",)), **options)
        self.result = "ACCEPTED"
        """How every command and charging profile ends."""
        self.result_first = False
        """Whether the result is posted before the command is answered."""

    def stock(self) -> None:
        """A location and a tariff of each party."""
        for party in self.parties:
            self.shelf.put("locations", samples.location(self.version.number, party))
            self.shelf.put("tariffs", samples.tariff(self.version.number, party))

    async def respond(self, seen: Seen) -> Served:
        """Commands and charging profiles are accepted, and their results posted; preferences are met."""
        if seen.module not in self.answers:
            if seen.module in ("commands", "chargingprofiles") and seen.interface == Interface.RECEIVER:
                return await self._obey(seen)
            if seen.method == "PUT" and seen.segments[1:] == ("charging_preferences",):
                return Served(data="ACCEPTED")
        return await super().respond(seen)

    async def _obey(self, seen: Seen) -> Served:
        timeout = {} if seen.version == samples.OLD else {"timeout": 30}
        if seen.method == "GET" and "".join(seen.segments) not in self.shelf.own.get("sessions", {}):
            return Served(data={"result": "UNKNOWN_SESSION", **timeout})
        try:
            url = _response_url(seen)
        except (ValueError, InvalidMessage):
            return Served(code=2001, message="response_url is missing")
        if self.result_first:
            await self._report(seen, url)
        else:
            self.afterwards.start(self._report(seen, url))
        return Served(data={"result": "ACCEPTED", **timeout})

    async def _report(self, seen: Seen, url: str) -> Exchange:
        """Post the result to where it is expected (OCPI 2.2.1, commands and charging profiles)."""
        result: dict[str, Any] = {"result": self.result}
        if seen.module == "chargingprofiles" and seen.method == "GET":
            result |= {"profile": {"start_date_time": samples.now(), "charging_profile": samples.charging_profile()}}
        to, from_ = (party if len(party) == len("NL*TNM") else None for party in (seen.sender, seen.receiver))
        return await self.send("POST", seen.module, url=url, to=to, from_=from_, body=result)

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
        return await self.send(
            "POST", "tokens", f"/{quote(uid, safe='')}/authorize", to=to, interface="sender", query=query
        )


class FakeEmsp(FakeParty):
    """Has tokens, answers real-time authorizations, orders commands, and takes what CPOs push."""

    usual_role: ClassVar[Role] = Role.EMSP

    def __init__(self, *parties: str, **options: Any) -> None:
        super().__init__(*(parties or ("DE*ABC",)), **options)

    def stock(self) -> None:
        """A card of each party."""
        for party in self.parties:
            self.shelf.put("tokens", samples.token(self.version.number, party))

    async def respond(self, seen: Seen) -> Served:
        """A card that it issued is allowed; one that it does not know is HTTP 404 with 2004."""
        if seen.module == "tokens" and seen.segments[1:] == ("authorize",) and "tokens" not in self.answers:
            return self._authorize(seen.segments[0], seen.version)
        return await super().respond(seen)

    def _authorize(self, uid: str, version: str) -> Served:
        token = self.shelf.own.get("tokens", {}).get(uid)
        if token is None:
            return Served(404, 2004, message="unknown token")
        known = {} if version == samples.OLD else {"token": token}
        return Served(data={"allowed": "ALLOWED" if token["valid"] else "BLOCKED", **known})

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
        sent = await self.send("POST", "commands", f"/{name}", to=to, body=document)
        return Ordered(sent, response_url, result)

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
        body = {"charging_profile": samples.charging_profile(), "response_url": response_url}
        sent = await self.send("PUT", "chargingprofiles", f"/{session_id}", to=to, body=body)
        return Ordered(sent, response_url, result)

    async def active_profile(self, to: str | None, session_id: str = "SES1", duration_s: int = 900) -> Ordered:
        """Ask what a session will charge for so many seconds."""
        response_url, result = self.expect_result()
        query = {"duration": str(duration_s), "response_url": response_url}
        sent = await self.send("GET", "chargingprofiles", f"/{session_id}", to=to, query=query)
        return Ordered(sent, response_url, result)

    async def clear_profile(self, to: str | None, session_id: str = "SES1") -> Ordered:
        """Order that a session charges without a profile again."""
        response_url, result = self.expect_result()
        query = {"response_url": response_url}
        sent = await self.send("DELETE", "chargingprofiles", f"/{session_id}", to=to, query=query)
        return Ordered(sent, response_url, result)


def owned_path(owner: PartyId, *ids: str) -> str:
    """Where a client-owned object is on the Receiver interface."""
    return "".join(f"/{quote(part, safe='')}" for part in (owner.country_code, owner.party_id, *ids))


def _response_url(seen: Seen) -> str:
    """Raises ValueError where there is none."""
    if seen.method in ("GET", "DELETE"):
        return response_url_in(seen.query)[0]
    document = seen.document
    if not isinstance(document, dict) or not isinstance(document.get("response_url"), str):
        raise ValueError("response_url is missing")
    return str(document["response_url"])
