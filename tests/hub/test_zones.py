"""The time zone of a place."""

from __future__ import annotations

import pytest

from hub.zones import zone_at


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone"),
    [
        ("28.124000", "-15.430000", "Atlantic/Canary"),
        ("40.416800", "-3.703800", "Europe/Madrid"),
        ("37.741200", "-25.675600", "Atlantic/Azores"),
        ("34.052200", "-118.243700", "America/Los_Angeles"),
        ("91.000000", "0.000000", None),
        ("0.000000", "181.000000", None),
        ("nan", "0.000000", None),
        ("here", "there", None),
    ],
)
def test_a_place_has_the_zone_of_the_map(latitude: str, longitude: str, zone: str | None) -> None:
    assert zone_at(latitude, longitude) == zone
