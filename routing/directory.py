"""Who is connected, and who may reach whom: one immutable picture, replaced whole when it changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from routing.agreements import Agreement, Agreements, Pair
from routing.catalogue import Module, module_key, module_named
from routing.ocpi import VERSIONS, ConnectionStatus, Interface, PartyId, Role, Version


class Scope(StrEnum):
    """What a credentials token opens."""

    REGISTRATION = "registration"
    """CREDENTIALS_TOKEN_A: versions and credentials only."""
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Access:
    """A token that the hub accepts: whose it is, what it opens, and until when (epoch seconds; None: no end)."""

    platform_id: str
    scope: Scope
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """A country code and party id in one role, on one platform."""

    id: PartyId
    role: Role
    platform_id: str
    name: str
    website: str | None = None
    is_suspended: bool = False


@dataclass(frozen=True, slots=True)
class Platform:
    """One registered connection: a token pair, the endpoints learnt from it, and the parties behind it."""

    id: str
    name: str
    status: ConnectionStatus
    version: Version | None = None
    token_out: str | None = field(default=None, repr=False)
    endpoints: Mapping[tuple[str, Interface], str] = field(default_factory=dict)
    parties: tuple[Party, ...] = ()
    quirks: Mapping[str, Any] = field(default_factory=dict)
    versions_url: str | None = None
    is_hub: bool = False
    counterpart: PartyId | None = None
    """The one partner that the hub plays on this connection, for platforms that cannot name a receiver."""
    allowed_networks: tuple[str, ...] = ()
    rate_limit: Mapping[str, float] | None = None
    client_certificates: tuple[str, ...] = ()
    """SHA-256 fingerprints (hex) of the TLS certificates of which it must show one; empty: none is asked for."""
    access: Mapping[bytes, Access] = field(default_factory=dict, repr=False)
    """The tokens this platform may present, by fingerprint."""

    @property
    def encodes_token(self) -> bool:
        """Whether this platform expects the token in Base64: by quirk, else by its version."""
        by_version = self.version.encodes_token if self.version else True
        return bool(self.quirks.get("encode_token", by_version))

    def endpoint(self, module: str, interface: Interface) -> str | None:
        """The URL that the platform advertised for this interface of the module."""
        url = self.endpoints.get((module, interface))
        if url is None and self.version is not None and not self.version.endpoints_have_role:
            url = self.endpoints.get(
                (module, Interface.RECEIVER if interface is Interface.SENDER else Interface.SENDER)
            )
        return url

    def status_of(self, party: Party) -> ConnectionStatus:
        """A party is what its platform is, unless it was dropped from the platform's roles."""
        return ConnectionStatus.SUSPENDED if party.is_suspended else self.status


class Relation(StrEnum):
    """How far two parties are to deal with each other."""

    NONE = "none"
    """Their roles do not, or it is forbidden: to each other they are unknown."""
    PLANNED = "planned"
    """Nothing but an agreement is missing."""
    AGREED = "agreed"


_SEES: Final[Mapping[Role, frozenset[Role]]] = MappingProxyType(
    {
        Role.CPO: frozenset({Role.EMSP, Role.NSP, Role.NAP, Role.SCSP, Role.OTHER, Role.PTP}),
        Role.EMSP: frozenset({Role.CPO, Role.SCSP}),
        Role.NSP: frozenset({Role.CPO, Role.NAP}),
        Role.NAP: frozenset({Role.CPO, Role.NSP}),
        Role.OTHER: frozenset({Role.CPO}),
        Role.SCSP: frozenset({Role.CPO, Role.EMSP}),
        Role.PTP: frozenset({Role.CPO}),
        Role.HUB: frozenset(Role),
    }
)
"""Which roles a party of a role deals with (OCPI 2.3.0, terminology, Typical OCPI implementations per Role)."""

_AGREES: Final = frozenset({Role.CPO, Role.HUB})
"""Roles whose parties have agreements: whoever is behind a hub is a CPO to all but CPOs."""


@dataclass(frozen=True, slots=True)
class Directory:
    """The picture. Every change makes a new one; whoever routes a message holds one picture to the end."""

    hub: PartyId
    revision: int = 0
    platforms: Mapping[str, Platform] = field(default_factory=dict)
    access: Mapping[bytes, Access] = field(default_factory=dict)
    parties: Mapping[PartyId, tuple[Party, ...]] = field(default_factory=dict)
    agreements: Agreements = field(default_factory=Agreements)
    needs_agreement: bool = False
    """Whether only pairs with an agreement reach each other (`routing.policy = "agreements"`)."""
    decided: dict[tuple[object, ...], object] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was already decided on this picture, by the question (see `routing.decide`)."""
    found: dict[tuple[object, ...], tuple[Mapping[PartyId, Any], frozenset[PartyId]]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """What was found for each party, by the question, and whose platforms changed since then (see `routing.reach`)."""

    @classmethod
    def of(
        cls,
        hub: PartyId,
        platforms: Iterable[Platform],
        agreements: Iterable[Agreement] = (),
        *,
        needs_agreement: bool = False,
        revision: int = 0,
    ) -> Directory:
        """Draw the whole picture."""
        blank = cls(hub, needs_agreement=needs_agreement)
        return blank.changed(platforms, agreements=agreements, revision=revision)

    def changed(
        self,
        platforms: Iterable[Platform] = (),
        *,
        forgotten: Iterable[str] = (),
        agreements: Iterable[Agreement] | None = None,
        pairs: Mapping[Pair, tuple[Agreement, ...]] = MappingProxyType({}),
        revision: int,
    ) -> Directory:
        """The next picture: these platforms new or replaced, those forgotten; the agreements of these pairs replaced,
        or all of them.
        """
        by_id, access, parties = dict(self.platforms), dict(self.access), dict(self.parties)
        news = {platform.id: platform for platform in platforms}
        touched = {party.id for platform in news.values() for party in platform.parties}
        for platform_id in {*news, *forgotten}:
            old = by_id.pop(platform_id, None)
            if old is not None:
                touched.update(party.id for party in old.parties)
                _erase(old, access, parties)
        for platform in news.values():
            by_id[platform.id] = platform
            access.update(platform.access)
            for party in platform.parties:
                parties[party.id] = (*parties.get(party.id, ()), party)
        following = replace(
            self,
            revision=revision,
            platforms=by_id,
            access=access,
            parties=parties,
            agreements=self.agreements.changed(pairs) if agreements is None else Agreements.of(agreements),
        )
        following.found.update({question: (table, old | touched) for question, (table, old) in self.found.items()})
        return following

    def platform_of(self, party: Party) -> Platform:
        """The platform that a party is on."""
        return self.platforms[party.platform_id]

    def may_reach(self, sender: Party, receiver: Party, module: str | None = None) -> bool:
        """The one rule of who may reach whom, for routing, broadcast, lists, HubClientInfo and credentials alike.

        Roles that deal with each other, on different platforms, on connections that are for the two of them, not
        forbidden by an agreement (or, under the policy `agreements`, allowed by one). Without a module: whether they
        may reach each other at all.
        """
        return self.relation(sender, receiver, module) is Relation.AGREED

    def relation(self, sender: Party, receiver: Party, module: str | None = None) -> Relation:
        """The same rule, which also tells where nothing but an agreement is missing."""
        by_default = self.by_default(sender.role, receiver.role)
        if by_default is Relation.NONE or sender.platform_id == receiver.platform_id:
            return Relation.NONE
        played = self._played(sender)
        if (played is not None and played != receiver.id) or not self._is_way_to(receiver, sender.id):
            return Relation.NONE
        if _AGREES.isdisjoint((sender.role, receiver.role)):
            return by_default
        pair = (receiver.id, sender.id) if receiver.role is Role.CPO else (sender.id, receiver.id)
        rows = self.agreements.get(pair)
        return by_default if rows is None else decided(rows, module, by_default)

    def by_default(self, sender: Role, receiver: Role) -> Relation:
        """How far parties of two roles are to deal with each other where nothing was decided for the two."""
        if receiver not in _SEES[sender]:
            return Relation.NONE
        is_open = not self.needs_agreement or _AGREES.isdisjoint((sender, receiver))
        return Relation.AGREED if is_open else Relation.PLANNED

    def _is_way_to(self, receiver: Party, sender: PartyId) -> bool:
        """Whether this connection of a receiver is the one for the sender: where it has one on which the hub plays
        just that partner, it is no other.
        """
        played = self._played(receiver)
        if played is not None:
            return played == sender
        others = (row for row in self.parties.get(receiver.id, ()) if row.role is receiver.role)
        return not any(self._played(row) == sender for row in others)

    def _played(self, party: Party) -> PartyId | None:
        """The one partner that the hub plays on a party's connection."""
        platform = self.platforms.get(party.platform_id)
        return platform.counterpart if platform else None

    def senders(self, platform: Platform, party: PartyId) -> tuple[Party, ...]:
        """The caller's parties of this id: one for each of its roles. A hub speaks for parties of its own."""
        rows = tuple(row for row in platform.parties if row.id == party and not row.is_suspended)
        if not rows and platform.is_hub and all(row.id != party for row in platform.parties):
            return (Party(party, Role.HUB, platform.id, name=platform.name),)
        return rows

    def reachable(self, platform: Platform, among: Iterable[PartyId] | None = None) -> Iterator[Party]:
        """Every party (or of these) that one of the platform's own may reach: who it is told of."""
        ours = [party for party in platform.parties if not party.is_suspended]
        for name in self.parties if among is None else among:
            yield from (row for row in self.parties.get(name, ()) if any(self.may_reach(own, row) for own in ours))

    def visible(self, senders: Iterable[Party], receiver: PartyId, module: str) -> tuple[Party, ...]:
        """The parties of this id that any of the senders may reach for the module."""
        rows = self.parties.get(receiver, ())
        ours = tuple(senders)
        return tuple(row for row in rows if any(self.may_reach(sender, row, module) for sender in ours))


def _erase(platform: Platform, access: dict[bytes, Access], parties: dict[PartyId, tuple[Party, ...]]) -> None:
    for fingerprint in platform.access:
        access.pop(fingerprint, None)
    for party in platform.parties:
        rest = tuple(row for row in parties.pop(party.id, ()) if row.platform_id != platform.id)
        if rest:
            parties[party.id] = rest


def decided(rows: tuple[Agreement, ...], module: str | None, by_default: Relation) -> Relation:
    """What the agreements of a pair say; what is forbidden by one is not allowed by another."""
    apply = [row for row in rows if not row.modules or module is None or module in row.modules]
    if any(not row.is_allowed and (module is not None or not row.modules) for row in apply):
        return Relation.NONE
    return Relation.AGREED if any(row.is_allowed for row in apply) else by_default


def by_interface(parties: Iterable[Party], module: str, interface: Interface) -> tuple[Party, ...]:
    """Of several parties those whose role implements this interface of the module; all where none does.

    One country code and party id may be CPO on one platform and eMSP on another (OCPI names no role in OCPI-to).
    """
    rows = tuple(parties)
    known: Module | None = module_named(module)
    if known is None:
        return rows
    fitting = tuple(row for row in rows if row.role in known.roles(interface))
    return fitting or rows


def endpoints_of(rows: Iterable[tuple[str, Interface, str]]) -> Mapping[tuple[str, Interface], str]:
    """Endpoints as a look-up table, modules under their one key."""
    return MappingProxyType({(module_key(module), interface): url for module, interface, url in rows})


def newest_mutual(ours: Iterable[str], theirs: Iterable[str]) -> Version | None:
    """The newest version that both sides offer, None where there is none (OCPI 2.2.1, Versions)."""
    mutual = [VERSIONS[number] for number in set(ours) & set(theirs) if number in VERSIONS]
    return max(mutual, key=lambda version: version.rank, default=None)
