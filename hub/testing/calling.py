"""What a fake party puts into the headers of what it sends: its token, ids, and who speaks to whom."""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from hub.testing.exchange import Seen
from routing.ocpi import CORRELATION_ID, REQUEST_ID, PartyId

if TYPE_CHECKING:
    from hub.testing.party import FakeParty


def authorization(party: FakeParty, token: str, module: str) -> dict[str, str]:
    """The Authorization header with this token, in Base64 or as it is."""
    secret = "never-agreed" if party.mischief.strikes("wrong-token", module) else token
    if party.encodes_token and not party.mischief.strikes("raw-token", module):
        secret = base64.b64encode(secret.encode()).decode()
    return {"Authorization": f"Token {secret}"}


def message_ids(party: FakeParty) -> dict[str, str]:
    """X-Request-ID and X-Correlation-ID, which 2.1.1 does not have."""
    if not party.version.has_routing_headers:
        return {}
    return {REQUEST_ID: str(uuid.uuid4()), CORRELATION_ID: str(uuid.uuid4())}


def routing_headers(party: FakeParty, module: str, to: str | None, from_: str | None) -> dict[str, str]:
    """OCPI-to and OCPI-from of the parties that are given, written NL*TNM."""
    if not party.version.has_routing_headers or party.mischief.strikes("no-routing-headers", module):
        return {}
    headers = {}
    for direction, named in (("to", to), ("from", from_)):
        if named:
            id = PartyId.parse(named)
            headers[f"OCPI-{direction}-country-code"] = id.country_code
            headers[f"OCPI-{direction}-party-id"] = id.party_id
    return headers


def answer_headers(party: FakeParty, seen: Seen) -> dict[str, str | None]:
    """The ids of the request, and its routing headers the other way round (OCPI 2.2.1, transport and format).

    Configuration modules are not routed: they have the ids only.
    """
    headers = {name: seen.headers.get(name) for name in (REQUEST_ID, CORRELATION_ID)}
    if seen.interface and not party.mischief.strikes("no-routing-headers", seen.module):
        for there, back in (("to", "from"), ("from", "to")):
            for part in ("country-code", "party-id"):
                headers[f"OCPI-{back}-{part}"] = seen.headers.get(f"OCPI-{there}-{part}")
    return headers


def spelled(party: FakeParty, module: str, headers: Mapping[str, str | None]) -> dict[str, str]:
    """The headers without those that are None, in lower case where the party is told to."""
    is_lower = party.mischief.strikes("lowercase-headers", module)
    return {name.lower() if is_lower else name: value for name, value in headers.items() if value is not None}
