"""What translation lost is told: in the journal, message by message, and counted; personal data never shows."""

from __future__ import annotations

from hub.testing import FakeCpo, FakeEmsp
from hub.testing.samples import cdr, location
from tests.stories.onboarding import MakeSettings, hub_with, join, losses, set_quirks

OLD = "2.1.1"


async def test_a_receipt_has_the_old_and_the_new_value_and_no_card(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp(version=OLD)
    async with hub_with(settings(), cpo, emsp) as hub:
        where = {"latitude": "52.0116001", "longitude": "4.359200"}
        sent = await cpo.push_location("DE*ABC", state="Zuid-Holland", coordinates=where)
        found = {loss["field"]: loss for loss in await losses(hub, correlation_id=sent.headers["X-Correlation-ID"])}
        assert (found["state"]["what"], found["state"]["old"]) == ("dropped", "Zuid-Holland")
        latitude = found["coordinates.latitude"]
        assert (latitude["what"], latitude["old"], latitude["new"]) == ("approximated", "52.0116001", "52.011600")
        assert (found["type"]["what"], found["type"]["new"]) == ("defaulted", "UNKNOWN")
        driven = await cpo.push_session("DE*ABC", emsp.parties[0])
        receipt = str(await losses(hub, correlation_id=driven.headers["X-Correlation-ID"]))
        assert "cdr_token" in receipt
        assert "012345678" not in receipt
        counted = 'ocpi_hub_translation_losses_total{module="locations",what="dropped"}'
        assert counted in hub.metrics.rendered().decode()


async def test_what_the_answer_lost_is_on_the_receipt_too(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(version="2.3.0"), FakeEmsp()
    async with hub_with(settings(), cpo, emsp) as hub:
        cpo.shelf.put("locations", {**location("2.3.0", cpo.parties[0]), "help_phone": "+31 15 1234567"})
        asked = await emsp.send("GET", "locations", to="NL*TNM", interface="sender")
        assert asked.is_success
        found = await losses(hub, correlation_id=asked.headers["X-Correlation-ID"])
        assert [(loss["field"], loss["what"]) for loss in found] == [("help_phone", "dropped")]


async def test_signed_data_are_lost_with_a_receipt_or_the_cdr_is_refused(settings: MakeSettings) -> None:
    """Calibration law: without them the driver cannot check what the meter said, so an admin may refuse that."""
    cpo, emsp = FakeCpo(), FakeEmsp(version=OLD)
    async with hub_with(settings(), cpo) as hub, emsp:
        platform = await join(hub, emsp)
        values = [{"nature": "End", "plain_data": "IT=CARD;ID=7777", "signed_data": "c2lnbmVk"}]
        body = {
            **cdr("2.2.1", cpo.parties[0], emsp.parties[0]),
            "signed_data": {"encoding_method": "OCMF", "signed_values": values},
        }
        sent = await cpo.send("POST", "cdrs", to="DE*ABC", body=body)
        assert sent.is_success
        assert "signed_data" not in emsp.seen[-1].document
        found = {loss["field"]: loss for loss in await losses(hub, correlation_id=sent.headers["X-Correlation-ID"])}
        assert found["signed_data"]["what"] == "dropped"
        assert "OCMF" in found["signed_data"]["old"]
        assert "7777" not in str(found)
        await set_quirks(hub, platform, refuse_unsigned=True)
        refused = await cpo.send("POST", "cdrs", to="DE*ABC", body={**body, "id": "CDR2"})
        assert (refused.http, refused.status_code) == (200, 4000)
        assert emsp.seen[-1].document["id"] == "CDR1"


async def test_between_equal_versions_bytes_pass_and_there_is_no_receipt(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(), FakeEmsp()
    async with hub_with(settings(), cpo, emsp) as hub:
        body = b'{ "id":"LOC1",  "custom": [1.10, 1e3], "name":"x" }'
        sent = await cpo.send("PUT", "locations", "/NL/TNM/LOC1", to="DE*ABC", body=body)
        assert sent.is_success
        assert emsp.seen[-1].body == body
        assert await losses(hub, correlation_id=sent.headers["X-Correlation-ID"]) == []
