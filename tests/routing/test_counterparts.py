"""Which connection of a party is for whom, where it has one for a single partner."""

from __future__ import annotations

import pytest

from routing.decide import Delivery, direct
from routing.directory import Directory
from routing.errors import UnknownReceiver
from routing.ocpi import PartyId, Role
from tests.routing.scene import CPO, OTHER_CPO, R, market, message, party, platform

OLD = PartyId("NL", "OLD")


def registered(*counterparts: PartyId | None) -> Directory:
    """NL*OLD, an eMSP, with one connection for each of these partners; None: one for everybody."""
    return market(
        *(
            platform(f"old-{number}", party(OLD, Role.EMSP, f"old-{number}"), counterpart=counterpart, version="2.1.1")
            for number, counterpart in enumerate(counterparts)
        )
    )


def way(directory: Directory, caller: str) -> str:
    """The connection that a location pushed to NL*OLD takes."""
    sender = directory.platforms[caller].parties[0].id
    path = f"/{sender.country_code}/{sender.party_id}/LOC1"
    found = direct(message(directory, caller, "PUT", "locations", R, path, to=OLD), OLD, directory)
    assert isinstance(found, Delivery)
    return found.platform.id


@pytest.mark.parametrize("order", [(None, CPO), (CPO, None)])
def test_the_connection_for_a_partner_goes_before_the_one_for_everybody(order: tuple[PartyId | None, ...]) -> None:
    directory = registered(*order)
    assert way(directory, "cpo") == f"old-{order.index(CPO)}"
    assert way(directory, "other-cpo") == f"old-{order.index(None)}"


def test_a_partner_without_a_connection_of_its_own_reaches_nobody() -> None:
    directory = registered(CPO)
    assert way(directory, "cpo") == "old-0"
    with pytest.raises(UnknownReceiver):
        way(directory, "other-cpo")


def test_on_a_connection_for_one_partner_nobody_else_is_reached() -> None:
    directory = registered(CPO, OTHER_CPO)
    old = [directory.platforms[f"old-{number}"] for number in (0, 1)]
    assert [[str(row.id) for row in directory.reachable(one)] for one in old] == [[str(CPO)], [str(OTHER_CPO)]]


def test_a_partner_is_told_of_a_party_once() -> None:
    directory = registered(None, CPO)
    told = [row.platform_id for row in directory.reachable(directory.platforms["cpo"]) if row.id == OLD]
    assert told == ["old-1"]
