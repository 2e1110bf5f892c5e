"""Whatever is valid comes out valid in the other version, with every field that both versions have.

Compared with the models of every OCPI object, which know nothing of the bridge. The tables of cases do the same.
"""

from __future__ import annotations

import re
from itertools import permutations
from typing import Any

import pytest

from hub.models import model_for
from routing.bridge import Untranslatable, parse_json, translate, write_json
from tests.hub.models.samples import sample
from tests.routing.bridge.rows import mistakes, model_name
from tests.routing.bridge.samples import SAMPLES
from tests.routing.bridge.surroundings import ABSENT, changed, context

VERSIONS = ("2.1.1", "2.2.1", "2.3.0")
PLACE = {"location_id", "evse_uid", "connector_id"}
"""What a session's location of 2.1.1 becomes."""
SAYABLE: dict[str, dict[str, Any]] = {
    "CDR": {"home_charging_compensation": ABSENT, "credit": ABSENT},
    "Tariff": {
        "start_date_time": ABSENT,
        "end_date_time": ABSENT,
        **{
            f"elements.0.restrictions.{name}": ABSENT
            for name in ("min_current", "max_current", "reservation", "booking")
        },
    },
    "Session": {"location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"},
}
"""What a full sample must not say, or must, for 2.1.1 to be told of it at all; the rows have what is refused."""


@pytest.mark.parametrize("version", VERSIONS)
def test_the_samples_are_valid(version: str) -> None:
    assert {name: found for name in SAMPLES if (found := mistakes(version, name, SAMPLES[name][version]))} == {}


@pytest.mark.parametrize("object_name", SAMPLES)
def test_an_object_with_every_field_keeps_those_that_the_other_version_has(object_name: str) -> None:
    for source, target in permutations(VERSIONS, 2):
        for is_full in (True, False):
            value = sample(source, model_name(object_name, source), is_full)
            if is_full or object_name == "Session":
                value = changed(value, SAYABLE.get(object_name, {}) if source != "2.1.1" else {})
            out, _ = translate(object_name, value, source=source, target=target, context=context(object_name))
            assert mistakes(target, object_name, out) == [], (source, target)
            model = model_for(target, model_name(object_name, target))
            assert model is not None
            assert (set(model.model_fields) & set(value)) - set(out) == set(), (source, target)


@pytest.mark.parametrize("object_name", ["Location", "EVSE", "Connector", "Session", "Token"])
def test_a_patch_of_one_field_says_nothing_of_another(object_name: str) -> None:
    """Above all no defaults for what the other version requires; and what is said is valid there."""
    stored = {"Session BE/BEC/S1": SAMPLES["Session"]["2.2.1"]}
    surroundings = context(object_name, stored, ids={"session_id": "S1", "token_uid": "012345678", "type": "RFID"})
    said = 0
    for source, target in permutations(VERSIONS, 2):
        whole = changed(sample(source, object_name), SAYABLE.get(object_name, {}) if source != "2.1.1" else {})
        for name, value in whole.items():
            try:
                out, _ = translate(
                    object_name, {name: value}, source=source, target=target, context=surroundings, partial=True
                )
            except Untranslatable:
                continue  # the rows have what is refused
            said += 1
            about = set(out) - ({"last_updated"} if name != "last_updated" and source == "2.1.1" else set())
            assert len(about) <= 1 or about == PLACE, (source, target, name, out)
            assert mistakes(target, object_name, out, partial=True) == [], (source, target, name)
    assert said > 40


@pytest.mark.parametrize("object_name", SAMPLES)
def test_no_fraction_of_a_second_reaches_2_1_1(object_name: str) -> None:
    """DateTime has none in 2.1.1 (types), wherever in an object it is."""
    for source in ("2.2.1", "2.3.0"):
        whole = changed(sample(source, object_name), SAYABLE.get(object_name, {}))
        value = parse_json(re.sub(rb'T(\d\d:\d\d:\d\d)Z"', rb'T\1.25Z"', write_json(whole)))
        out, _ = translate(object_name, value, source=source, target="2.1.1", context=context(object_name))
        assert b".25Z" not in write_json(out)
