"""Addresses that lead back through the hub: found, replaced in place, and never somebody else's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import quote, unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from routing import links
from routing.errors import InvalidMessage
from routing.links import Link, LinkKind
from routing.ocpi import Interface, Role
from tests.routing.scene import CPO, EMSP, party, platform

TEXT = st.text(st.characters(codec="utf-8"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ADDRESS = "https://hub.example/ocpi/2.2.1/commands/callback/AAAAAAAAAAAAAAAAAAAAAA"


# --- in the body -----------------------------------------------------------------------------------------------------


@given(
    st.dictionaries(TEXT, VALUES),
    st.dictionaries(TEXT, VALUES),
    VALUES,
    st.booleans(),
    st.sampled_from([None, 1, "\t"]),
    st.sampled_from(["", " ", "\r\n\t"]),
)
def test_every_other_byte_stays_as_it_is(
    before: dict[str, object],
    after: dict[str, object],
    old: object,
    is_ascii: bool,
    indent: int | str | None,
    around: str,
) -> None:
    assume("response_url" not in before and "response_url" not in after and not before.keys() & after.keys())

    def text(value: object) -> str:
        return around + json.dumps(value, ensure_ascii=is_ascii, indent=indent) + around

    def members(value: dict[str, object]) -> str:
        return ",".join(f"{text(name)}:{text(inner)}" for name, inner in value.items())

    head = around + "{" + (members(before) + "," if before else "")
    tail = ("," + members(after) if after else "") + "}" + around
    body = f'{head}"response_url":{text(old)}{tail}'.encode()
    expected = f'{head}"response_url":{around}"{ADDRESS}"{around}{tail}'.encode()
    assert links.replace_member(body, "response_url", ADDRESS) == expected


@pytest.mark.parametrize(
    "body",
    [
        '{"response_url":"OLD"}',
        '{ "a" : 1.50 , "response_url" : "OLD" , "b":"é\\u00e9" }',
        '{"response\\u005furl":"OLD"}',
        '{"token":{"response_url":"keep"},"response_url":"OLD"}',
        '{"note":"\\"response_url\\": \\"keep\\"","response_url":"OLD"}',
        '{"response_url":"OLD","response_url":"OLD"}',
        '{"n":1e400,"m":' + "9" * 5000 + ',"response_url":"OLD"}',
        '{"a":1}',
        "{}",
    ],
)
def test_only_the_value_of_the_top_level_member_is_replaced(body: str) -> None:
    assert links.replace_member(body.encode(), "response_url", "NEW") == body.replace("OLD", "NEW").encode()


# --- in the query ----------------------------------------------------------------------------------------------------

PLAIN = "https://client.com/12345/response?request_id=5678"


@pytest.mark.parametrize(
    ("query", "url", "others"),
    [
        # OCPI 2.2.1, ChargingProfiles, GET: the specification's own example is not encoded
        (f"duration=900&response_url={PLAIN}", PLAIN, ["duration=900"]),
        (f"response_url={PLAIN}&duration=900", PLAIN, ["duration=900"]),
        (f"response_url={PLAIN}&a=1&b=%20", PLAIN + "&a=1&b=%20", []),
        (f"response_url={PLAIN}&a=1&duration=900", PLAIN + "&a=1", ["duration=900"]),
        (f"response_url={quote(PLAIN, safe='')}&duration=900&x=y", PLAIN, ["duration=900", "x=y"]),
        (f"a=%7E&response_url={quote(PLAIN, safe='')}", PLAIN, ["a=%7E"]),
        ("response%5Furl=https%3A%2F%2Fc.com%2F", "https://c.com/", []),
        ("response_url=https%3A%2F%2Fc.com%2Fone&response_url=https%3A%2F%2Fc.com%2Ftwo", "https://c.com/one", []),
        ("response_url=https://c.com/one&response_url=https://c.com/two", "https://c.com/one", []),
        ("response_url=https%3A%2F%2Fc.com%2F%3Fa%3D%2526", "https://c.com/?a=%26", []),
        ("response_url=", "", []),
    ],
)
def test_a_response_url_is_read_encoded_or_not(query: str, url: str, others: list[str]) -> None:
    assert links.response_url_in(query) == (url, others)


@pytest.mark.parametrize("query", ["", "duration=900", "xresponse_url=https://c.com/", "a=response_url=b"])
def test_a_missing_response_url_is_an_invalid_message(query: str) -> None:
    with pytest.raises(InvalidMessage, match="response_url"):
        links.response_url_in(query)


@given(TEXT, st.lists(st.tuples(st.from_regex(r"[a-z]{1,5}", fullmatch=True), TEXT), max_size=4), st.data())
def test_an_encoded_response_url_comes_back_whole_wherever_it_stands(
    url: str, parameters: list[tuple[str, str]], data: st.DataObject
) -> None:
    sent = [f"{name}={quote(value, safe='')}" for name, value in parameters]
    position = data.draw(st.integers(0, len(sent)))
    query = "&".join([*sent[:position], "response_url=" + quote(url, safe=""), *sent[position:]])
    assert links.response_url_in(query) == (url, sent)
    assert links.response_url_in(links.with_response_url(sent, ADDRESS)) == (ADDRESS, sent)
    assert ADDRESS not in links.with_response_url(sent, ADDRESS)


# --- whose address it is ---------------------------------------------------------------------------------------------

CALLER = platform(
    "emsp",
    party(EMSP, Role.EMSP, "emsp"),
    versions_url="https://versions.example/ocpi/versions",
    quirks={"callback_origins": ["https://callbacks.example:8443"]},
)


@pytest.mark.parametrize(
    "url",
    [
        "https://emsp.example/callbacks/1",
        "https://EMSP.example:443/x?y=z",
        "https://callbacks.example:8443/",
        "https://versions.example/callbacks/1",
        "https://emsp.example/!~",
        "https://emsp.example/" + "a" * 4000,
    ],
)
def test_a_response_url_on_a_registered_origin_is_the_callers_own(url: str) -> None:
    assert links.check_response_url(url, CALLER) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        17,
        ["https://emsp.example/"],
        "https://cpo.example/",
        "http://emsp.example/",
        "https://emsp.example:8443/",
        "https://callbacks.example/",
        "https://emsp.example.evil.com/",
        "https://emsp.example@evil.com/",
        "https://emsp.example:x@emsp.example/",
        "https://evil.com#@emsp.example/",
        "https://evil.com\\@emsp.example/",
        "https://emsp.example/a b",
        "https://emsp.example/\r\nX: y",
        "https://emsp.example/\x7f",
        "https://emsp.example:99999/",
        "https://[emsp.example/",
        "//emsp.example/",
        "/callbacks/1",
        "ftp://emsp.example/",
    ],
)
def test_any_other_response_url_is_an_invalid_message(url: object) -> None:
    with pytest.raises(InvalidMessage, match="response_url"):
        links.check_response_url(url, CALLER)


def test_what_a_url_hides_is_not_an_origin() -> None:
    assert links.origin_of("https://Host.example/x") == ("https", "host.example", 443)
    assert links.origin_of("http://host.example") == ("http", "host.example", 80)
    assert links.origin_of("http://[::1]:81/") == ("http", "::1", 81)
    assert links.origin_of("mailto:x@y") is None


def test_what_has_no_origin_is_nobodys() -> None:
    """Nor of a platform that has no versions URL yet: its own is no origin either."""
    invited = replace(CALLER, versions_url=None)
    assert not links.belongs_to("mailto:x@y", invited)
    assert not links.belongs_to("/callbacks/1", invited)


# --- the hub's own addresses -----------------------------------------------------------------------------------------


def test_the_hubs_address_fits_whatever_is_behind_it() -> None:
    link = Link(
        id=links.new_link_id(),
        kind=LinkKind.CALLBACK,
        url="https://emsp.example/" + "a" * 4000,
        module="chargingprofiles",
        interface=Interface.SENDER,
        owner_platform="emsp",
        owner=EMSP,
        user_platform="cpo",
        user=CPO,
        journey_id="journey",
        created_at=0.0,
        expires_at=None,
    )
    address = links.address_of("https://hub.example", "2.2.1", link)
    assert address == f"https://hub.example/ocpi/2.2.1/chargingprofiles/callback/{link.id}"
    assert len(address) <= links.MAX_URL
    assert links.address_of("https://hub.example", "2.2.1", replace(link, kind=LinkKind.OBJECT)).endswith(
        f"/r/{link.id}"
    )


def test_ids_are_random_and_need_no_encoding() -> None:
    ids = {links.new_link_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", link_id) and unquote(link_id) == link_id for link_id in ids)
