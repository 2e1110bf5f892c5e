"""Every object crosses between every two versions: the sample of one version becomes the sample of the other."""

from __future__ import annotations

import itertools

import pytest

from routing.bridge import translate
from tests.routing.bridge.samples import (
    ALWAYS_LOST,
    SAMPLES,
)
from tests.routing.bridge.surroundings import context, lost

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
PAIRS = list(itertools.permutations(VERSIONS, 2))


@pytest.mark.parametrize("object_name", SAMPLES)
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_an_object_becomes_the_same_object_of_the_other_version(object_name: str, source: str, target: str) -> None:
    value, receipt = translate(
        object_name, SAMPLES[object_name][source], source=source, target=target, context=context(object_name)
    )
    expected = SAMPLES[object_name][target]
    if object_name == "CDR" and target == "2.1.1":
        expected = {**expected, "location": cdr_location_as_location()}
    assert value == expected
    direction = "up" if source == "2.1.1" else "down" if target == "2.1.1" else ""
    assert lost(receipt) == ALWAYS_LOST.get(direction, {}).get(object_name, set())


def cdr_location_as_location() -> dict[str, object]:
    """What a CdrLocation says, with the stored location's words where 2.1.1 requires more."""
    return {
        "id": "LOC1",
        "name": "Hall",
        "address": "Station Road 1",
        "city": "Gent",
        "postal_code": "9000",
        "country": "BEL",
        "coordinates": {"latitude": "51.047599", "longitude": "3.729944"},
        "type": "ON_STREET",
        "evses": [
            {
                "uid": "E1",
                "evse_id": "BE*BEC*E1",
                "status": "AVAILABLE",
                "connectors": [
                    {
                        "id": "1",
                        "standard": "IEC_62196_T2",
                        "format": "SOCKET",
                        "power_type": "AC_3_PHASE",
                        "voltage": 230,
                        "amperage": 32,
                        "last_updated": "2026-04-30T10:00:00Z",
                    }
                ],
                "last_updated": "2026-04-30T10:00:00Z",
            }
        ],
        "last_updated": "2026-04-30T10:00:00Z",
    }


@pytest.mark.parametrize("object_name", SAMPLES)
@pytest.mark.parametrize("version", VERSIONS)
def test_the_same_version_changes_nothing(object_name: str, version: str) -> None:
    given = SAMPLES[object_name][version]
    value, receipt = translate(object_name, given, source=version, target=version, context=context(object_name))
    assert value == given
    assert not receipt
