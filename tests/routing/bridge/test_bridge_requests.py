"""Whole requests across versions: paths, queries, bodies, callbacks, and what the receiver's version has not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from routing.bridge import (
    AnsweredByHub,
    ImpossiblePreferences,
    Untranslatable,
    translate,
    translate_request,
    withdrawal,
)
from tests.routing.bridge.messages import R, S, request, sent
from tests.routing.bridge.samples import (
    CONNECTOR_211,
    CONNECTOR_221,
    EVSE_211,
    EVSE_221,
    LOCATION_211,
    LOCATION_221,
    REFERENCES,
    SAMPLES,
    TOKEN_211,
    TOKEN_221,
)
from tests.routing.bridge.surroundings import context

APP_USER = {"Token NL/TNM/012345678": {**TOKEN_221, "type": "APP_USER"}, "Token NL/TNM/012345678/RFID": None}
CAR = "tokens/NL/TNM/012345678"


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("locations/BE/BEC/LOC1", LOCATION_211, LOCATION_221),
        ("locations/BE/BEC/LOC1/E1", EVSE_211, EVSE_221),
        ("locations/BE/BEC/LOC1/E1/1", CONNECTOR_211, CONNECTOR_221),
        ("tariffs/BE/BEC/T1", SAMPLES["Tariff"]["2.1.1"], SAMPLES["Tariff"]["2.2.1"]),
        ("sessions/BE/BEC/S1", SAMPLES["Session"]["2.1.1"], SAMPLES["Session"]["2.2.1"]),
    ],
)
def test_a_push_keeps_its_path_and_changes_its_body(path: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    for source, target, given, expected in (("2.1.1", "2.2.1", old, new), ("2.2.1", "2.1.1", new, old)):
        push = request(source, R, "PUT", path, given)
        out, _ = translate_request(push, target_version=target, context=context())
        assert (out.method, f"{out.module}{out.path}", out.version.number) == ("PUT", path, target)
        assert sent(out) == expected


def test_the_same_version_keeps_the_message_itself() -> None:
    push = request("2.2.1", R, "PUT", "locations/BE/BEC/LOC1", LOCATION_221)
    out, receipt = translate_request(push, target_version="2.2.1", context=context())
    assert out is push
    assert not receipt


def test_a_custom_module_passes_as_it_is() -> None:
    push = replace(request("2.3.0", R, "PUT", "vendor/1", {"x": 1}), body=b'{ "x":1.0 }')
    out, receipt = translate_request(push, target_version="2.1.1", context=context())
    assert out.body == push.body
    assert not receipt


@pytest.mark.parametrize(
    ("source", "target", "method", "query", "body", "memory", "expected"),
    [
        ("2.2.1", "2.1.1", "PUT", "type=RFID", TOKEN_221, {}, ""),
        ("2.2.1", "2.1.1", "PUT", "type=APP_USER&x=1", {**TOKEN_221, "type": "APP_USER"}, APP_USER, "x=1"),
        ("2.3.0", "2.2.1", "PUT", "type=APP_USER", {**TOKEN_221, "type": "APP_USER"}, APP_USER, "type=APP_USER"),
        ("2.1.1", "2.2.1", "PUT", "", TOKEN_211, {}, "type=RFID"),
        ("2.1.1", "2.2.1", "PUT", "", {**TOKEN_211, "type": "OTHER"}, APP_USER, "type=APP_USER"),
        ("2.1.1", "2.2.1", "PATCH", "", {"valid": False}, APP_USER, "type=APP_USER"),
        ("2.1.1", "2.2.1", "GET", "", None, APP_USER, "type=APP_USER"),
        ("2.1.1", "2.2.1", "GET", "", None, {"Token NL/TNM/012345678": None}, ""),
    ],
)
def test_a_pushed_token_says_its_type_in_the_query_where_the_version_has_it(
    source: str, target: str, method: str, query: str, body: Any, memory: dict[str, Any], expected: str
) -> None:
    push = request(source, R, method, CAR, body, query=query)
    out, _ = translate_request(push, target_version=target, context=context("Token", memory))
    assert out.query == expected


@pytest.mark.parametrize(
    ("source", "target", "query", "expected"),
    [
        ("2.1.1", "2.2.1", "type=RFID", "type=RFID"),
        ("2.1.1", "2.2.1", "token_type=RFID", "type=RFID"),
        ("2.1.1", "2.2.1", "type=OTHER", "type=APP_USER"),
        ("2.1.1", "2.2.1", "", ""),
        ("2.2.1", "2.1.1", "type=APP_USER", "type=OTHER"),
        ("2.2.1", "2.1.1", "type=RFID", "type=RFID"),
        ("2.3.0", "2.2.1", "type=EMAID", "type=OTHER"),
        ("2.3.0", "2.1.1", "type=EMAID", "type=OTHER"),
        ("2.2.1", "2.3.0", "type=APP_USER", "type=APP_USER"),
    ],
)
def test_an_authorization_asks_for_the_token_in_the_words_of_its_owner(
    source: str, target: str, query: str, expected: str
) -> None:
    ask = request(source, S, "POST", "tokens/012345678/authorize", REFERENCES, query=query)
    out, _ = translate_request(ask, target_version=target, context=context("AuthorizationInfo", APP_USER))
    assert out.query == expected
    assert sent(out) == REFERENCES


def test_a_token_of_two_types_may_be_asked_about_where_2_1_1_has_one() -> None:
    ask = request("2.2.1", S, "POST", "tokens/012345678/authorize", query="type=APP_USER")
    out, _ = translate_request(ask, target_version="2.1.1", context=context("AuthorizationInfo"))
    assert out.query == "type=OTHER"


@pytest.mark.parametrize(
    "object_name", ["ActiveChargingProfile", "CancelReservation", "ChargingPreferences", "SetChargingProfile"]
)
def test_an_object_that_2_1_1_has_not_is_refused(object_name: str) -> None:
    for source in ("2.2.1", "2.3.0"):
        with pytest.raises(Untranslatable, match=f"no {object_name}"):
            translate(object_name, {}, source=source, target="2.1.1", context=context())


def test_an_authorization_may_have_no_body() -> None:
    ask = request("2.1.1", S, "POST", "tokens/012345678/authorize")
    out, _ = translate_request(ask, target_version="2.2.1", context=context("AuthorizationInfo"))
    assert out.body == b""


@pytest.mark.parametrize("module", ["locations", "tariffs", "sessions", "cdrs", "tokens"])
def test_the_filters_of_a_list_stay(module: str) -> None:
    for source, target in (("2.3.0", "2.1.1"), ("2.1.1", "2.2.1")):
        ask = request(source, S, "GET", module, query="date_from=2026-01-01T00:00:00Z&offset=5&type=RFID")
        out, receipt = translate_request(ask, target_version=target, context=context())
        assert (out.query, out.body, receipt.losses) == (ask.query, b"", ())


def test_a_query_about_an_app_user_is_refused_where_2_1_1_would_answer_about_the_card() -> None:
    ask = request("2.2.1", R, "GET", CAR, query="type=APP_USER")
    with pytest.raises(Untranslatable, match="RFID card"):
        translate_request(ask, target_version="2.1.1", context=context("Token"))


@pytest.mark.parametrize("path", [f"locations/BE/BEC/{'x' * 37}", f"locations/BE/BEC/LOC1/{'x' * 39}"])
def test_a_long_id_in_the_path_is_refused(path: str) -> None:
    with pytest.raises(Untranslatable, match="longer than the 36"):
        translate_request(request("2.1.1", R, "PATCH", path, {}), target_version="2.2.1", context=context())


# --- what the receiver's version has not ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "method", "path", "data"),
    [
        ("2.2.1", "2.1.1", "POST", "commands/CANCEL_RESERVATION", {"result": "NOT_SUPPORTED", "timeout": 0}),
        ("2.3.0", "2.1.1", "POST", "commands/CANCEL_RESERVATION", {"result": "NOT_SUPPORTED", "timeout": 0}),
        ("2.3.0", "2.2.1", "POST", "commands/DANCE", {"result": "NOT_SUPPORTED", "timeout": 0}),
        ("2.1.1", "2.2.1", "POST", "commands/DANCE", {"result": "NOT_SUPPORTED"}),
        ("2.2.1", "2.1.1", "GET", "chargingprofiles/S1", {"result": "NOT_SUPPORTED", "timeout": 0}),
        ("2.2.1", "2.1.1", "PUT", "chargingprofiles/S1", {"result": "NOT_SUPPORTED", "timeout": 0}),
        ("2.3.0", "2.1.1", "DELETE", "chargingprofiles/S1", {"result": "NOT_SUPPORTED", "timeout": 0}),
    ],
)
def test_the_hub_answers_not_supported(source: str, target: str, method: str, path: str, data: Any) -> None:
    call = request(source, R, method, path, {"response_url": "https://hub/1"})
    with pytest.raises(AnsweredByHub) as caught:
        translate_request(call, target_version=target, context=context("StartSession"))
    reply = caught.value.reply("2026-05-01T12:00:00Z")
    assert reply.http == 200
    assert sent(reply) == {"data": data, "status_code": 1000, "timestamp": "2026-05-01T12:00:00Z"}


@pytest.mark.parametrize("target", ["2.1.1", "2.2.1"])
@pytest.mark.parametrize(
    ("interface", "path"), [(S, "invoicereconciliation"), (S, "payments/terminals"), (S, "booking")]
)
def test_a_module_of_2_3_0_only_is_refused(target: str, interface: Any, path: str) -> None:
    with pytest.raises(Untranslatable, match="has no module") as caught:
        translate_request(request("2.3.0", interface, "GET", path), target_version=target, context=context())
    assert (caught.value.http, caught.value.code) == (200, 4000)


def test_an_active_profile_cannot_be_pushed_to_2_1_1() -> None:
    with pytest.raises(Untranslatable, match="has no module chargingprofiles"):
        translate_request(
            request("2.2.1", S, "PUT", "chargingprofiles/S1", {}), target_version="2.1.1", context=context()
        )


def test_charging_preferences_are_not_possible_in_2_1_1() -> None:
    call = request("2.2.1", S, "PUT", "sessions/S1/charging_preferences", {"profile_type": "FAST"})
    with pytest.raises(ImpossiblePreferences) as caught:
        translate_request(call, target_version="2.1.1", context=context())
    assert (caught.value.http, caught.value.code) == (404, 2001)


@pytest.mark.parametrize(("source", "target"), [("2.2.1", "2.3.0"), ("2.3.0", "2.2.1")])
@pytest.mark.parametrize("body", [{"profile_type": "FAST"}, {"x": 1}])
def test_charging_preferences_and_profiles_are_the_same_from_2_2_1_on(source: str, target: str, body: Any) -> None:
    for interface, path in ((S, "sessions/S1/charging_preferences"), (R, "chargingprofiles/S1")):
        out, receipt = translate_request(
            request(source, interface, "PUT", path, body), target_version=target, context=context()
        )
        assert sent(out) == body
        assert not receipt


def test_a_tariff_that_was_refused_is_withdrawn() -> None:
    tariff = {**SAMPLES["Tariff"]["2.2.1"], "type": "PROFILE_FAST"}
    push = request("2.2.1", R, "PUT", "tariffs/BE/BEC/T1", tariff)
    with pytest.raises(Untranslatable):
        translate_request(push, target_version="2.1.1", context=context("Tariff"))
    out = withdrawal(push, target_version="2.1.1")
    assert out is not None
    assert (out.method, out.path, out.body, out.version.number) == ("DELETE", "/BE/BEC/T1", b"", "2.1.1")
    assert out.operation is not None
    assert out.operation.id == "TAR-R4"
    assert withdrawal(request("2.2.1", R, "PUT", "locations/BE/BEC/L", {}), target_version="2.1.1") is None


# --- callbacks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "target", "given", "expected"),
    [
        ("2.1.1", "2.2.1", {"result": "UNKNOWN_SESSION"}, "FAILED"),
        ("2.1.1", "2.3.0", {"result": "TIMEOUT"}, "TIMEOUT"),
        ("2.1.1", "2.2.1", "ACCEPTED", "ACCEPTED"),
        ("2.2.1", "2.1.1", {"result": "EVSE_OCCUPIED", "message": []}, "REJECTED"),
        ("2.3.0", "2.1.1", {"result": "CANCELED_RESERVATION"}, "REJECTED"),
        ("2.3.0", "2.2.1", {"result": "CANCELED_RESERVATION"}, "CANCELED_RESERVATION"),
    ],
)
def test_the_result_of_a_command_comes_back_in_the_words_of_who_sent_it(
    source: str, target: str, given: Any, expected: str
) -> None:
    callback = request(source, S, "POST", "commands/callback/abc", given, is_followed=True)
    out, _ = translate_request(callback, target_version=target, context=context("StartSession"))
    assert sent(out)["result"] == expected
    assert out.path == "/callback/abc"
