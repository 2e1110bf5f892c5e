"""Answers across versions: envelopes, lists, status codes, and what an unknown token is called."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from routing.bridge import Untranslatable, means_unknown_token, translate_answer
from routing.bridge.statuses import status_code
from routing.errors import NoAnswerInTime, UnknownPath
from routing.message import Reply
from tests.routing.bridge.messages import R, S, answer, request, sent
from tests.routing.bridge.samples import (
    CONNECTOR_211,
    CONNECTOR_221,
    EVSE_211,
    EVSE_221,
    LOCATION_211,
    LOCATION_221,
    SAMPLES,
)
from tests.routing.bridge.surroundings import context, lost


def test_a_list_leaves_out_what_cannot_be_said_and_keeps_its_headers() -> None:
    hidden = {**LOCATION_221, "id": "LOC2", "publish": False}
    reply = replace(answer([LOCATION_221, hidden]), headers={"X-Total-Count": "2", "Link": "<x>"})
    ask = request("2.1.1", S, "GET", "locations")
    out, receipt = translate_answer(reply, ask, source="2.2.1", target="2.1.1", context=context())
    assert sent(out)["data"] == [LOCATION_211]
    assert out.headers == reply.headers
    assert [(loss.object, loss.field, loss.what) for loss in receipt.losses] == [("Location", "", "dropped")]


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("LOC1", LOCATION_211, LOCATION_221),
        ("LOC1/E1", EVSE_211, EVSE_221),
        ("LOC1/E1/1", CONNECTOR_211, CONNECTOR_221),
    ],
)
def test_an_object_is_answered_by_the_depth_of_the_path(path: str, old: Any, new: Any) -> None:
    for interface, prefix in ((S, ""), (R, "BE/BEC/")):
        ask = request("2.2.1", interface, "GET", f"locations/{prefix}{path}")
        out, _ = translate_answer(answer(old), ask, source="2.1.1", target="2.2.1", context=context())
        assert sent(out)["data"] == new


def test_one_object_that_cannot_be_said_is_refused() -> None:
    ask = request("2.1.1", S, "GET", "locations/LOC1")
    hidden = answer({**LOCATION_221, "publish": False})
    with pytest.raises(Untranslatable):
        translate_answer(hidden, ask, source="2.2.1", target="2.1.1", context=context())


@pytest.mark.parametrize(
    ("module", "object_name"),
    [("locations", "Location"), ("tariffs", "Tariff"), ("sessions", "Session"), ("cdrs", "CDR"), ("tokens", "Token")],
)
def test_a_list_and_a_page_behind_one_of_the_hubs_own_addresses_are_translated(module: str, object_name: str) -> None:
    page = request("2.2.1", S, "GET", f"{module}/page/abc", is_followed=True)
    for ask in (request("2.2.1", S, "GET", module), page):
        given = answer([SAMPLES[object_name]["2.1.1"]])
        out, _ = translate_answer(given, ask, source="2.1.1", target="2.2.1", context=context(object_name))
        assert sent(out)["data"] == [SAMPLES[object_name]["2.2.1"]]


def test_a_cdr_behind_its_own_address_is_translated() -> None:
    ask = request("2.1.1", R, "GET", "cdrs/r/abc", is_followed=True)
    given = answer(SAMPLES["CDR"]["2.2.1"])
    out, _ = translate_answer(given, ask, source="2.2.1", target="2.1.1", context=context("CDR"))
    assert sent(out)["data"]["auth_id"] == "NL-TNM-C12345678-X"


def test_what_a_push_is_answered_with_is_not_passed_on_in_the_wrong_version() -> None:
    ask = request("2.1.1", R, "PUT", "locations/BE/BEC/LOC1", LOCATION_211)
    out, receipt = translate_answer(answer(LOCATION_221), ask, source="2.2.1", target="2.1.1", context=context())
    assert "data" not in sent(out)
    assert lost(receipt) == {" dropped"}
    _, receipt = translate_answer(answer({}), ask, source="2.2.1", target="2.1.1", context=context())
    assert not receipt


def test_the_answer_to_a_command_is_translated() -> None:
    ask = request("2.2.1", R, "POST", "commands/START_SESSION", {})
    for given in ({"result": "ACCEPTED"}, "ACCEPTED"):
        out, _ = translate_answer(answer(given), ask, source="2.1.1", target="2.2.1", context=context("StartSession"))
        assert sent(out)["data"] == {"result": "ACCEPTED", "timeout": 120}
    out, _ = translate_answer(answer(code=2003), ask, source="2.1.1", target="2.2.1", context=context("StartSession"))
    assert sent(out) == sent(answer(code=2003))


@pytest.mark.parametrize(
    ("source", "target", "http", "code", "expected"),
    [
        ("2.1.1", "2.2.1", 404, 2000, (404, 2004)),
        ("2.1.1", "2.3.0", 404, 1000, (404, 2004)),
        ("2.1.1", "2.2.1", 200, 2000, (404, 2004)),
        ("2.1.1", "2.2.1", 200, 2001, (404, 2004)),
        ("2.1.1", "2.2.1", 200, 2002, (200, 2002)),
        ("2.1.1", "2.2.1", 200, 3000, (200, 3000)),
        ("2.2.1", "2.1.1", 404, 2004, (404, 2000)),
        ("2.3.0", "2.1.1", 404, 2004, (404, 2000)),
        ("2.3.0", "2.2.1", 404, 2004, (404, 2004)),
    ],
)
def test_an_unknown_token_is_said_as_each_version_says_it(
    source: str, target: str, http: int, code: int, expected: tuple[int, int]
) -> None:
    ask = request(target, S, "POST", "tokens/999/authorize")
    out, _ = translate_answer(
        answer(http=http, code=code), ask, source=source, target=target, context=context("AuthorizationInfo")
    )
    assert (out.http, sent(out)["status_code"]) == expected
    assert out.code == expected[1]


@pytest.mark.parametrize(("query", "kind"), [("", "RFID"), ("type=", "RFID"), ("type=APP_USER", "APP_USER")])
def test_a_token_that_nobody_pushed_is_made_of_what_was_asked(query: str, kind: str) -> None:
    ask = request("2.2.1", S, "POST", "tokens/7%2F7/authorize", query=query)
    surroundings = context("AuthorizationInfo")
    out, _ = translate_answer(answer({"allowed": "ALLOWED"}), ask, source="2.1.1", target="2.2.1", context=surroundings)
    token = sent(out)["data"]["token"]
    assert (token["uid"], token["type"], token["contract_id"], token["valid"]) == ("7/7", kind, "#NA", True)


def test_a_bare_404_of_a_2_1_1_emsp_is_an_unknown_token() -> None:
    ask = request("2.2.1", S, "POST", "tokens/999/authorize")
    assert means_unknown_token(UnknownPath(), ask, source="2.1.1")
    assert not means_unknown_token(UnknownPath(), ask, source="2.2.1")
    assert not means_unknown_token(NoAnswerInTime(), ask, source="2.1.1")


@pytest.mark.parametrize(
    ("code", "old"), [(1000, 1000), (2000, 2000), (2001, 2001), (2002, 2002), (2003, 2003), (2004, 2000), (3000, 3000),
                      (3001, 3001), (4000, 3000), (4001, 2000), (4002, 3000), (4003, 3000)]
)  # fmt: skip
def test_a_status_code_is_one_that_the_caller_knows(code: int, old: int) -> None:
    assert status_code(code, "2.1.1") == old
    assert status_code(code, "2.2.1") == status_code(code, "2.3.0") == code


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (4002, "too late", "too late (OCPI 4002)"),
        (2004, None, "(OCPI 2004)"),
        (4001, ["odd"], "(OCPI 4001)"),
        (2003, "where?", "where?"),
    ],
)
def test_a_code_that_2_1_1_does_not_have_is_there_in_words(code: int, said: Any, told: str) -> None:
    ask = request("2.1.1", S, "GET", "locations/LOC1")
    document = {"status_code": code, "status_message": said, "timestamp": "2026-01-01T00:00:00Z"}
    reply = Reply(200, json.dumps(document).encode(), None, code=code)
    out, _ = translate_answer(reply, ask, source="2.2.1", target="2.1.1", context=context())
    assert sent(out)["status_message"] == told


@pytest.mark.parametrize(("version", "told"), [("2.1.1", "2026-01-01T00:00:00Z"), ("2.2.1", "2026-01-01T00:00:00.25Z")])
def test_the_time_of_an_answer_has_no_fraction_in_2_1_1(version: str, told: str) -> None:
    """It is a DateTime as all others; fractions came with 2.2 (OCPI 2.1.1 and 2.2.1, types, DateTime)."""
    reply = replace(answer(), body=b'{"status_code":1000,"timestamp":"2026-01-01T00:00:00.25Z"}')
    ask = request(version, S, "GET", "locations")
    out, _ = translate_answer(reply, ask, source="2.3.0", target=version, context=context())
    assert sent(out)["timestamp"] == told


def test_an_answer_that_is_no_envelope_passes() -> None:
    reply = Reply(200, b"hello", None)
    ask = request("2.1.1", S, "GET", "locations")
    assert translate_answer(reply, ask, source="2.2.1", target="2.1.1", context=context())[0] is reply
