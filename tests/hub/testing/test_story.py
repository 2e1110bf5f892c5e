"""The roaming story between two fakes that are each other's peer, and that it tells what went wrong."""

from __future__ import annotations

import pytest

from hub.testing import FakeCpo, FakeEmsp
from hub.testing.steps import Step
from hub.testing.story import charge, publish, roaming_story, who_is_connected


async def told(cpo: FakeCpo, emsp: FakeEmsp) -> tuple[bool, list[Step]]:
    """The story between these two, and its steps."""
    if not cpo.peer.versions_url:
        await cpo.register(emsp.versions_url, emsp.invite())
    steps: list[Step] = []
    return await roaming_story(cpo, emsp, steps.append, timeout_s=0.5), steps


@pytest.mark.parametrize(("version", "count"), [("2.1.1", 12), ("2.2.1", 13), ("2.3.0", 13)])
async def test_the_whole_story_runs_between_two_peers(version: str, count: int) -> None:
    async with FakeCpo(version=version) as cpo, FakeEmsp(version=version) as emsp:
        is_good, steps = await told(cpo, emsp)
        assert [step for step in steps if not step.ok] == []
        assert is_good
        assert [step.number for step in steps] == list(range(1, count + 1))
        assert cpo.afterwards.failures == emsp.afterwards.failures == []
        assert emsp.shelf.received["sessions"]["NL", "TNM", "SES1"]["status"] == "COMPLETED"


async def test_the_story_can_be_told_again() -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        assert (await told(cpo, emsp))[0]
        assert (await told(cpo, emsp))[0]


@pytest.mark.parametrize(
    ("fault", "module", "who", "failed"),
    [
        ("http-500", "tariffs", "emsp", ["tariff"]),
        ("ocpi-2001", "tokens", "cpo", ["token"]),
        ("empty", "cdrs", "emsp", ["CDR"]),
        ("garbage", "commands", "cpo", ["start", "stop"]),
        ("http-401", "results", "emsp", []),
        ("patch-unsupported", "sessions", "emsp", ["session goes on"]),
    ],
)
async def test_a_step_that_went_wrong_is_told_and_the_story_goes_on(
    fault: str, module: str, who: str, failed: list[str]
) -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        {"cpo": cpo, "emsp": emsp}[who].misbehave(fault, module=module)
        is_good, steps = await told(cpo, emsp)
        wrong = [step.name for step in steps if not step.ok]
        assert wrong == (failed or ["start", "charging profile", "stop"])  # no result came back
        assert not is_good
        assert steps[-1].name.startswith("CDR")


async def test_a_list_in_place_of_an_object_is_told_as_that() -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp:
        emsp.misbehave("wrapped-list", module="tokens")
        _, steps = await told(cpo, emsp)
        (wrong,) = [step for step in steps if not step.ok]
        assert wrong.detail.startswith("ValueError: an object is expected as data, got [{'allowed': 'ALLOWED'")


async def test_a_peer_that_answers_but_lost_the_object_is_found_out() -> None:
    """Only what the other side says it saw counts, not that the answer was friendly."""
    async with FakeCpo() as cpo, FakeEmsp() as emsp, FakeEmsp("FR*LOS") as other:
        await cpo.register(other.versions_url, other.invite())
        steps: list[Step] = []
        assert not await roaming_story(cpo, emsp, steps.append, timeout_s=0.05)
        assert steps[0].detail.startswith("it did not arrive: 1 matching requests expected")
        assert (steps[0].http_status, steps[0].ocpi_code) == (201, 1000)


async def test_chapters_can_be_chosen_and_added() -> None:
    async with FakeCpo() as cpo, FakeEmsp(modules=("locations", "tokens", "sessions", "tariffs", "commands")) as emsp:
        await cpo.register(emsp.versions_url, emsp.invite())
        steps: list[Step] = []
        await roaming_story(cpo, emsp, steps.append, "NL*HUB", chapters=(who_is_connected, publish, charge))
        assert steps[0].receiver == "NL*HUB"
        assert steps[0].detail.startswith("LookupError: no endpoint for hubclientinfo")  # a CPO is no hub
        assert [step.ok for step in steps[1:6]] == [True] * 5
