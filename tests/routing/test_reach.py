"""Who is reached, worked out from what changed, against a look at everybody: pictures at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from routing.catalogue import module_named
from routing.directory import Directory, Party, by_interface
from routing.get_all import SHOWN, owners_visible
from routing.message import Message
from routing.ocpi import ConnectionStatus, Interface, PartyId, Role
from routing.open_routing import serving
from routing.receivers import ALSO_TOLD, Receiver, receivers_of
from tests.routing.scene import CPO, HUB, market, message
from tests.routing.world import NAMES, World

STEPS = 60
PUSHES = {"locations": ("PUT", "/L1"), "tokens": ("PUT", "/C1")}


def told(push: Message, there: Directory) -> dict[Receiver, str]:
    """Who a push goes to, by the rules as they are read."""
    standard = module_named(push.module)
    assert standard is not None
    senders = by_interface(there.senders(push.caller, push.sender), push.module, Interface.SENDER)
    found = {}
    for platform in there.platforms.values():
        endpoint = platform.endpoint(push.module, Interface.RECEIVER)
        usual = [row for row in platform.parties if row.role in standard.receiver_roles]
        if not usual and any(sender.role is Role.CPO for sender in senders):
            usual = [row for row in platform.parties if row.role in ALSO_TOLD]
        for row in usual if endpoint is not None else ():
            is_connected = platform.status_of(row) is ConnectionStatus.CONNECTED
            if is_connected and any(there.may_reach(sender, row, push.module) for sender in senders):
                found[Receiver(platform.id, row.id)] = endpoint
    return found


def shown(asked: Message, there: Directory) -> dict[PartyId, Party]:
    """Whose objects are shown, by the rules as they are read."""
    standard = module_named(asked.module)
    assert standard is not None
    senders = by_interface(there.senders(asked.caller, asked.sender), asked.module, Interface.RECEIVER)
    return {
        row.id: row
        for platform in there.platforms.values()
        if platform.version is not None
        for row in platform.parties
        if row.role in standard.sender_roles
        and platform.status_of(row) in SHOWN
        and any(there.may_reach(sender, row, asked.module) for sender in senders)
    }


def served(asked: Message, there: Directory) -> list[PartyId]:
    """Who is asked for a list of what belongs to two parties, by the rules as they are read."""
    standard = module_named(asked.module)
    assert standard is not None
    senders = there.senders(asked.caller, asked.sender)
    found = {
        row.id
        for platform in there.platforms.values()
        if platform.endpoint(asked.module, asked.interface) is not None
        for row in platform.parties
        if row.role in standard.roles(asked.interface)
        and platform.status_of(row) is not ConnectionStatus.SUSPENDED
        and any(there.may_reach(sender, row, asked.module) for sender in senders)
    }
    return sorted(found, key=lambda party: party.folded)


def callers(there: Directory) -> Iterator[tuple[str, PartyId]]:
    """Each platform with each of its parties: what one of them reaches is no answer for another."""
    for name, platform in there.platforms.items():
        yield from ((name, party) for party in {row.id: None for row in platform.parties})


def as_mapping(found: Mapping[Any, Any]) -> dict[Any, Any]:
    """What a mapping says, each way that it can be asked."""
    assert len(list(found)) == len(set(found)) == len(found)
    return {key: found.get(key) for key in found}


@pytest.mark.parametrize("needs_agreement", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_what_changed_is_enough_to_know_who_is_reached(seed: int, needs_agreement: bool) -> None:
    world = World(seed, needs_agreement=needs_agreement)
    reached = 0
    for _ in range(STEPS):
        world.change()
        there = world.picture
        for caller, sender in callers(there) if world.dice.random() < 0.7 else ():  # sometimes nobody asks in between
            for module, (method, key) in PUSHES.items():
                push = message(there, caller, method, module, Interface.RECEIVER, key, to=HUB, document={})
                push = replace(push, sender=sender)
                assert as_mapping(receivers_of(push, there)) == told(push, there)
                assert all(who not in receivers_of(push, there) for who in [Receiver(caller, NAMES[0])])
                asked = replace(message(there, caller, "GET", module, Interface.SENDER, to=HUB), sender=sender)
                assert as_mapping(owners_visible(asked, there)) == shown(asked, there)
                reached += len(told(push, there)) + len(shown(asked, there))
            asked = replace(message(there, caller, "GET", "sessions", Interface.SENDER, to=HUB), sender=sender)
            assert list(serving(asked, there)) == served(asked, there)
    assert reached > STEPS / 3, "there is something to compare"


def test_nobody_is_looked_at_again_for_what_did_not_change() -> None:
    before = market()
    push = message(before, "cpo", "PUT", "locations", Interface.RECEIVER, "/L1", to=HUB, document={})
    assert receivers_of(push, before)
    known = {question: found for question, (found, _) in before.found.items()}
    after = before.changed([replace(before.platforms["cpo"], name="another")], revision=2)
    assert after.found.keys() == known.keys() != set()
    assert all(changed == {CPO} for _, changed in after.found.values())
    assert receivers_of(push, after)
    assert all(after.found[question] == (found, frozenset()) for question, found in known.items())
    assert all(after.found[question][0] is found for question, found in known.items())
