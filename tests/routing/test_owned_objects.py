"""A pushed object belongs to its sender: path, body and OCPI-from agree (OCPI, Client Owned Object Push)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from routing.decide import decide
from routing.errors import InvalidMessage, NotTheOwner, OcpiError, UnknownReceiver
from routing.ocpi import PartyId, Role
from tests.routing.scene import CPO, EMSP, HUB, OTHER_CPO, OTHER_EMSP, R, market, message, party, platform


@pytest.mark.parametrize(
    ("method", "module", "path", "document", "error"),
    [
        ("PUT", "locations", "/NL/TNM/L1", {"country_code": "NL", "party_id": "TNM", "id": "L1"}, None),
        ("PUT", "locations", "/nl/tnm/l1", {"country_code": "NL", "party_id": "TNM", "id": "L1"}, None),
        ("PUT", "locations", "/NL/TNM/a%2Fb", {"id": "a/b"}, None),
        ("PATCH", "locations", "/NL/TNM/L1", {"last_updated": "2026-01-01T00:00:00Z"}, None),
        ("PUT", "locations", "/NL/TNM/L1/E1", {"uid": "E1"}, None),
        ("PUT", "locations", "/NL/TNM/L1/E1", {"uid": "E2"}, InvalidMessage),
        ("PUT", "locations", "/NL/TNM/L1/E1/1", {"id": "1"}, None),
        ("PUT", "locations", "/NL/TNM/L1/E1/1", {"id": "2"}, InvalidMessage),
        ("PUT", "locations", "/BE/BEC/L1", {"id": "L1"}, NotTheOwner),
        ("GET", "locations", "/BE/BEC/L1", None, NotTheOwner),
        ("DELETE", "tariffs", "/BE/BEC/T1", None, NotTheOwner),
        ("PUT", "locations", "/NLD/TNM/L1", {}, NotTheOwner),
        ("PUT", "locations", "/NL/TNM/L1", {"country_code": "BE"}, InvalidMessage),
        ("PUT", "locations", "/NL/TNM/L1", {"party_id": "BEC"}, InvalidMessage),
        ("PUT", "locations", "/NL/TNM/L1", {"id": "L2"}, InvalidMessage),
        ("PUT", "locations", "/NL/TNM/L1", {"id": 7}, None),
        ("PUT", "sessions", "/NL/TNM/S1", {"id": "S2"}, InvalidMessage),
        ("PUT", "tariffs", "/NL/TNM/T1", {"id": "t1"}, None),
        ("PUT", "locations", "/NL/TNM/booking_locations", {}, None),
        ("PUT", "booking", "/NL/TNM/booking_locations", {}, InvalidMessage),
    ],
)
def test_a_pushed_object_belongs_to_its_sender(
    method: str, module: str, path: str, document: Mapping[str, Any] | None, error: type[OcpiError] | None
) -> None:
    there = market()
    pushed = message(there, "cpo", method, module, R, path, to=EMSP, document=document)
    if error is None:
        assert decide(pushed, there).receiver == EMSP
        return
    with pytest.raises(error):
        decide(pushed, there)


@pytest.mark.parametrize(("uid", "is_right"), [("T1", True), ("t1", True), ("T2", False)])
def test_a_pushed_token_is_the_one_in_the_path(uid: str, is_right: bool) -> None:
    there = market()
    pushed = message(there, "emsp", "PUT", "tokens", R, "/DE/MSP/T1", to=CPO, document={"uid": uid})
    if is_right:
        assert decide(pushed, there)
        return
    with pytest.raises(InvalidMessage, match="uid"):
        decide(pushed, there)


@pytest.mark.parametrize(("owner", "is_right"), [(EMSP, True), (PartyId("de", "msp"), True), (OTHER_EMSP, False)])
def test_a_command_is_given_for_the_senders_own_token(owner: PartyId, is_right: bool) -> None:
    there = market()
    token = {"country_code": owner.country_code, "party_id": owner.party_id, "uid": "T1"}
    command = message(there, "emsp", "POST", "commands", R, "/START_SESSION", to=CPO, document={"token": token})
    if is_right:
        assert decide(command, there)
        return
    with pytest.raises(InvalidMessage, match="token"):
        decide(command, there)


# --- a platform that is itself a hub ---------------------------------------------------------------------------------

BEHIND = PartyId("SE", "XXX")


@pytest.mark.parametrize(
    ("sender", "path", "error"),
    [
        (CPO, "/NL/TNM/L1", None),
        (CPO, "/SE/XXX/L1", None),
        (BEHIND, "/SE/XXX/L1", None),
        (BEHIND, "/SE/YYY/L1", None),
        (BEHIND, "/BE/BEC/L1", NotTheOwner),
        (BEHIND, "/NL/HUB/L1", NotTheOwner),
        (BEHIND, "/SEX/XX/L1", NotTheOwner),
        (OTHER_CPO, "/BE/BEC/L1", UnknownReceiver),
        (OTHER_CPO, "/SE/XXX/L1", UnknownReceiver),
        (EMSP, "/SE/XXX/L1", UnknownReceiver),
        (HUB, "/SE/XXX/L1", UnknownReceiver),
    ],
)
@pytest.mark.parametrize("to", [OTHER_EMSP, HUB, None])
def test_a_hub_passes_on_what_is_of_those_behind_it(
    sender: PartyId, path: str, error: type[OcpiError] | None, to: PartyId | None
) -> None:
    """Any platform may say that it is a hub: it then speaks for nobody who is connected here by itself."""
    there = market(platform("cpo", party(CPO, Role.CPO, "cpo"), is_hub=True))
    pushed = replace(message(there, "cpo", "PUT", "locations", R, path, to=to, document={}), sender=sender)
    if error is None:
        assert decide(pushed, there)
        return
    with pytest.raises(error):
        decide(pushed, there)


def test_a_hub_speaks_for_a_party_that_left_its_own_platform_and_for_one_that_it_shares() -> None:
    left = platform("left", party(BEHIND, Role.CPO, "left", is_suspended=True))
    shared = platform("shared", party(CPO, Role.EMSP, "shared"))
    there = market(platform("cpo", party(CPO, Role.CPO, "cpo"), is_hub=True), left, shared)
    for sender in (BEHIND, CPO):
        pushed = message(there, "cpo", "PUT", "locations", R, "/SE/XXX/L1", to=EMSP, document={"id": "L1"})
        assert decide(replace(pushed, sender=sender), there).receiver == EMSP
