"""What the pure functions of the bridge may ask: who the parties are, what time it is, and what the hub remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from routing.bridge.refusals import NeedsObject
from routing.ocpi import PartyId

UNKNOWN: Final = "#NA"
"""What OCPI allows in a required string that is not known."""

Stored = Callable[[str, tuple[str, ...]], dict[str, Any] | None]


class Periods(StrEnum):
    """What a 2.1.1 party means by `charging_periods` in a PATCH: the whole list, or in the field often only the new."""

    REPLACE = "replace"
    APPEND = "append"


def _nothing(object_name: str, key: tuple[str, ...]) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """The surroundings of one translation.

    `owner` owns the objects in the message and its answer: the sender on a Receiver interface (for a command, whose
    token it is), the receiver on a Sender interface (for an authorization, whose token it is). `counterpart` is the
    other side. `stored(object_name, key)` answers from memory **in the shape of OCPI 2.2.1**, as things were before
    this message, ids compared without case:

        Location, Session, Tariff    (country_code, party_id, id)
        Token                        (country_code, party_id, uid) or (country_code, party_id, uid, type); its type is
                                     as the eMSP named it, also where 2.2.1 has no such word
        TokenOfContract              (contract_id, location_id): the one Token of this contract, or the one last
                                     seen there; None where several fit
        AuthorizationReference       (country_code, party_id, contract_id, location_id) of the CPO:
                                     {"authorization_reference": ...}
        Reservation                  (country_code, party_id, reservation_id): {"number": int} given to a 2.1.1 party
        Party                        (country_code, party_id): anything, where it is connected
    """

    owner: PartyId
    now: datetime
    counterpart: PartyId | None = None
    hub: PartyId | None = None
    stored: Stored = _nothing
    owner_details: Mapping[str, Any] | None = None
    """The owner's BusinessDetails: a receiver behind a hub may know only the hub."""
    zone_at: Callable[[str, str], str | None] = _nothing  # type: ignore[assignment]
    """The tz database's zone at a latitude and longitude."""
    periods_211: Periods = Periods.REPLACE
    refuse_unsigned: bool = False
    """Whether a CDR that would lose its `signed_data` is refused rather than sent without."""
    command_timeout_s: int = 120
    ids: Mapping[str, str] = field(default_factory=dict)
    """The decoded segments of the request's path, and `type` of its query."""

    @property
    def stamp(self) -> str:
        """Now, as OCPI writes a DateTime."""
        return self.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def known(self, object_name: str, *ids: str, of: PartyId | None = None) -> dict[str, Any] | None:
        """What memory has of a party's object (the owner's, if not said)."""
        party = of or self.owner
        return self.stored(object_name, (party.country_code, party.party_id, *ids))

    def needed(self, object_name: str, *ids: str) -> dict[str, Any]:
        """What memory has of an object of the owner. Raises NeedsObject where it has nothing."""
        found = self.known(object_name, *ids)
        if found is None:
            raise NeedsObject(object_name, (self.owner.country_code, self.owner.party_id, *ids))
        return found


def moment(text: Any) -> datetime | None:
    """An OCPI DateTime, UTC where it does not say; None for anything else."""
    try:
        value = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
