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
from routing.playing import playing

ALSO_TOLD: Final = frozenset({Role.SCSP})
"""Roles that no table gives these modules, but whose platforms may implement them."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """One party on one platform: who gets a copy of its own."""

    platform_id: str
    party: PartyId


def receivers_of(message: Message, directory: Directory) -> Mapping[Receiver, str]:
    """The parties that a broadcast goes to, each with the endpoint that its platform advertised.

    They deal with the sender's role, are connected, may be reached, and implement the module; one entry for each
    party, none on the sender's own platform.
    """
    question = ("broadcast", message.caller.id, message.sender, message.module)
    known = directory.decided.get(question)
    if isinstance(known, dict):
        return known
    found = dict(_receivers(message, directory))
    if len(directory.decided) < MAX_DECIDED:
        directory.decided[question] = found
    return found


def _receivers(message: Message, directory: Directory) -> Iterator[tuple[Receiver, str]]:
    caller = directory.platforms.get(message.caller.id)
    if caller is None:
        return
    senders = by_interface(directory.senders(caller, message.sender), message.module, Interface.SENDER)
    standard = module_named(message.module)
    for platform in playing(directory, standard.receiver_roles | ALSO_TOLD) if standard else ():
        endpoint = platform.endpoint(message.module, Interface.RECEIVER)
        if endpoint is None:
            continue
        for row in _implementing(platform, message.module, senders):
            is_connected = platform.status_of(row) is ConnectionStatus.CONNECTED
            if is_connected and any(directory.may_reach(sender, row, message.module) for sender in senders):
                yield Receiver(platform.id, row.id), endpoint


def _implementing(platform: Platform, module: str, senders: tuple[Party, ...]) -> tuple[Party, ...]:
    """The parties on a platform that its Receiver endpoint of the module belongs to."""
    standard = module_named(module)
    if standard is None:
        return ()
    usual = tuple(row for row in platform.parties if row.role in standard.receiver_roles)
    if usual or all(sender.role is not Role.CPO for sender in senders):
        return usual
    return tuple(row for row in platform.parties if row.role in ALSO_TOLD)
