"""The test vectors of the design, section 13, as far as they are the bridge's (10 is the door's alone)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from routing.bridge import Untranslatable, translate, translate_answer, translate_request
from tests.routing.bridge.messages import R, S, answer, request, sent
from tests.routing.bridge.samples import (
    LOCATION_221,
    PERIODS,
    SESSION_211,
    SESSION_221,
    START_221,
    TARIFF_230,
    THIRD,
    TOKEN_221,
    UPDATED,
    D,
)
from tests.routing.bridge.surroundings import NOW, context

STORED = {"Session BE/BEC/S1": SESSION_221}


def test_1_one_new_period_reaches_2_1_1_as_the_whole_list() -> None:
    patch = request("2.2.1", R, "PATCH", "sessions/BE/BEC/S1", {"charging_periods": [THIRD], "last_updated": UPDATED})
    out, receipt = translate_request(patch, target_version="2.1.1", context=context("Session", STORED))
    assert out.method == "PATCH"
    assert sent(out) == {"charging_periods": [*PERIODS, THIRD], "last_updated": UPDATED}
    assert not receipt


def test_2_of_three_periods_only_the_new_one_reaches_2_2_1() -> None:
    body = {"charging_periods": [*PERIODS, THIRD], "last_updated": UPDATED}
    patch = request("2.1.1", R, "PATCH", "sessions/BE/BEC/S1", body)
    out, receipt = translate_request(patch, target_version="2.2.1", context=context("Session", STORED))
    assert out.method == "PATCH"
    assert sent(out) == {"charging_periods": [THIRD], "last_updated": UPDATED}
    assert not receipt


def test_3_a_price_with_vat_comes_back_from_2_3_0_digit_by_digit() -> None:
    given = {**SESSION_221, "total_cost": {"excl_vat": D("4.00"), "incl_vat": D("4.40")}}
    up, _ = translate("Session", given, source="2.2.1", target="2.3.0", context=context("Session"))
    down, receipt = translate("Session", up, source="2.3.0", target="2.2.1", context=context("Session"))
    assert down == given
    assert str(down["total_cost"]) == str(given["total_cost"])
    assert not receipt


def test_4_two_taxes_are_added_up() -> None:
    taxes = [{"name": "QST", "amount": D("0.998")}, {"name": "GST", "amount": D("0.5")}]
    given = {**SESSION_221, "total_cost": {"before_taxes": 10, "taxes": taxes}}
    down, receipt = translate("Session", given, source="2.3.0", target="2.2.1", context=context("Session"))
    assert down["total_cost"] == {"excl_vat": 10, "incl_vat": D("11.498")}
    assert [loss.field for loss in receipt.losses] == ["total_cost.taxes"]


def test_5_a_price_with_a_tax_of_unknown_rate_is_refused() -> None:
    component = {"type": "ENERGY", "price": D("2.10"), "step_size": 1}
    given = {**TARIFF_230, "tax_included": "YES", "elements": [{"price_components": [component]}]}
    with pytest.raises(Untranslatable) as caught:
        translate("Tariff", given, source="2.3.0", target="2.2.1", context=context("Tariff"))
    assert (caught.value.http, caught.value.code) == (200, 4000)


def test_6_an_app_user_sent_to_2_1_1_comes_back_in_the_session() -> None:
    app = {**TOKEN_221, "type": "APP_USER"}
    start = request("2.2.1", R, "POST", "commands/START_SESSION", {**START_221, "token": app})
    out, _ = translate_request(start, target_version="2.1.1", context=context("StartSession"))
    assert sent(out)["token"]["type"] == "OTHER"
    push = request("2.1.1", R, "PUT", "sessions/BE/BEC/S1", SESSION_211)
    seen = {"TokenOfContract NL-TNM-C12345678-X/LOC1": app}
    back, _ = translate_request(push, target_version="2.2.1", context=context("Session", seen))
    assert sent(back)["cdr_token"]["type"] == "APP_USER"
    assert sent(back)["cdr_token"]["uid"] == app["uid"]


def test_7_a_cancelled_reservation_is_delivered_hours_later_through_the_same_address() -> None:
    callback = request(
        "2.2.1", S, "POST", "commands/callback/same", {"result": "CANCELED_RESERVATION"}, is_followed=True
    )
    later = context("StartSession", now=NOW + timedelta(hours=2))
    out, receipt = translate_request(callback, target_version="2.1.1", context=later)
    assert (out.path, sent(out)) == ("/callback/same", {"result": "REJECTED"})
    assert [loss.old for loss in receipt.losses] == ["CANCELED_RESERVATION"]


@pytest.mark.parametrize(("target", "arrives"), [("2.1.1", False), ("2.2.1", True), ("2.3.0", True)])
def test_8_a_hidden_location_reaches_only_versions_that_can_hide_it(target: str, arrives: bool) -> None:
    push = request("2.2.1", R, "PUT", "locations/BE/BEC/LOC1", {**LOCATION_221, "publish": False})
    if arrives:
        assert sent(translate_request(push, target_version=target, context=context())[0])["publish"] is False
        return
    with pytest.raises(Untranslatable):
        translate_request(push, target_version=target, context=context())


def test_9_an_unknown_token_is_404_and_2004() -> None:
    ask = request("2.2.1", S, "POST", "tokens/999/authorize")
    surroundings = context("AuthorizationInfo")
    out, _ = translate_answer(answer(http=404, code=2000), ask, source="2.1.1", target="2.2.1", context=surroundings)
    assert (out.http, sent(out)["status_code"], "data" in sent(out)) == (404, 2004, False)
