"""Who a Broadcast Push goes to. Pure.

OCPI 2.2.1 and 2.3.0, transport and format, Broadcast Push: parties of an opposite role that implement the module.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from routing.catalogue import module_named
from routing.decide import MAX_DECIDED
from routing.directory import Directory, Party, Platform, by_interface
from routing.message import Message
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role
from routing.reach import Reached, Reaches, reached

ALSO_TOLD: Final = frozenset({Role.SCSP})
"""Roles that no table gives these modules, but whose platforms may implement them."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One party on one platform: who gets a copy of its own."""

    platform_id: str
    party: PartyId


class Receivers(Mapping[Receiver, str]):
    """Who a broadcast goes to, each with the endpoint that its platform advertised."""

    __slots__ = ("_by_party",)

    def __init__(self, by_party: Reached[Mapping[Receiver, str]]) -> None:
        self._by_party = by_party

    def __getitem__(self, receiver: Receiver) -> str:
        return self._by_party[receiver.party][receiver]

    def __iter__(self) -> Iterator[Receiver]:
        for found in self._by_party.every():
            yield from found

    def __len__(self) -> int:
        return sum(map(len, self._by_party.every()))


def receivers_of(message: Message, directory: Directory) -> Mapping[Receiver, str]:
    """The parties that a broadcast goes to, each with the endpoint that its platform advertised.

    They deal with the sender's role, are connected, may be reached, and implement the module; one entry for each
    party, none on the sender's own platform.
    """
    question = ("broadcast", message.caller.id, message.sender, message.module)
    known = directory.decided.get(question)
    if isinstance(known, Receivers):
        return known
    found = Receivers(_receivers(message, directory))
    if len(directory.decided) < MAX_DECIDED:
        directory.decided[question] = found
    return found


def _receivers(message: Message, directory: Directory) -> Reached[Mapping[Receiver, str]]:
    module, standard, caller = message.module, module_named(message.module), directory.platforms.get(message.caller.id)
    named = directory.senders(caller, message.sender) if standard and caller else ()
    senders = by_interface(named, module, Interface.SENDER)
    has_cpo = any(sender.role is Role.CPO for sender in senders)

    def find(party: PartyId, reaches: Reaches) -> Mapping[Receiver, str] | None:
        return dict(_of_party(directory, party, module, reaches, has_cpo=has_cpo)) or None

    return reached(directory, ("broadcast", module), senders, module, find)


def _of_party(
    directory: Directory, party: PartyId, module: str, reaches: Reaches, *, has_cpo: bool
) -> Iterator[tuple[Receiver, str]]:
    for row in directory.parties.get(party, ()):
        platform = directory.platform_of(row)
        if platform.status_of(row) is not ConnectionStatus.CONNECTED or not reaches(row):
            continue
        endpoint = platform.endpoint(module, Interface.RECEIVER)
        if endpoint is not None and row in _implementing(platform, module, has_cpo=has_cpo):
            yield Receiver(platform.id, row.id), endpoint


def _implementing(platform: Platform, module: str, *, has_cpo: bool) -> tuple[Party, ...]:
    """The parties on a platform that its Receiver endpoint of the module belongs to, for senders with a CPO or not."""
    standard = module_named(module)
    if standard is None:
        return ()
    usual = tuple(row for row in platform.parties if row.role in standard.receiver_roles)
    return usual if usual or not has_cpo else tuple(row for row in platform.parties if row.role in ALSO_TOLD)
