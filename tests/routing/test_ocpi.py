"""OCPI's own words: party ids are compared without case and read in every spelling people use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.ocpi import VERSIONS, PartyId

LETTERS = "ABCXYZabcxyz"


@pytest.mark.parametrize("text", ["NL*TNM", "NL-TNM", "NLTNM", "nl*tnm", "nltnm", " NL*TNM\n"])
def test_a_party_is_read_in_every_spelling(text: str) -> None:
    assert PartyId.parse(text) == PartyId("NL", "TNM")


@pytest.mark.parametrize(
    "text", ["", "NL", "NL*TN", "NL*TNMX", "NL TNM", "NL/TNM", "NL**TNM", "N*LTNM", "NL*T-M", "NLÄÖÜ"]
)
def test_what_is_no_party_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="party"):
        PartyId.parse(text)


@pytest.mark.parametrize(
    ("country_code", "party_id"), [("N", "TNMX"), ("NLD", "TN"), ("", ""), ("N\n", "TNM"), ("NL", "T M")]
)
def test_a_party_has_two_and_three_letters_or_digits(country_code: str, party_id: str) -> None:
    with pytest.raises(ValueError, match="party"):
        PartyId(country_code, party_id)


@given(st.text(LETTERS, min_size=2, max_size=2), st.text(LETTERS + "019", min_size=3, max_size=3))
def test_parties_are_compared_without_case_and_shown_as_given(country_code: str, party_id: str) -> None:
    given_id = PartyId(country_code, party_id)
    swapped = PartyId(country_code.swapcase(), party_id.swapcase())
    assert given_id == swapped
    assert hash(given_id) == hash(swapped)
    assert str(given_id) == f"{country_code}*{party_id}"
    assert PartyId.parse(str(given_id)) == given_id


def test_a_party_is_not_equal_to_its_text() -> None:
    assert PartyId("NL", "TNM") != "NLTNM"
    assert PartyId("NL", "TNM") != PartyId("NL", "TNX")


# routing reference, section 5.1: headers, Base64, roles of endpoints, flat credentials, HUB role, hub_party_id
@pytest.mark.parametrize(
    ("number", "headers", "base64", "roles", "flat", "hub_role", "hub_party_id"),
    [
        ("2.1.1", False, False, False, True, False, False),
        ("2.2.1", True, True, True, False, True, False),
        ("2.3.0", True, True, True, False, False, True),
    ],
)
def test_a_version_is_a_row(
    number: str, headers: bool, base64: bool, roles: bool, flat: bool, hub_role: bool, hub_party_id: bool
) -> None:
    version = VERSIONS[number]
    assert version.has_routing_headers is headers
    assert version.encodes_token is base64
    assert version.endpoints_have_role is roles
    assert version.credentials_are_flat is flat
    assert version.hub_is_a_role is hub_role
    assert version.has_hub_party_id is hub_party_id


def test_a_newer_version_has_a_higher_rank() -> None:
    assert sorted(VERSIONS, key=lambda number: VERSIONS[number].rank) == ["2.1.1", "2.2.1", "2.3.0"]
