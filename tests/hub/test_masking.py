"""What may be kept of bodies and paths: a table of places where personal data is, and of those where it is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hub.masking import MAX_KEPT, MAX_READ_BYTES, Mask, plain

TOKEN = {
    "country_code": "NL",
    "party_id": "TNM",
    "uid": "CARD-012345",
    "type": "RFID",
    "contract_id": "NL-TNM-C00012345-X",
    "visual_number": "DF000-2001-8999-1",
    "group_id": "GROUP-777",
    "issuer": "TheNewMotion",
}
SECRETS = ("CARD-012345", "C00012345", "2001-8999", "GROUP-777", "AUTH-9999", "BLOB==", "TOKEN-C")


def body_of(module: str, body: bytes) -> str | None:
    """A body as it would be kept."""
    (kept,) = Mask(module).bodies(body)
    return kept


@pytest.mark.parametrize(
    ("module", "document"),
    [
        ("tokens", TOKEN),
        ("tokens", {"data": [TOKEN, TOKEN], "status_code": 1000}),
        ("tokens", {"uid": "CARD-012345", "auth_id": "AUTH-9999"}),
        ("commands", {"response_url": "https://example.com/1", "token": TOKEN, "location_id": "LOC1"}),
        ("commands", {"token": "TOKEN-C"}),
        ("sessions", {"id": "1", "cdr_token": {"uid": "CARD-012345", "contract_id": "NL-TNM-C00012345-X"}}),
        ("sessions", {"auth_id": "AUTH-9999", "authorization_reference": "AUTH-9999"}),
        ("cdrs", {"signed_data": {"public_key": "BLOB==", "signed_values": [{"signed_data": "BLOB=="}]}}),
        ("com.example.custom", {"deep": [[{"Auth_ID": "AUTH-9999"}], {"uid": ["CARD-012345"]}]}),
    ],
)
def test_personal_data_is_covered_wherever_it_is(module: str, document: Any) -> None:
    kept = body_of(module, json.dumps(document).encode())
    assert kept
    assert not [secret for secret in SECRETS if secret in kept]
    assert "***" in kept


@pytest.mark.parametrize(
    "name",
    """auth_id authorization authorization_reference contract_id emaid group_id license_plate parent_uid password
    plain_data public_key signed_data token token_uid uid visual_number""".split(),
)
def test_each_name_of_a_person_a_card_or_a_secret_is_covered(name: str) -> None:
    assert body_of("sessions", json.dumps({name: "CARD-012345"}).encode()) == f'{{"{name}":"***"}}'


@pytest.mark.parametrize("name", ["status_message", "text", "message", "description", "remark", "Message"])
def test_what_is_covered_is_not_told_in_words_beside_it(name: str) -> None:
    kept = body_of("sessions", json.dumps({"uid": "CARD-012345", name: "card CARD-012345"}).encode())
    assert kept == f'{{"uid":"***","{name}":"card ***"}}'


@pytest.mark.parametrize(
    ("module", "document"),
    [
        ("locations", {"uid": "EVSE-1", "status": "AVAILABLE"}),
        ("sessions", {"location": {"evses": [{"uid": "EVSE-1"}]}}),
        ("sessions", {"evse": {"uid": "EVSE-1"}}),
        ("sessions", {"auth_id": None, "token": True}),
        ("commands", {"evse_uid": "EVSE-1", "location_id": "LOC1"}),
        ("tariffs", {"price": 0.25, "tax_included": True, "name": "Grün"}),
    ],
)
def test_what_is_about_places_and_prices_stays_readable(module: str, document: Any) -> None:
    kept = body_of(module, json.dumps(document).encode())
    assert kept is not None
    assert json.loads(kept) == document


@pytest.mark.parametrize(
    ("module", "interface", "path", "expected"),
    [
        ("tokens", "RECEIVER", "/NL/TNM/012345", "/NL/TNM/***"),
        ("tokens", "RECEIVER", "/NL/TNM/012345/", "/NL/TNM/***/"),
        ("tokens", "RECEIVER", "/NL/TNM/01/23/45", "/NL/TNM/***/***/***"),
        ("tokens", "RECEIVER", "/012345", "/***"),
        ("tokens", "SENDER", "/012345/authorize", "/***/authorize"),
        ("tokens", "SENDER", "/a%2Fb%2Fc/authorize", "/***/authorize"),
        ("tokens", "SENDER", "/01/23/45/authorize", "/***/***/***/authorize"),
        ("tokens", "SENDER", "", ""),
        ("locations", "RECEIVER", "/NL/TNM/LOC1", "/NL/TNM/LOC1"),
        ("sessions", "SENDER", "/101/charging_preferences", "/101/charging_preferences"),
    ],
)
def test_the_uid_of_a_token_is_covered_in_paths(module: str, interface: str, path: str, expected: str) -> None:
    assert Mask(module).path(path, interface) == expected


def test_what_one_body_covers_is_covered_in_the_words_of_the_other() -> None:
    answer = b'{"status_message": "CARD-012345 is unknown", "id": "CARD-012345-7"}'
    _, kept = Mask("tokens").bodies(b'{"uid": "CARD-012345"}', answer)
    assert kept == '{"status_message":"*** is unknown","id":"CARD-012345-7"}'


def test_of_two_values_of_which_one_begins_the_other_nothing_is_left() -> None:
    mask = Mask("sessions")
    mask.document([{"uid": "CARD-01"}, {"uid": "CARD-012345"}, {"uid": "CARD"}])
    assert mask.text("CARD-012345, CARD-01 and CARD") == "***, *** and ***"


def test_what_was_covered_once_is_covered_in_words_too() -> None:
    mask = Mask("tokens")
    mask.path("/a%2D012345/authorize", "SENDER")
    mask.document({"contract_id": "NL-TNM-C00012345-X"})
    words = mask.text("Token a-012345 (a%2D012345) of NL-TNM-C00012345-X is unknown")
    assert words == "Token *** (***) of *** is unknown"


@pytest.mark.parametrize(
    ("module", "body", "expected"),
    [
        ("cdrs", b"", None),
        ("credentials", b'{"token": "TOKEN-C"}', None),
        ("cdrs", b"<html>CARD-012345</html>", "(24 bytes, not JSON that can be read)"),
        ("cdrs", b"[" * 5000, "(5000 bytes, not JSON that can be read)"),
        ("cdrs", b"[" * 900 + b"]" * 900, None),
        ("cdrs", b" " * (MAX_READ_BYTES + 1), f"({MAX_READ_BYTES + 1} bytes, too long to be kept)"),
    ],
)
def test_a_body_that_cannot_be_masked_is_not_kept(module: str, body: bytes, expected: str | None) -> None:
    kept = body_of(module, body)
    if expected is not None or not body or module == "credentials":
        assert kept == expected
    else:
        assert kept is not None


def test_a_long_body_is_cut_after_it_was_masked() -> None:
    kept = body_of("tokens", json.dumps([TOKEN] * 500).encode())
    assert kept is not None
    assert len(kept) == MAX_KEPT + 1
    assert "CARD" not in kept


def test_numbers_keep_their_digits() -> None:
    assert body_of("cdrs", b'{"total_cost": 4.00, "kwh": 1.234567890123456789}') == (
        '{"total_cost":4.00,"kwh":1.234567890123456789}'
    )


def test_text_of_others_is_made_fit_for_every_store() -> None:
    assert plain("a\0b\udcffc", 10) == "a?b?c"
    assert plain("x" * 20, 10) == "x" * 10
