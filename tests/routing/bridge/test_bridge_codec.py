"""JSON and receipts: digits are kept, personal data is not."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.bridge import Receipt, What, parse_json, translate, write_json
from routing.bridge.receipt import MASK, loss
from tests.routing.bridge.samples import SESSION_221, TOKEN_221
from tests.routing.bridge.surroundings import context

NUMBERS = st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize("text", ["1.50", "0.0", "100", "-0.10", "0.00000001", "12345678901234567890.12345678901"])
def test_a_number_keeps_its_digits(text: str) -> None:
    assert write_json(parse_json(text.encode())) == text.encode()


@given(VALUES)
def test_what_is_written_reads_as_the_same(value: Any) -> None:
    assert parse_json(write_json(value)) == value


@pytest.mark.parametrize(
    ("value", "body"),
    [
        ({}, b"{}"),
        ([], b"[]"),
        ({"a": [1, {"b": None}], "c": True}, b'{"a":[1,{"b":null}],"c":true}'),
        ("Zürich ⚡", '"Zürich ⚡"'.encode()),
        ('"\\\n', b'"\\"\\\\\\n"'),
        ("\ud800", b'"\\ud800"'),
    ],
)
def test_json_is_short_and_utf_8(value: Any, body: bytes) -> None:
    assert write_json(value) == body
    assert json.loads(body) == value


def test_a_float_is_refused() -> None:
    with pytest.raises(TypeError, match="float"):
        write_json({"kwh": 1.5})


@pytest.mark.parametrize(
    ("object_name", "field", "old", "shown"),
    [
        ("Token", "uid", "0123", MASK),
        *(
            ("Token", name, "0123", MASK)
            for name in ("visual_number", "auth_id", "contract_id", "group_id", "authorization_reference", "token_uid")
        ),
        ("CDR", "signed_data.public_key", "0123", MASK),
        ("EVSEParking", "license_plate", "0123", MASK),
        ("StartSession", "token.contract_id", "0123", MASK),
        ("Session", "auth_id.uid", "#NA", MASK),
        ("Session", "cdr_token", {"uid": "1", "type": "RFID"}, '{"uid":"***","type":"RFID"}'),
        ("Location", "evses[0]", {"uid": "E1"}, '{"uid":"E1"}'),
        ("Session", "location", {"evses": [{"uid": "E1"}]}, '{"evses":[{"uid":"E1"}]}'),
        ("Session", "kwh", Decimal("1.50"), Decimal("1.50")),
        ("Location", "publish_allowed_to", [{"uid": "1", "type": "RFID"}], '[{"uid":"***","type":"RFID"}]'),
        ("Location", "publish_allowed_to[0].uid", "1", MASK),
        (
            "Location",
            "",
            {"publish_allowed_to": [{"uid": "1"}], "id": "L"},
            '{"publish_allowed_to":[{"uid":"***"}],"id":"L"}',
        ),
        ("CDR", "signed_data", {"signed_values": [{"plain_data": "ID=1"}]}, '{"signed_values":[{"plain_data":"***"}]}'),
        ("CDR", "signed_data", {"signed_values": [{"signed_data": "x"}]}, '{"signed_values":[{"signed_data":"***"}]}'),
        ("Location", "address", "x" * 300, "x" * 200 + "…"),
        ("Location", "name", None, None),
    ],
)
def test_a_receipt_shows_no_personal_data(object_name: str, field: str, old: Any, shown: Any) -> None:
    assert loss(object_name, field, What.DROPPED, old, None).old == shown


@pytest.mark.parametrize(
    ("object_name", "value"), [("Session", SESSION_221), ("Token", {**TOKEN_221, "group_id": "G77"})]
)
def test_no_receipt_of_a_translation_names_the_driver(object_name: str, value: dict[str, Any]) -> None:
    _, receipt = translate(object_name, value, source="2.2.1", target="2.1.1", context=context(object_name))
    assert receipt
    for secret in ("012345678", "NL-TNM-C12345678-X", "DF000-2001-8999", "G77"):
        assert secret not in str(receipt)


def test_receipts_add_up() -> None:
    one = Receipt((loss("Token", "group_id", What.DROPPED, "x", None),))
    assert (one + Receipt()).losses == one.losses
    assert len((one + one).losses) == 2
    assert not Receipt()
