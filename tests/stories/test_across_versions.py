"""What crosses versions through the real doors: broadcasts, unknown tokens, prices, pages (see `test_version_pairs`).

The test vectors are those of OCPI version translation, section 13; the other ones are in `test_missing_objects`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from itertools import product

import pytest

from hub.config import Settings
from hub.testing import FakeCpo, FakeEmsp
from hub.testing.roles import owned_path
from hub.testing.samples import cdr, location, now, tariff
from routing.message import parse_json
from routing.ocpi import VERSIONS
from tests.stories.onboarding import MakeSettings, hub_with, join, losses, meet

OLD = "2.1.1"


# --- broadcasts ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", VERSIONS)
async def test_a_broadcast_reaches_each_receiver_in_its_own_version(settings: MakeSettings, version: str) -> None:
    cpo = FakeCpo(version=version)
    emsps = [FakeEmsp(f"DE*A0{number}", version=spoken) for number, spoken in enumerate(VERSIONS)]
    async with hub_with(settings(), cpo, *emsps) as hub:
        to = None if version == OLD else "NL*HUB"
        assert (await cpo.push_location(to)).is_success
        assert (await cpo.push_tariff(to)).is_success
        for emsp in emsps:
            await emsp.saw(method="PUT", module="tariffs", timeout_s=20)
            pushed = (await emsp.saw(method="PUT", module="locations", timeout_s=20))[0]
            assert pushed.path == "/NL/TNM/LOC1"
            is_old = emsp.version.number == OLD
            assert ("publish" in pushed.document) is not is_old
            connector = pushed.document["evses"][0]["connectors"][0]
            assert connector["voltage" if is_old else "max_voltage"] == 230
        new = (await emsps[2].saw(method="PUT", module="tariffs"))[0].document
        assert new["tax_included"] == "NO"
        change = {"max_voltage" if version != OLD else "voltage": 400, "last_updated": now()}
        connector = owned_path(cpo.parties[0], "LOC1", "LOC1-1", "1")
        assert (await cpo.send("PATCH", "locations", connector, to=to, body=change)).is_success
        for emsp in emsps:
            patched = (await emsp.saw(method="PATCH", module="locations", timeout_s=20))[0]
            assert patched.path == connector
            name = "voltage" if emsp.version.number == OLD else "max_voltage"
            assert patched.document == {name: 400, "last_updated": change["last_updated"]}
        await hub.router.broadcast.settled()


async def test_a_location_that_is_not_to_be_published_never_reaches_2_1_1(settings: MakeSettings) -> None:
    """Test vector 8."""
    cpo = FakeCpo()
    old, same, new = (FakeEmsp(f"DE*A0{number}", version=spoken) for number, spoken in enumerate(VERSIONS))
    async with hub_with(settings(), cpo, old, same, new) as hub:
        answer = await cpo.push_location("NL*HUB", publish=False)
        assert answer.is_success
        for emsp in (same, new):
            seen = await emsp.saw(method="PUT", module="locations", timeout_s=20)
            assert seen[0].document["publish"] is False
        await hub.router.broadcast.settled()
        assert not [seen for seen in old.seen if seen.interface]
        direct = await cpo.push_location("DE*A00", publish=False)
        assert (direct.http, direct.status_code) == (200, 4000)
        assert not [seen for seen in old.seen if seen.interface]


async def test_a_tariff_that_2_1_1_can_no_longer_be_told_is_withdrawn(settings: MakeSettings) -> None:
    cpo, old, same = FakeCpo(), FakeEmsp(version=OLD), FakeEmsp("FR*EMP")
    path = owned_path(cpo.parties[0], "TAR1")
    later = {**tariff("2.2.1", cpo.parties[0]), "type": "AD_HOC_PAYMENT"}
    async with hub_with(settings(), cpo, old, same) as hub:
        for count, to in enumerate(("DE*ABC", "NL*HUB"), start=1):
            assert (await cpo.push_tariff(to)).is_success
            await old.saw(method="PUT", module="tariffs", count=count, timeout_s=20)
            told = await cpo.send("PUT", "tariffs", path, to=to, body=later)
            assert (told.http, told.status_code) == (200, 4000 if to == "DE*ABC" else 1000)
            gone = await old.saw(method="DELETE", module="tariffs", count=count, timeout_s=20)
            assert [seen.path for seen in gone] == [path] * count
        assert (await same.saw(module="tariffs", count=1, timeout_s=20))[-1].method == "PUT"
        await hub.router.broadcast.settled()
        assert same.seen[-1].document["type"] == "AD_HOC_PAYMENT"
        assert not [seen for seen in old.seen if seen.body and b"AD_HOC" in seen.body]


# --- prices ----------------------------------------------------------------------------------------------------------


async def test_a_price_with_vat_comes_back_from_2_3_0_as_it_went(settings: MakeSettings) -> None:
    """Test vector 3."""
    cpo, emsp = FakeCpo(), FakeEmsp(version="2.3.0")
    async with hub_with(settings(), cpo, emsp):
        sent = {**cdr("2.2.1", cpo.parties[0], emsp.parties[0]), "total_cost": {"excl_vat": 4.0, "incl_vat": 4.4}}
        posted = await cpo.send("POST", "cdrs", to="DE*ABC", body=sent)
        assert posted.is_success
        arrived = parse_json(emsp.seen[-1].body)["total_cost"]
        assert arrived == {"before_taxes": Decimal("4.0"), "taxes": [{"name": "VAT", "amount": Decimal("0.4")}]}
        back = await cpo.send("GET", "cdrs", url=posted.headers["Location"], to="DE*ABC")
        assert parse_json(back.body)["data"]["total_cost"] == {"excl_vat": Decimal("4.0"), "incl_vat": Decimal("4.4")}


async def test_two_taxes_become_one_sum(settings: MakeSettings) -> None:
    """Test vector 4."""
    cpo, emsp = FakeCpo(version="2.3.0"), FakeEmsp()
    async with hub_with(settings(), cpo, emsp) as hub:
        taxes = [{"name": "QST", "amount": 0.998}, {"name": "GST", "amount": 0.5}]
        sent = {**cdr("2.3.0", cpo.parties[0], emsp.parties[0]), "total_cost": {"before_taxes": 10, "taxes": taxes}}
        posted = await cpo.send("POST", "cdrs", to="DE*ABC", body=sent)
        assert posted.is_success
        assert parse_json(emsp.seen[-1].body)["total_cost"] == {"excl_vat": 10, "incl_vat": Decimal("11.498")}
        found = await losses(hub, correlation_id=posted.headers["X-Correlation-ID"])
        assert [(loss["field"], loss["what"]) for loss in found] == [("total_cost.taxes", "dropped")]


async def test_a_gross_price_without_rate_is_refused(settings: MakeSettings) -> None:
    """Test vector 5."""
    cpo, emsp = FakeCpo(version="2.3.0"), FakeEmsp()
    async with hub_with(settings(), cpo, emsp):
        component = {"type": "ENERGY", "price": 2.10, "step_size": 1}
        gross = {
            **tariff("2.3.0", cpo.parties[0]),
            "tax_included": "YES",
            "elements": [{"price_components": [component]}],
        }
        refused = await cpo.send("PUT", "tariffs", owned_path(cpo.parties[0], "TAR1"), to="DE*ABC", body=gross)
        assert (refused.http, refused.status_code) == (200, 4000)
        assert "price" in refused.status_message
        assert not [seen for seen in emsp.seen if seen.method == "PUT"]


# --- every pair of versions ------------------------------------------------------------------------------------------


@asynccontextmanager
async def every_pair(settings: Settings) -> AsyncIterator[list[tuple[FakeCpo, FakeEmsp]]]:
    """CPOs and eMSPs of each version; the eMSP that cannot name a CPO has a connection for each."""
    cpos = [FakeCpo(f"NL*CP{number}", version=version) for number, version in enumerate(VERSIONS)]
    emsps = [FakeEmsp(f"DE*EM{number}", version=version) for number, version in enumerate(VERSIONS) if version != OLD]
    async with hub_with(settings, *cpos, *emsps) as hub, AsyncExitStack() as stack:
        pairs = list(product(cpos, emsps))
        for cpo in cpos:
            old = await stack.enter_async_context(FakeEmsp("DE*OLD", version=OLD))
            await join(hub, old, counterpart=str(cpo.parties[0]))
            pairs.append((cpo, old))
        yield pairs


async def test_an_unknown_token_is_unknown_in_every_version(settings: MakeSettings) -> None:
    """Test vector 9: HTTP 404 and 2004; 2.1.1 has no 2004 and says 2000."""
    async with every_pair(settings()) as pairs:
        for cpo, emsp in pairs:
            answer = await cpo.authorize(str(emsp.parties[0]), uid="NOBODYS")
            assert (answer.http, answer.status_code) == (404, 2000 if cpo.version.number == OLD else 2004)


async def test_pages_keep_their_offsets_where_items_are_left_out(settings: MakeSettings) -> None:
    async with every_pair(settings()) as pairs:
        for cpo, emsp in pairs:
            for number in range(2, 6):
                cpo.shelf.put("locations", location(cpo.version.number, cpo.parties[0], f"LOC{number}"))
            if cpo.version.number != OLD:
                cpo.shelf.own["locations"]["LOC3"]["publish"] = False
            pages = [page async for page in emsp.pages("locations", to=str(cpo.parties[0]), query="limit=2")]
            found = [[row["id"] for row in page.data] for page in pages]
            is_hidden = emsp.version.number == OLD != cpo.version.number
            assert found == [["LOC1", "LOC2"], ["LOC4"] if is_hidden else ["LOC3", "LOC4"], ["LOC5"]]
            assert {page.headers["X-Total-Count"] for page in pages} == {"5"}


# --- ids and numbers -------------------------------------------------------------------------------------------------


async def test_an_id_that_is_too_long_is_refused_and_not_cut(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(version=OLD), FakeEmsp()
    async with hub_with(settings()) as hub, cpo, emsp:
        await meet(hub, cpo, emsp)
        refused = await cpo.push_location(None, "L" * 37)
        assert (refused.http, refused.status_code) == (200, 3000)
        assert "36" in refused.status_message
        assert not [seen for seen in emsp.seen if seen.interface]


async def test_decimals_keep_their_digits(settings: MakeSettings) -> None:
    cpo, emsp = FakeCpo(version=OLD), FakeEmsp(version="2.3.0")
    async with hub_with(settings()) as hub, cpo, emsp:
        await meet(hub, cpo, emsp)
        made = cdr(OLD, cpo.parties[0], emsp.parties[0])
        text = b'"total_cost": 12345678901234567.1234, "total_energy": 10.5000'
        made.pop("total_cost"), made.pop("total_energy")
        body = json.dumps(made).encode()[:-1] + b", " + text + b"}"
        assert (await cpo.send("POST", "cdrs", body=body)).is_success
        arrived = emsp.seen[-1].body
        assert b'"before_taxes":12345678901234567.1234' in arrived
        assert b'"total_energy":10.5000' in arrived
