"""A pushed object belongs to its sender: path, body and OCPI-from agree (OCPI, Client Owned Object Push)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from routing.decide import decide
from routing.errors import InvalidMessage, NotTheOwner, OcpiError
from routing.ocpi import PartyId, Role
from tests.routing.scene import CPO, EMSP, OTHER_EMSP, R, market, message, party, platform


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


def test_a_hub_passes_on_what_others_own() -> None:
    there = market(platform("cpo", party(CPO, Role.CPO, "cpo"), is_hub=True))
    pushed = message(there, "cpo", "PUT", "locations", R, "/BE/BEC/L1", to=EMSP, document={"id": "L1"})
    assert decide(pushed, there).receiver == EMSP
