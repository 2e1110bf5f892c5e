"""What a change makes of the hub's copy of an object, where a pull and a push meet."""

from __future__ import annotations

import json
from typing import Any

import pytest

from routing.copies import applied, part_of
from routing.memory import Change, Stored
from routing.ocpi import PartyId

NOON, LATER = "2026-01-01T12:00:00Z", "2026-01-01T12:00:01Z"


def change(method: str, at: float, document: dict[str, Any], **more: Any) -> Change:
    """A change of location LOC1 that came at this time (epoch seconds)."""
    body = json.dumps(document).encode()
    version = more.pop("version", "2.2.1")
    return Change("locations", PartyId("NL", "TNM"), "loc1", method, version, at, body, document, **more)


def location(status: str, last_updated: str = NOON) -> dict[str, Any]:
    evse = {"uid": "E1", "status": status, "last_updated": last_updated}
    return {"id": "LOC1", "last_updated": last_updated, "evses": [evse]}


def status(stored: Stored | None) -> str:
    assert stored is not None
    return str(json.loads(stored.body)["evses"][0]["status"])


@pytest.mark.parametrize(
    ("asked_at", "last_updated", "wins"),
    [
        pytest.param(10.0, NOON, "CHARGING", id="asked before the push, of the same second"),
        pytest.param(30.0, NOON, "AVAILABLE", id="asked after the push: its owner says so now"),
        pytest.param(10.0, LATER, "AVAILABLE", id="changed since the push"),
        pytest.param(30.0, "2026-01-01T11:59:59Z", "CHARGING", id="older by its own word"),
    ],
)
def test_what_was_pushed_while_the_hub_was_asking_is_newer(asked_at: float, last_updated: str, wins: str) -> None:
    """OCPI counts in seconds: an object pushed and pulled within one is told apart by when the hub asked."""
    first = applied(None, change("PUT", 1.0, location("AVAILABLE")))
    patch = {"status": "CHARGING", "last_updated": NOON}
    pushed = applied(first, change("PATCH", 20.0, patch, below=("e1",)))
    assert status(pushed) == "CHARGING"
    pulled = change("PUT", 40.0, location("AVAILABLE", last_updated), asked_at=asked_at)
    assert status(applied(pushed, pulled)) == wins


@pytest.mark.parametrize(
    ("version", "uids"),
    [
        pytest.param("2.1.1", ["E1:AVAILABLE", "e1:CHARGING"], id="another EVSE"),
        pytest.param("2.2.1", ["e1:CHARGING"], id="the same EVSE"),
    ],
)
def test_letter_case_tells_evses_apart_in_2_1_1_only(version: str, uids: list[str]) -> None:
    """`string` has case (OCPI 2.1.1, types), CiString none (OCPI 2.2.1, types)."""
    first = applied(None, change("PUT", 1.0, location("AVAILABLE"), version=version))
    evse = {"uid": "e1", "status": "CHARGING", "last_updated": LATER}
    after = applied(first, change("PUT", 2.0, evse, version=version, below=("e1",)))
    assert after is not None
    document = json.loads(after.body)
    assert [f"{row['uid']}:{row['status']}" for row in document["evses"]] == uids
    assert part_of(document, "locations", ("e1",)) == evse
