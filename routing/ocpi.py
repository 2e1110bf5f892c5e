"""OCPI's own words: parties, roles, interfaces, header names, and the table of versions.

A version is a row: code asks a row's field (`version.has_routing_headers`), never the number.
The table of modules and their operations is in `routing.catalogue`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

AUTHORIZATION: Final = "Authorization"
REQUEST_ID: Final = "X-Request-ID"
CORRELATION_ID: Final = "X-Correlation-ID"
TO_COUNTRY_CODE: Final = "OCPI-to-country-code"
TO_PARTY_ID: Final = "OCPI-to-party-id"
FROM_COUNTRY_CODE: Final = "OCPI-from-country-code"
FROM_PARTY_ID: Final = "OCPI-from-party-id"
TOTAL_COUNT: Final = "X-Total-Count"
LIMIT: Final = "X-Limit"

SUCCESS: Final = 1000


class Interface(StrEnum):
    """The two sides of a module. The Sender owns the data (or issues the order); the Receiver gets it pushed."""

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"


class Role(StrEnum):
    """What a party is in the market (OCPI 2.2.1 and 2.3.0, types, Role; PTP from the Payments module)."""

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"
    PTP = "PTP"


class ConnectionStatus(StrEnum):
    """How a party is connected to the hub (OCPI 2.2.1, HubClientInfo, ConnectionStatus)."""

    PLANNED = "PLANNED"
    CONNECTED = "CONNECTED"
    OFFLINE = "OFFLINE"
    SUSPENDED = "SUSPENDED"


@dataclass(frozen=True, slots=True, eq=False)
class PartyId:
    """A party's country code and party id, compared without case, shown as it was registered (CiString)."""

    country_code: str
    party_id: str
    folded: str = field(init=False, repr=False)
    text: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.country_code) != 2 or len(self.party_id) != 3:
            raise ValueError(f"a party is 2 + 3 characters, like NL*TNM, not {self.country_code!r} {self.party_id!r}")
        if not (self.country_code + self.party_id).isascii() or not (self.country_code + self.party_id).isalnum():
            raise ValueError(f"a party id has letters and digits only, not {self.country_code!r} {self.party_id!r}")
        object.__setattr__(self, "folded", (self.country_code + self.party_id).upper())
        object.__setattr__(self, "text", f"{self.country_code}*{self.party_id}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PartyId) and self.folded == other.folded

    def __hash__(self) -> int:
        return hash(self.folded)

    def __str__(self) -> str:
        return self.text

    @classmethod
    def parse(cls, text: str) -> PartyId:
        """Read `NL*TNM`, `NL-TNM` or `NLTNM`. Raises ValueError for anything else."""
        bare = text.strip()
        if len(bare) == 6 and bare[2] in "*-":
            bare = bare[:2] + bare[3:]
        if len(bare) != 5:
            raise ValueError(f"a party is written like NL*TNM, not {text!r}")
        return cls(bare[:2], bare[2:])


@lru_cache(maxsize=16_384)
def party_named(country_code: str, party_id: str) -> PartyId:
    """The party of these two texts: the same few parties are named in every request. Raises ValueError."""
    return PartyId(country_code, party_id)


def party_of(country_code: object, party_id: object) -> PartyId | None:
    """The party of these two, whatever somebody sent; None where they name none."""
    if not isinstance(country_code, str) or not isinstance(party_id, str):
        return None
    try:
        return party_named(country_code, party_id)
    except ValueError:
        return None


def party_in(names: object) -> PartyId | None:
    """The party that an object or a path names by country_code and party_id; None where it names none."""
    return party_of(names.get("country_code"), names.get("party_id")) if isinstance(names, Mapping) else None


@dataclass(frozen=True, slots=True)
class Version:
    """One OCPI version and what is particular about it."""

    number: str
    rank: int
    """Order of the versions: the newest mutual version is the one with the highest rank."""
    has_routing_headers: bool
    """Whether requests carry OCPI-to-* and OCPI-from-*."""
    encodes_token: bool
    """Whether the token in the Authorization header is Base64."""
    endpoints_have_role: bool
    """Whether version details say SENDER or RECEIVER for each endpoint."""
    credentials_are_flat: bool
    """Whether credentials describe exactly one party, without `roles`."""
    hub_is_a_role: bool
    """Whether a hub introduces itself as a role HUB, and lists no other party (2.2.1)."""
    has_hub_party_id: bool
    """Whether a hub introduces itself by `hub_party_id`, and lists the parties it reaches as roles (2.3.0)."""

    def __str__(self) -> str:
        return self.number


VERSIONS: Final[Mapping[str, Version]] = MappingProxyType(
    {
        version.number: version
        for version in (
            Version(
                number="2.1.1",
                rank=1,
                has_routing_headers=False,
                encodes_token=False,
                endpoints_have_role=False,
                credentials_are_flat=True,
                hub_is_a_role=False,
                has_hub_party_id=False,
            ),
            Version(
                number="2.2.1",
                rank=2,
                has_routing_headers=True,
                encodes_token=True,
                endpoints_have_role=True,
                credentials_are_flat=False,
                hub_is_a_role=True,
                has_hub_party_id=False,
            ),
            Version(
                number="2.3.0",
                rank=3,
                has_routing_headers=True,
                encodes_token=True,
                endpoints_have_role=True,
                credentials_are_flat=False,
                hub_is_a_role=False,
                has_hub_party_id=True,
            ),
        )
    }
)
