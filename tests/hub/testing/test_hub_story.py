"""The hub's story tells what goes wrong, and goes on; `tests/hub/cli/test_demo.py` has it with a real hub."""

from __future__ import annotations

from hub.testing import FakeCpo, FakeEmsp
from hub.testing.hub_story import able, hub_story
from hub.testing.steps import Step


async def test_a_peer_that_is_no_hub_fails_each_step_that_only_a_hub_can_do() -> None:
    async with FakeCpo() as cpo, FakeEmsp() as emsp, FakeCpo("BE*OTH") as other:
        await cpo.register(emsp.versions_url, emsp.invite())
        steps: list[Step] = []
        assert not await hub_story([cpo, other], [emsp], steps.append, timeout_s=0.05)
        wrong = {step.name: step.detail for step in reversed(steps) if not step.ok}  # the first of each name
        assert wrong["who is there"].startswith("LookupError: no endpoint for hubclientinfo")
        assert wrong["broadcast: a location"] == "the copy of DE*ABC is from NL*TNM to NL*HUB"
        assert wrong["GET All"].startswith("MALL of BE*OTH is missing"), "one CPO shows its own alone"
        assert wrong["DE*ABC went offline"].startswith("Client")  # refused, or a kept connection reset
        assert wrong["everybody is told"].startswith("TimeoutError")
        assert steps[-1].name == "called again"


def test_only_who_can_name_the_hub_takes_part() -> None:
    parties = [FakeCpo(version=version) for version in ("2.1.1", "2.2.1", "2.3.0")]
    assert able(parties) == parties[1:]
