"""What the hub remembers: who owns what, and its copy of what parties publish to everybody. Words and questions.

Direct routing never asks it. What a message teaches is `routing.lessons`, what a change makes of a copy is
`routing.copies`; where it is all kept is the server's business (`hub.memory`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple, Protocol

from routing.directory import Platform
from routing.message import Message, Reply
from routing.ocpi import PartyId

BETWEEN: Final = "\x1f"
"""Stands between the parts of a key; no OCPI id has it."""
EVERYBODY: Final = ""
"""The audience of what is published."""


class Kind(StrEnum):
    """What is known of whom. Behind each: the key; the owner; the other party, where there is one."""

    LOCATION = "location"
    """location_id; CPO."""
    EVSE = "evse"
    """evse_uid; CPO."""
    TOKEN = "token"  # noqa: S105 - OCPI's word for a card
    """uid, type; eMSP."""
    CONTRACT = "contract"
    """contract_id; eMSP."""
    SESSION = "session"
    """session_id; CPO; eMSP."""
    PROFILE = "profile"
    """session_id; CPO; who set the charging profile (SCSP or eMSP)."""
    RESERVATION = "reservation"
    """reservation_id; eMSP; CPO."""
    CDR = "cdr"
    """cdr_id; CPO; eMSP."""
    AUTHORIZATION = "authorization"
    """authorization_reference; who issued it; CPO."""
    INVOICE = "invoice"
    """id of an Invoice Reconciliation Record; its issuer; its receiver."""
    TERMINAL = "terminal"
    """terminal_id; PTP; CPO."""
    CONFIRMATION = "confirmation"
    """id of a Financial Advice Confirmation; PTP; CPO."""
    BOOKING = "booking"
    """id or request_id; CPO; eMSP."""
    BOOKING_LOCATION = "booking_place"
    """booking_location_id; CPO."""
    SEEN_AT = "seen_at"
    """contract_id, location_id; eMSP. Its value: uid and type of the token last seen there."""
    AUTHORIZED_AT = "authorized_at"
    """The CPO's country_code and party_id, contract_id, location_id; eMSP. Its value: the authorization_reference."""


@dataclass(frozen=True, slots=True)
class Tie:
    """An owner, and the other party of what it owns, where there is one."""

    owner: PartyId
    other: PartyId | None = None


class Fact(NamedTuple):
    """One thing learnt of who owns what; a newer one of the same kind, key and owner replaces it.

    A tuple: a location teaches one for each EVSE, most of them known.
    """

    kind: Kind
    key: str
    owner: PartyId
    other: PartyId | None = None
    value: str = ""
    expires_at: float | None = None
    """Epoch seconds; None for what is true until replaced."""

    @property
    def place(self) -> tuple[str, str, str]:
        """What a newer one replaces."""
        return self.kind, self.key, self.owner.folded


class Evses(NamedTuple):
    """The EVSEs of a location, each a fact: told together, since nearly always all of them are known."""

    owner: PartyId
    uids: tuple[str, ...]

    def facts(self) -> Iterator[Fact]:
        """One for each."""
        for uid in self.uids:
            yield Fact(Kind.EVSE, key_of(uid), self.owner)


def key_of(*ids: str) -> str:
    """Ids as they are kept: OCPI compares them without case (CiString)."""
    return BETWEEN.join(ids).casefold()


@dataclass(frozen=True, slots=True)
class Change:
    """A PUT, PATCH or DELETE of an object, or of a part of one, as its owner sent it."""

    module: str
    owner: PartyId
    key: str
    method: str
    version: str
    """The OCPI version of `body`."""
    at: float
    """When it reached the hub, epoch seconds."""
    body: bytes = field(default=b"", repr=False)
    document: Any = field(default=None, repr=False, compare=False)
    kind: str | None = ""
    """A token's type, folded; None where it is not said."""
    audience: str = EVERYBODY
    """The one party that it was sent to, folded, or everybody."""
    below: tuple[str, ...] = ()
    """Ids of the part of the object that it is about."""
    appends_periods: bool = True
    """Whether charging periods in a PATCH are added to those of the session."""
    asked_at: float | None = None
    """When the hub asked for it, epoch seconds: it may be older than what was pushed since. None for a push."""

    @property
    def place(self) -> tuple[str, str, str]:
        """The object: module, owner and id."""
        return self.module, self.owner.folded, self.key

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the object before it matters."""
        return not self.below and self.method in ("PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as memory has it."""

    module: str
    owner: PartyId
    key: str
    kind: str
    audience: str
    version: str
    """The OCPI version of `body`."""
    body: bytes = field(repr=False)
    last_updated: float
    """The owner's, epoch seconds."""
    arrived_at: float
    """When this state of it reached the hub, epoch seconds."""
    contract: str = ""
    """A token's contract, folded."""
    pulled_at: float = 0.0
    """When the last full pull began that had it; 0 for none."""
    seq: int = 0
    """Order of creation; 0 for one not written yet."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which published objects are asked for, times in epoch seconds."""

    module: str
    owners: Collection[PartyId]
    """Whose objects the caller may see."""
    limit: int
    date_from: float | None = None
    date_to: float | None = None
    offset: int = 0
    after: int = 0
    """The cursor: objects created after this one; then `offset` only says where in the list that is."""
    total: int | None = None
    """The count of the whole list, where it was counted for an earlier page."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, oldest first."""

    items: tuple[Stored, ...]
    total: int
    """How many objects match on all pages."""
    is_last: bool


class Memory(Protocol):
    """The questions that routing asks, and what teaches it."""

    def learn(self, message: Message, reply: Reply | None, platform: Platform | None) -> None:
        """A message was delivered to a platform and answered so; both None for an accepted broadcast. Never waits."""

    def keep(self, change: Change) -> None:
        """A copy of an object that the hub asked for. Never waits."""

    async def ties(self, kind: Kind, *ids: str) -> tuple[Tie, ...]:
        """Who owns what goes by these ids, and with whom; none where nothing is known."""

    async def recall(self, object_name: str, key: tuple[str, ...], between: Collection[PartyId]) -> Any:
        """An object in the shape of OCPI 2.2.1, None where it is not known; names and keys as in `Context.stored`.

        Published, or sent from one to the other of the parties `between` whom a message goes.
        """

    async def copy(self, change: Change, between: Collection[PartyId]) -> Stored | None:
        """The object that a change is about, as it was before: published, or sent between these parties."""

    async def find(self, module: str, ids: tuple[str, ...], owner: PartyId | None = None) -> tuple[Stored, ...]:
        """The published objects that go by this id (and type), of an owner or of any, the last to change first."""

    async def page(self, wanted: Wanted) -> Page:
        """One page of what is published."""


class Forgetful:
    """A memory that has nothing: for routing alone."""

    def learn(self, message: Message, reply: Reply | None, platform: Platform | None) -> None:
        """Forget it at once."""

    def keep(self, change: Change) -> None:
        """Forget it at once."""

    async def ties(self, kind: Kind, *ids: str) -> tuple[Tie, ...]:
        """Nobody."""
        return ()

    async def recall(self, object_name: str, key: tuple[str, ...], between: Collection[PartyId]) -> Any:
        """Nothing."""
        return None

    async def copy(self, change: Change, between: Collection[PartyId]) -> Stored | None:
        """None."""
        return None

    async def find(self, module: str, ids: tuple[str, ...], owner: PartyId | None = None) -> tuple[Stored, ...]:
        """Nothing."""
        return ()

    async def page(self, wanted: Wanted) -> Page:
        """An empty page."""
        return Page((), 0, is_last=True)
