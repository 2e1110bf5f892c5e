"""The time zone of a place, for 2.1.1 locations that name none: from 2.2 on it is required."""

from __future__ import annotations

import tzfpy


def zone_at(latitude: str, longitude: str) -> str | None:
    """The tz database's zone at these coordinates, as OCPI writes them; None where there is none.

    The map is read when it is first needed: some 0.3 s and 50 MB, for countries with several zones only.
    """
    try:
        north, east = float(latitude), float(longitude)
    except ValueError:
        return None
    if not (-90 <= north <= 90 and -180 <= east <= 180):
        return None
    zone: str = tzfpy.get_tz(east, north)
    return zone or None
