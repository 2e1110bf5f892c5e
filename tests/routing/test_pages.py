"""The next page of a list: found in any Link header, and led through the hub and back."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import links
from routing.ocpi import PartyId

TEXT = st.text(st.characters(codec="utf-8"))
CALLED = "https://cpo.example/ocpi/locations?limit=2"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('<https://cpo.example/next>; rel="next"', "https://cpo.example/next"),
        ("<https://cpo.example/next>; rel=next", "https://cpo.example/next"),
        ('<https://cpo.example/next>;rel="next"', "https://cpo.example/next"),
        ('<https://cpo.example/next> ; REL="Next"', "https://cpo.example/next"),
        ('<https://cpo.example/n?a=1,2;b=3>; rel="next"', "https://cpo.example/n?a=1,2;b=3"),
        ('<https://cpo.example/first>; rel="first", <https://cpo.example/next>; rel="next"', "https://cpo.example/next"),
        ('<https://cpo.example/next>; title="a, b"; rel="last next"', "https://cpo.example/next"),
        ('</ocpi/locations?offset=2>; rel="next"', "https://cpo.example/ocpi/locations?offset=2"),
        ('<?offset=2>; rel="next"', "https://cpo.example/ocpi/locations?offset=2"),
        ("", None),
        ('<>; rel="next"', None),
        ('<https://[cpo.example/next>; rel="next"', None),
        ('<https://cpo.example/prev>; rel="prev"', None),
        ('<https://cpo.example/x>; rel="nextish"', None),
        ('<https://cpo.example/x>; title="rel=next"', None),
        ("<https://cpo.example/x>", None),
        ("https://cpo.example/x; rel=next", None),
    ],
)  # fmt: skip
def test_the_next_page_is_read_from_any_link_header(header: str, expected: str | None) -> None:
    assert links.next_page(header, CALLED) == expected


@given(TEXT)
def test_any_link_header_is_read_or_ignored(header: str) -> None:
    found = links.next_page(header, CALLED)
    assert found is None or isinstance(found, str)


@given(st.from_regex(r"[A-Za-z]{2}", fullmatch=True), st.from_regex(r"[A-Za-z0-9]{3}", fullmatch=True), TEXT)
def test_what_is_added_to_a_published_page_comes_off_again(country_code: str, party_id: str, text: str) -> None:
    query, who = quote(text, safe="=&%"), PartyId(country_code, party_id)
    assert links.take_route(links.add_route(query, who)) == (query, who)
    with_list, found = links.take_route(links.add_route(query, who, "0192aabbccdd0123456789ab"))
    assert (found, links.take_list(with_list)) == (who, (query, "0192aabbccdd0123456789ab"))


@pytest.mark.parametrize(
    "query", ["", "hub-list", "hub-list=", "hub-list=<script>", "hub-list=0192aabbccdd0123456789ab&a"]
)
def test_a_list_that_was_not_added_by_the_hub_is_left_alone(query: str) -> None:
    assert links.take_list(query) == (query, "")


@pytest.mark.parametrize(
    "query",
    ["", "limit=5", "cpo=NL-TNM", "hub-route", "hub-route=x", "a=1&hub-route=", "hub-route=NL-TNM&a=1"],
)
def test_what_the_hub_did_not_add_is_left_alone(query: str) -> None:
    assert links.take_route(query) == (query, None)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://cpo.example/cdrs/1", "https://cpo.example/cdrs/1"),
        ("/ocpi/emsp/2.1.1/cdrs/1234", "https://cpo.example/ocpi/emsp/2.1.1/cdrs/1234"),
        ("1234", "https://cpo.example/ocpi/1234"),
        ("https://[cpo.example/1", None),
    ],
)
def test_an_address_in_an_answer_may_be_relative(location: str, expected: str | None) -> None:
    assert links.absolute(location, CALLED) == expected


@pytest.mark.parametrize(
    ("following", "expected"),
    [
        ("https://cpo.example/ocpi/locations?offset=2", True),
        ("https://cpo.example/ocpi/locations/?offset=2", True),
        ("https://cpo.example/ocpi/cursor/abc", False),
        ("https://other.example/ocpi/locations?offset=2", False),
        ("http://cpo.example:8080/ocpi/locations?offset=2", True),
    ],
)
def test_the_same_list_is_one_place_with_another_query(following: str, expected: bool) -> None:
    assert links.is_same_list(following, CALLED) is expected
    assert links.is_same_list(CALLED, following) is expected
