"""Reading JSON: strict, exact, and never a float."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.message import check_json, members, of_each, parse_json, read_json

TEXT = st.text(st.characters(codec="utf-8"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(JSON)
def test_every_json_text_is_read(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


def test_numbers_keep_their_digits() -> None:
    assert str(parse_json(b"0.250")) == "0.250"
    assert parse_json(b"[0.1, 12345678901234567890.123456789, 1e2]") == [
        Decimal("0.1"),
        Decimal("12345678901234567890.123456789"),
        Decimal("1e2"),
    ]
    assert isinstance(parse_json(b"7"), int)


def test_an_integer_of_any_length_is_read() -> None:
    digits = "9" * 10_000
    assert parse_json(digits.encode()) == Decimal(digits)
    assert parse_json(b'{"a": -' + digits.encode() + b"}") == {"a": Decimal("-" + digits)}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b'{"a": 1} {"b": 2}',
        b"NaN",
        b'{"a": Infinity}',
        b"[-Infinity]",
        b"undefined",
        b'"\xff"',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": "\n"}',
        b"01",
        b"1.",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_not_json_is_refused_whatever_it_is(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it is, the caller says 400
        parse_json(body)


SPECIAL = (
    b'"\\ud800"',
    b"1" * 30,
    b"-0",
    b"-0.0",
    b"1e400",
    b"1.50",
    b'{"a":1,"a":2}',
    b"18446744073709551616",
    b"[1]\x00",
)


ANY_BODY = st.binary() | JSON.map(lambda value: json.dumps(value).encode()) | st.sampled_from(SPECIAL)
MEMBER = st.sampled_from([*SPECIAL, b'"x"', b"[]", b'{"id":2}', b'"\xff"', b"nan", b"true", b"null"])


@given(ANY_BODY)
def test_a_quick_reader_reads_what_python_reads(body: bytes) -> None:
    def outcome(read: Callable[[bytes], object]) -> str:
        try:
            return repr(read(body))
        except ValueError:
            return "refused"

    assert outcome(parse_json) == outcome(read_json)


@given(ANY_BODY | st.builds(lambda id_, other: b'{"id":' + id_ + b',"x":' + other + b"}", MEMBER, MEMBER))
def test_what_is_read_in_part_is_read_as_in_full(body: bytes) -> None:
    """A check that builds nothing, and single members of an object: refused where the whole is, else the same."""
    try:
        whole = read_json(body)
    except ValueError:
        for read in (check_json, members("id", "uid")):
            with pytest.raises(ValueError):  # noqa: PT011 - whatever it is, the caller says 400
                read(body)
        return
    check_json(body)
    expected = (whole.get("id"), whole.get("uid")) if isinstance(whole, dict) else None
    assert repr(members("id", "uid")(body)) == repr(expected)


ROW = MEMBER | st.builds(lambda uid: b'{"uid":' + uid + b',"x":[{}]}', MEMBER) | st.just(b"{}")
ROWS = st.lists(ROW).map(lambda rows: b"[" + b",".join(rows) + b"]")


@given(ANY_BODY | st.builds(lambda rows, x: b'{"evses":' + rows + b',"x":' + x + b"}", ROWS | MEMBER, MEMBER))
def test_a_member_of_each_in_a_list_is_read_as_in_full(body: bytes) -> None:
    try:
        whole = read_json(body)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 - it is no JSON
            of_each("evses", "uid")(body)
        return
    rows = whole.get("evses") if isinstance(whole, dict) else None
    expected = tuple(row.get("uid") for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
    assert repr(of_each("evses", "uid")(body)) == repr(expected)


@given(st.binary())
def test_garbage_is_read_or_refused_and_nothing_else(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        parse_json(body)
