"""Each fault of a misbehaving party is named in the report, where it was met."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from hub.check import Verdict
from hub.check.report import step_json
from hub.testing import FakeCpo, FakeEmsp, FakeParty, Seen, Served, samples
from tests.hub.check.scene import MakeSettings, checked, connected, stock, wrong

OWNER = FakeCpo().parties[0]
TWO = {"X-Total-Count": "2", "X-Limit": "50"}
Answer = Callable[[Seen], Served]


def listed(*, data: Any = None, **headers: str | None) -> Answer:
    """A list of two locations, these headers changed or left out; an underscore stands for a hyphen."""
    objects = [samples.location("2.2.1", OWNER, f"LOC{number}") for number in (1, 2)]
    changed = {name.replace("_", "-"): text for name, text in headers.items()}
    told = {name: text for name, text in {**TWO, **changed}.items() if text is not None}
    return lambda seen: Served(data=objects if data is None else data, headers=told)


@pytest.mark.parametrize(
    ("answer", "verdict", "remark"),
    [
        (listed(), Verdict.PASS, None),
        (listed(X_Total_Count=None), Verdict.FAIL, "X-Total-Count is missing"),
        (listed(X_Limit=None), Verdict.FAIL, "X-Limit is missing"),
        (listed(X_Total_Count="many"), Verdict.FAIL, "X-Total-Count is not a whole number from 0 on"),
        (listed(X_Total_Count="1"), Verdict.FAIL, "X-Total-Count is 1, and 2 objects came so far"),
        (listed(X_Limit="1"), Verdict.FAIL, "2 objects came, and X-Limit is 1"),
        (listed(X_Total_Count="9"), Verdict.FAIL, "2 of 9 objects came, and there is no Link to the next page"),
        (
            listed(X_Total_Count="9", Link='<https://elsewhere.example/next>; rel="next"'),
            Verdict.FAIL,
            "the Link to the next page leads to another host; it was not followed",
        ),
        (listed(Link=""), Verdict.WARN, "sends an empty Link"),
        (listed(Link='<http://a.example/>; rel="prev"'), Verdict.WARN, 'sends a Link without rel="next"'),
        (listed(data={"id": "LOC1"}), Verdict.FAIL, "data is no list"),
        (listed(data=[{}, {}, {}]), Verdict.FAIL, "3 objects came, where limit=2 was asked for"),
    ],
)
async def test_each_fault_of_a_list_is_named(
    settings: MakeSettings, answer: Answer, verdict: Verdict, remark: str | None
) -> None:
    cpo = FakeCpo(modules=["locations"])
    async with connected(settings(), cpo) as (hub, platform_id):
        cpo.answers["locations"] = answer
        steps = (await checked(hub, platform_id)).steps
        (step,) = [step for step in steps if step.name == "list of locations"]
        assert step.verdict is verdict
        assert step.remarks[:1] == ((remark,) if remark else ())
        assert not any(seen.headers["Host"].startswith("elsewhere") for seen in cpo.seen)


async def test_a_list_that_leads_in_circles_is_left(settings: MakeSettings) -> None:
    cpo = FakeCpo(modules=["locations"])
    async with connected(settings(), cpo) as (hub, platform_id):
        cpo.answers["locations"] = listed(
            X_Total_Count="9", Link=f'<{cpo.base_url}/ocpi/2.2.1/sender/locations>; rel="next"'
        )
        found = wrong(await checked(hub, platform_id))
        assert "2 objects of an earlier page came again" in found["locations list of locations, page 2"][1]
        assert "locations list of locations, page 3" not in found


@pytest.mark.parametrize(
    ("fault", "place", "remark"),
    [
        ("garbage", "tariffs list of tariffs", "Content-Type is text/html, not application/json"),
        ("empty", "tariffs list of tariffs", "has no body, where the OCPI response format is due"),
        ("redirect", "tariffs list of tariffs", "redirects (HTTP 307)"),
        ("closed", "tariffs list of tariffs", "the receiver's answer broke off"),
        ("truncated", "tariffs list of tariffs", "the receiver's answer broke off"),
        ("http-401", "tariffs list of tariffs", "rejects the hub's credentials token with HTTP 401"),
        ("http-429", "tariffs list of tariffs", "asks to slow down"),
        ("http-500", "tariffs list of tariffs", "fails with HTTP 500"),
        ("ocpi-2001", "tariffs list of tariffs", "OCPI 2001 (as ordered), where 1000 is expected"),
        ("ocpi-500", "tariffs list of tariffs", "fails with HTTP 500"),
        ("empty-link", "tariffs list of tariffs", "sends an empty Link"),
        ("no-routing-headers", "tariffs list of tariffs", "OCPI-to-country-code and OCPI-to-party-id are missing"),
        ("wrapped-list", "locations one Location", "a list came, where one object belongs"),
        (
            "ocpi-3000",
            "locations something unknown in locations",
            "OCPI 3000: fails, where something just does",
        ),
        ("http-404", "tokens something unknown in tokens", "no OCPI envelope"),
        ("ocpi-2003", "locations something unknown in locations", "HTTP 200, where 404 should be answered"),
        ("bad-token-3000", "versions versions with a wrong token", "answers HTTP 200 to a token that was never given"),
    ],
)
async def test_each_fault_is_named_where_it_is_met(settings: MakeSettings, fault: str, place: str, remark: str) -> None:
    cpo = FakeCpo(modules=["locations", "tariffs", "tokens"])
    async with connected(settings(), cpo) as (hub, platform_id):
        module = None if fault == "bad-token-3000" else place.split(" ", maxsplit=1)[0]
        cpo.misbehave(fault, module=module)
        verdict, remarks = wrong(await checked(hub, platform_id))[place]
        assert any(text.startswith(remark) for text in remarks), (verdict, remarks)


def changed(module: str, **changes: Any) -> Callable[[FakeParty], None]:
    """An object of the party's with these fields; None leaves one out."""

    def change(party: FakeParty) -> None:
        (document,) = party.shelf.own[module].values()
        document.update(changes)
        for name, value in changes.items():
            if value is None:
                del document[name]

    return change


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
@pytest.mark.parametrize(
    ("change", "remark"),
    [
        (changed("tariffs", currency=None), "Tariff, currency: is required"),
        (changed("tariffs", last_updated="yesterday"), "Tariff, last_updated: must be a time in UTC"),
        (changed("tariffs", elements="none"), "Tariff, elements: must be a list"),
    ],
)
async def test_what_is_wrong_with_an_object_is_told_by_field(
    settings: MakeSettings, version: str, change: Callable[[FakeParty], None], remark: str
) -> None:
    cpo = FakeCpo(version=version, modules=["tariffs"])
    async with connected(settings(), cpo) as (hub, platform_id):
        change(cpo)
        if "last_updated" in remark:  # the fake itself cannot sort by such a time
            cpo.answers["tariffs"] = listed(data=list(cpo.shelf.own["tariffs"].values()), X_Total_Count="1")
        verdict, remarks = wrong(await checked(hub, platform_id))["tariffs list of tariffs"]
        assert verdict is Verdict.FAIL
        assert any(text.startswith(remark) for text in remarks), remarks


async def test_an_object_of_somebody_elses_is_told(settings: MakeSettings) -> None:
    cpo = FakeCpo(modules=["tariffs"])
    async with connected(settings(), cpo) as (hub, platform_id):
        changed("tariffs", party_id="XXX")(cpo)
        verdict, remarks = wrong(await checked(hub, platform_id))["tariffs list of tariffs"]
        assert (verdict, remarks) == (
            Verdict.WARN,
            ("1 objects belong to a party that is not in the credentials roles",),
        )


async def test_a_date_filter_that_is_not_obeyed_is_told(settings: MakeSettings) -> None:
    cpo = FakeCpo(modules=["locations"])
    async with connected(settings(), cpo) as (hub, platform_id):
        cpo.answers["locations"] = listed()
        found = wrong(await checked(hub, platform_id))
        assert (
            "date_from is not obeyed: objects came that are older"
            in found["locations list of locations, nothing newer"][1]
        )


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1"])
async def test_an_emsp_that_allows_a_token_that_nobody_has_is_told(settings: MakeSettings, version: str) -> None:
    emsp = FakeEmsp(version=version, modules=["tokens"])
    async with connected(settings(), emsp) as (hub, platform_id):
        emsp.answers["tokens"] = lambda seen: Served(data={"allowed": "ALLOWED"})
        verdict, remarks = wrong(await checked(hub, platform_id))["tokens authorization of an unknown token"]
        assert verdict is Verdict.FAIL
        assert "a token that nobody has is allowed to charge" in remarks


async def test_an_answer_with_another_requests_ids_is_told(settings: MakeSettings) -> None:
    cpo = FakeCpo(modules=["tariffs"])
    async with connected(settings(), cpo) as (hub, platform_id):
        cpo.misbehave("ocpi-2000", module="tariffs")  # a canned answer has no ids at all
        remarks = wrong(await checked(hub, platform_id))["tariffs list of tariffs"][1]
        assert {"X-Request-ID is missing from the answer", "X-Correlation-ID is missing from the answer"} <= {*remarks}


async def test_endpoints_and_roles_that_changed_since_the_registration_are_told(settings: MakeSettings) -> None:
    cpo = FakeCpo(modules=["tariffs"])
    async with connected(settings(), cpo) as (hub, platform_id):
        cpo.modules = ["tariffs", "locations"]
        found = wrong(await checked(hub, platform_id))
        assert found["versions version details"] == (
            Verdict.WARN,
            ("locations SENDER is new since the platform registered: it has to PUT credentials",),
        )


async def test_a_party_that_is_gone_is_not_asked_on_and_on(settings: MakeSettings) -> None:
    cpo = FakeCpo()
    async with connected(settings(), cpo) as (hub, platform_id):
        await cpo.stop()
        report = await checked(hub, platform_id)
        assert report.status == "done"
        assert report.steps[0].verdict is Verdict.FAIL
        assert report.steps[0].came == "no usable answer: the receiver does not accept connections"
        assert {step.came for step in report.steps[3:]} == {"not tried: the platform cannot be reached"}


async def test_no_token_and_nothing_personal_is_in_a_report(settings: MakeSettings) -> None:
    emsp = FakeEmsp()
    async with connected(settings(), emsp) as (hub, platform_id):
        emsp.shelf.put("tokens", {**samples.token("2.2.1", emsp.parties[0], "SECRET-CARD-1"), "valid": "perhaps"})
        report = await checked(hub, platform_id)
        assert report.verdict is Verdict.FAIL
        text = json.dumps([step_json(step) for step in report.steps])
        for secret in (emsp.handshakes.token_out, emsp.handshakes.token_in, "SECRET-CARD-1"):
            assert secret
            assert secret not in text


async def test_a_hundred_mistakes_of_a_page_are_not_told_one_by_one(settings: MakeSettings) -> None:
    cpo = FakeCpo(modules=["tariffs"])
    stock(cpo)
    async with connected(settings(), cpo) as (hub, platform_id):
        broken = {"id": "T", "elements": [{"price_components": [{"type": 1}] * 100}]}
        cpo.answers["tariffs"] = listed(data=[broken], X_Total_Count="1")
        remarks = wrong(await checked(hub, platform_id))["tariffs list of tariffs"][1]
        assert len(remarks) < 20
        assert any("more mistakes" in text for text in remarks)
