"""Locations that are not to be published (OCPI 2.2.1 and 2.3.0, `publish`), which OCPI 2.1.1 cannot say."""

from __future__ import annotations

from typing import Any

import pytest

from hub.testing import FakeCpo, FakeEmsp, FakeParty
from hub.testing.exchange import Seen
from hub.testing.roles import owned_path
from hub.testing.samples import location, now
from tests.stories.onboarding import MakeSettings, hub_with, join

OLD = "2.1.1"
EVERYBODY, DIRECT = "NL*HUB", "DE*ABC"


def told(party: FakeParty) -> list[Seen]:
    """What a party was sent about locations."""
    return [seen for seen in party.seen if seen.module == "locations" and seen.interface == "RECEIVER"]


def below(cpo: FakeParty, *ids: str) -> str:
    """The path of something of the CPO's location, or of the location itself."""
    return owned_path(cpo.parties[0], "LOC1", *ids)


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
@pytest.mark.parametrize(
    ("method", "ids"), [("PUT", ["LOC1-1"]), ("PATCH", ["LOC1-1"]), ("PATCH", ["LOC1-1", "1"]), ("PATCH", [])]
)
@pytest.mark.parametrize("to", [DIRECT, EVERYBODY])
async def test_a_part_of_a_hidden_location_that_the_hub_never_saw_does_not_reach_2_1_1(
    settings: MakeSettings, version: str, method: str, ids: list[str], to: str
) -> None:
    """Where memory has no location, its owner is asked whether it is published."""
    cpo, old = FakeCpo(version=version), FakeEmsp(version=OLD)
    async with hub_with(settings(), cpo, old) as hub:
        whole = location(version, cpo.parties[0])
        cpo.shelf.put("locations", whole | {"publish": False})
        body: Any = whole["evses"][0] if method == "PUT" else {"last_updated": now()}
        answer = await cpo.send(method, "locations", below(cpo, *ids), to=to, body=body)
        assert (answer.http, answer.status_code) == (200, 4000 if to == DIRECT else 1000)
        await hub.router.broadcast.settled()
        assert told(old) == []
        asked = [seen for seen in cpo.seen if seen.module == "locations"]
        assert [(seen.method, seen.path, seen.sender) for seen in asked] == [("GET", "/LOC1", EVERYBODY)]


@pytest.mark.parametrize("to", [DIRECT, EVERYBODY])
async def test_a_part_of_a_published_location_that_the_hub_never_saw_reaches_2_1_1(
    settings: MakeSettings, to: str
) -> None:
    cpo, old = FakeCpo(), FakeEmsp(version=OLD)
    async with hub_with(settings(), cpo, old) as hub:
        for _ in range(2):
            change = {"status": "CHARGING", "last_updated": now()}
            assert (await cpo.send("PATCH", "locations", below(cpo, "LOC1-1"), to=to, body=change)).is_success
            await hub.router.broadcast.settled()
            assert told(old)[-1].document == change
            await hub.memory.settled()
        assert len([seen for seen in cpo.seen if seen.module == "locations"]) == 1, "it is asked once"


async def test_a_part_of_a_location_that_nobody_can_be_asked_for_does_not_reach_2_1_1(settings: MakeSettings) -> None:
    cpo, old, same = FakeCpo(), FakeEmsp(version=OLD), FakeEmsp("FR*EMP")
    async with hub_with(settings(), cpo, old, same):
        cpo.shelf.own["locations"].clear()
        change = {"status": "CHARGING", "last_updated": now()}
        answer = await cpo.send("PATCH", "locations", below(cpo, "LOC1-1"), to=DIRECT, body=change)
        assert (answer.status_code, answer.status_message) == (
            4000,
            "the hub does not know this Location yet: send it with PUT first",
        )
        assert told(old) == []
        assert (await cpo.send("PATCH", "locations", below(cpo, "LOC1-1"), to="FR*EMP", body=change)).is_success


async def test_an_evse_of_a_hidden_location_is_not_shown_to_2_1_1(settings: MakeSettings) -> None:
    cpo, old = FakeCpo(), FakeEmsp(version=OLD)
    async with hub_with(settings(), cpo) as hub, old:
        await join(hub, old, counterpart="NL*TNM")
        assert (await old.send("GET", "locations", "/LOC1/LOC1-1", interface="sender")).data["uid"] == "LOC1-1"
        cpo.shelf.put("locations", location("2.2.1", cpo.parties[0], "LOC2") | {"publish": False})
        for part in ("/LOC2-1", "/LOC2-1/1"):
            refused = await old.send("GET", "locations", f"/LOC2{part}", interface="sender")
            assert (refused.status_code, refused.data) == (3000, None)
            assert "not to be published" in refused.status_message


# --- hidden after it was published -----------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("to", [DIRECT, EVERYBODY])
async def test_a_location_that_is_published_no_more_is_gone_at_2_1_1_and_comes_back(
    settings: MakeSettings, version: str, method: str, to: str
) -> None:
    """OCPI 2.1.1, locations, Flow and Life-cycle: without EVSEs that are not REMOVED it is no longer displayed."""
    cpo, old, same = FakeCpo(version=version), FakeEmsp(version=OLD), FakeEmsp("FR*EMP", version=version)
    async with hub_with(settings(), cpo, old, same) as hub:
        whole = location(version, cpo.parties[0])

        async def says(change: dict[str, Any], *ids: str, method: str = method) -> int:
            body = {**(whole if method == "PUT" else {}), **change, "last_updated": now()}
            if method == "PUT":
                cpo.shelf.put("locations", body)
            answer = await cpo.send(method, "locations", below(cpo, *ids), to=to, body=body)
            await hub.router.broadcast.settled()
            return answer.status_code

        assert await says({"publish": True}, method="PUT") == 1000
        (shown,) = told(old)
        hidden = {"publish": False, "name": "Nobody's business"}
        assert await says(hidden) == (4000 if to == DIRECT else 1000)
        gone = told(old)[-1]
        assert (gone.method, gone.path, len(told(old))) == ("PUT", below(cpo), 2)
        (evse,) = gone.document["evses"]
        assert evse["status"] == "REMOVED"
        for document in (gone.document, evse):
            assert document["last_updated"] >= shown.document["last_updated"]
        assert gone.document | {"evses": 0, "last_updated": 0} == shown.document | {"evses": 0, "last_updated": 0}

        await says({"status": "AVAILABLE"}, "LOC1-1", method="PATCH")
        await says(hidden)
        assert len(told(old)) == 2, "it is gone: nothing more is told of it"

        assert await says({"publish": True, "name": "Open again"}) == 1000
        back = told(old)[-1]
        assert (back.method, back.document["name"]) == ("PUT", "Open again")
        assert [evse["status"] for evse in back.document["evses"]] == ["AVAILABLE"]
        if to == EVERYBODY:
            assert [seen.document.get("publish") for seen in told(same)] == [True, False, None, False, True]


async def test_a_location_that_was_never_published_is_not_taken_back(settings: MakeSettings) -> None:
    """Test vector 8: 2.1.1 peers receive nothing."""
    cpo, old = FakeCpo(), FakeEmsp(version=OLD)
    async with hub_with(settings(), cpo, old) as hub:
        for to in (EVERYBODY, DIRECT, EVERYBODY, DIRECT):
            await cpo.push_location(to, publish=False)
            await hub.router.broadcast.settled()
        assert told(old) == []
