"""Every object that fake parties tell each other is what the models of its version ask for."""

from __future__ import annotations

import pytest

from hub.models import findings
from hub.testing import FakeCpo, FakeEmsp, Seen
from hub.testing.steps import Step
from hub.testing.story import roaming_story
from routing.catalogue import operation_of
from routing.message import parse_json
from routing.ocpi import Interface

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
OBJECTS = {"locations": "Location", "tariffs": "Tariff", "tokens": "Token", "sessions": "Session", "cdrs": "CDR"}


def named(seen: Seen) -> str:
    """OCPI's word for the object in a request's body; empty where it has none."""
    if seen.module == "credentials":
        return "Credentials"
    if seen.module == "results":
        return "CommandResponse" if seen.version == "2.1.1" else "CommandResult"
    operation = operation_of(seen.module, Interface(seen.interface), seen.method, seen.path) if seen.interface else None
    return operation.object_name if operation else ""


@pytest.mark.parametrize("version", VERSIONS)
async def test_all_that_is_sent_in_the_story_is_valid(version: str) -> None:
    async with FakeCpo(version=version) as cpo, FakeEmsp(version=version) as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        steps: list[Step] = []
        assert await roaming_story(cpo, emsp, steps.append)
        told = [seen for seen in (*cpo.seen, *emsp.seen) if seen.body]
        assert len(told) > 10
        for seen in told:
            assert findings(version, named(seen), parse_json(seen.body), partial=seen.method == "PATCH") == [], seen


@pytest.mark.parametrize("version", VERSIONS)
async def test_all_that_is_served_is_valid(version: str) -> None:
    async with FakeCpo(version=version) as cpo, FakeEmsp(version=version) as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        assert await roaming_story(cpo, emsp, lambda step: None)
        for party, modules in ((emsp, ("locations", "tariffs", "sessions", "cdrs")), (cpo, ("tokens",))):
            for module in modules:
                answer = await party.send("GET", module, interface="sender")
                for row in parse_json(answer.body)["data"]:
                    assert findings(version, OBJECTS[module], row) == [], row
        allowed = await cpo.authorize("DE*ABC")
        assert findings(version, "AuthorizationInfo", parse_json(allowed.body)["data"]) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_party_says_about_itself_is_valid(version: str) -> None:
    for party in (FakeCpo(version=version), FakeEmsp(version=version)):
        assert findings(version, "VersionDetails", party.serving.details(version).data) == []
        assert [findings(version, "Version", row) for row in party.serving.versions().data] == [[]]
