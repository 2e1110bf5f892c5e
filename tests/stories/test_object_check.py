"""What parties send is checked beside the route; where an admin wants it, what is wrong is refused before that."""

from __future__ import annotations

from typing import Any

import pytest

from hub.testing import FakeCpo, FakeEmsp
from hub.testing.roles import owned_path
from hub.testing.samples import location, now, session
from tests.stories.onboarding import MakeSettings, findings_of, hub_with, join, set_quirks

FAR_TOO_LONG = "X" * 300


def rules(found: Any) -> list[tuple[str, str, str, int]]:
    return [(row.mistake.object_name, row.mistake.field, row.mistake.rule, row.count) for row in found]


async def test_a_mistake_is_delivered_all_the_same_and_counted_with_an_example(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        platform = await join(hub, cpo)
        wrong = location("2.2.1", cpo.parties[0])
        wrong["evses"][0]["connectors"][0] |= {"format": "PLUG", "max_voltage": "230"}
        for _ in range(3):
            sent = await cpo.send("PUT", "locations", owned_path(cpo.parties[0], "LOC1"), to="DE*ABC", body=wrong)
            assert sent.is_success
        assert emsp.seen[-1].document == wrong
        found = await findings_of(hub, platform)
        assert rules(found) == [
            ("Location", "evses[].connectors[].format", "not_in_enum", 3),
            ("Location", "evses[].connectors[].max_voltage", "wrong_type", 3),
        ]
        assert (found[0].mistake.party, found[0].mistake.version) == ("NL*TNM", "2.2.1")
        assert found[0].example["field"] == "evses[0].connectors[0].format"
        assert '"format":"PLUG"' in found[0].example["object"]
        assert 'ocpi_hub_findings_total{module="locations"} 6.0' in hub.metrics.rendered().decode().splitlines()


async def test_a_valid_object_leaves_no_finding(settings: MakeSettings) -> None:
    cpo = FakeCpo()
    async with hub_with(settings(), FakeEmsp()) as hub, cpo:
        platform = await join(hub, cpo)
        assert (await cpo.push_location("DE*ABC")).is_success
        assert await findings_of(hub, platform) == []
        assert hub.inspection.checked >= 1


async def test_a_patch_is_checked_for_what_it_says_only(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        platform = await join(hub, cpo)
        body = {"name": FAR_TOO_LONG, "last_updated": now()}
        await cpo.send("PATCH", "locations", owned_path(cpo.parties[0], "LOC1"), to="DE*ABC", body=body)
        assert rules(await findings_of(hub, platform)) == [("Location", "name", "too_long", 1)]


async def test_the_objects_in_a_list_that_was_asked_for_are_checked_too(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        platform = await join(hub, cpo)
        cpo.shelf.put("locations", {**location("2.2.1", cpo.parties[0], "LOC9"), "country": "NL"})
        answer = await emsp.send("GET", "locations", to="NL*TNM", interface="sender")
        assert answer.is_success
        assert rules(await findings_of(hub, platform)) == [("Location", "country", "too_short", 1)]


async def test_a_response_without_timestamp_is_a_finding_of_the_one_who_answered(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo) as hub, emsp:
        platform = await join(hub, emsp)
        emsp.misbehave("no-timestamp")
        assert (await cpo.push_location("DE*ABC")).is_success
        assert rules(await findings_of(hub, platform)) == [("Response", "timestamp", "missing", 1)]


async def test_no_card_shows_in_an_example(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        platform = await join(hub, cpo)
        wrong = session("2.2.1", cpo.parties[0], emsp.parties[0])
        wrong["cdr_token"] |= {"type": "PLASTIC", "uid": "CARD-77777", "contract_id": "CONTRACT-88888"}
        await cpo.send("PUT", "sessions", owned_path(cpo.parties[0], "SES1"), to="DE*ABC", body=wrong)
        found = await findings_of(hub, platform)
        assert rules(found) == [("Session", "cdr_token.type", "not_in_enum", 1)]
        assert "PLASTIC" in found[0].example["object"]
        assert "77777" not in str(found)
        assert "88888" not in str(found)


async def test_off_looks_at_nothing(settings: MakeSettings) -> None:
    cpo = FakeCpo()
    async with hub_with(settings(), FakeEmsp()) as hub, cpo:
        platform = await join(hub, cpo)
        await set_quirks(hub, platform, check="off")
        await cpo.push_location("DE*ABC", name=FAR_TOO_LONG)
        assert await findings_of(hub, platform) == []


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
async def test_enforce_answers_2001_naming_the_field_and_forwards_nothing(settings: MakeSettings, version: str) -> None:
    cpo, emsp = FakeCpo(version=version), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        platform = await join(hub, cpo)
        await set_quirks(hub, platform, check="enforce")
        before = len(emsp.seen)
        refused = await cpo.push_location("DE*ABC", city=FAR_TOO_LONG)
        assert (refused.http, refused.status_code) == (200, 2001)
        assert refused.status_message == "Location: city may have at most 45 characters"
        assert len(emsp.seen) == before
        assert rules(await findings_of(hub, platform)) == [("Location", "city", "too_long", 1)]
        assert (await cpo.push_location("DE*ABC")).is_success


async def test_enforce_lets_a_patch_and_a_result_pass_that_are_valid(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), emsp) as hub, cpo:
        platform = await join(hub, cpo)
        await set_quirks(hub, platform, check="enforce")
        body = {"kwh": 3, "last_updated": now()}
        patched = await cpo.send("PATCH", "sessions", owned_path(cpo.parties[0], "SES1"), to="DE*ABC", body=body)
        assert patched.is_success
        assert (await (await emsp.start_session("NL*TNM")).result()) == {"result": "ACCEPTED"}
        cpo.result = "PERHAPS"
        ordered = await emsp.stop_session("NL*TNM")
        await cpo.afterwards.settled()
        with pytest.raises(TimeoutError):
            await ordered.result(0.1)


def with_twins(version: str, cpo: FakeCpo) -> Any:
    whole = location(version, cpo.parties[0])
    return {**whole, "evses": [{**whole["evses"][0], "uid": uid} for uid in ("E1", "e1")]}


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_enforce_refuses_two_evses_that_differ_only_by_case(settings: MakeSettings, version: str) -> None:
    """EVSE.uid is a CiString, and identifies the EVSE (OCPI 2.2.1, locations, EVSE)."""
    cpo = FakeCpo(version=version)
    async with hub_with(settings(), FakeEmsp(version=version)) as hub, cpo:
        platform = await join(hub, cpo)
        await set_quirks(hub, platform, check="enforce")
        path, body = owned_path(cpo.parties[0], "LOC1"), with_twins(version, cpo)
        refused = await cpo.send("PUT", "locations", path, to="DE*ABC", body=body)
        assert (refused.http, refused.status_code) == (200, 2001)
        assert refused.status_message == (
            "Location: evses[1].uid must not be that of another one in the same list, letter case aside"
        )


async def test_two_evses_that_differ_only_by_case_stay_in_2_1_1(settings: MakeSettings) -> None:
    """Types of 2.1.1, string: it has case. Nothing is wrong with them there, and nothing newer can hold them."""
    cpo, old, new = FakeCpo(version="2.1.1"), FakeEmsp("DE*OLD", version="2.1.1"), FakeEmsp("DE*NEW")
    async with hub_with(settings(), old, new) as hub, cpo:
        platform = await join(hub, cpo)
        await set_quirks(hub, platform, check="enforce")
        path, body = owned_path(cpo.parties[0], "LOC1"), with_twins("2.1.1", cpo)
        assert (await cpo.send("PUT", "locations", path, body=body)).is_success
        assert (await old.saw(method="PUT", module="locations"))[0].document == body
        await hub.router.broadcast.settled()
        assert not [seen for seen in new.seen if seen.module == "locations"]
        assert await findings_of(hub, platform) == []
