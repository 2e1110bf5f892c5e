"""Every object of every version: there is a model, our samples are valid, and what goes in comes out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.models import Finding, dump, findings, model_for, object_names
from routing.catalogue import OPERATIONS, module_named
from tests.hub.models import pass_spec_examples
from tests.hub.models.check_spec_examples import report
from tests.hub.models.samples import VERSIONS, sample, sample_names

EVERY_OBJECT = [(version, name) for version in VERSIONS for name in sample_names(version)]
# the fields of opening hours depend on each other, which has its own tests in test_model_rules
INDEPENDENT_FIELDS = [(version, name) for version, name in EVERY_OBJECT if name != "Hours"]
ROUTED = sorted(
    {
        (version, operation.object_name)
        for operation in OPERATIONS
        for version in operation.versions
        if operation.object_name and version in module_named(operation.module).versions  # type: ignore[union-attr]
    }
)
# fields that a full sample leaves out, since they would contradict the rest of it
LEFT_OUT = {"publish_allowed_to", "credit_reference_id"}


@pytest.mark.parametrize(("version", "name"), ROUTED)
def test_every_object_that_the_hub_routes_has_a_model(version: str, name: str) -> None:
    assert model_for(version, name) is not None


@pytest.mark.parametrize("version", VERSIONS)
def test_every_model_has_a_sample(version: str) -> None:
    assert sample_names(version) == sorted(object_names(version))


@pytest.mark.parametrize(("version", "name"), EVERY_OBJECT)
@pytest.mark.parametrize("full", [True, False], ids=["full", "minimal"])
def test_a_valid_object_has_no_findings_and_round_trips(version: str, name: str, full: bool) -> None:
    thing = sample(version, name, full)
    assert findings(version, name, thing) == []
    model = model_for(version, name)
    assert model is not None
    assert _typed(dump(model.model_validate(thing))) == _typed(sample(version, name, full))


@pytest.mark.parametrize(("version", "name"), EVERY_OBJECT)
def test_a_full_sample_has_every_field_of_its_model(version: str, name: str) -> None:
    model = model_for(version, name)
    assert model is not None
    assert set(model.model_fields) - LEFT_OUT == set(sample(version, name)) - LEFT_OUT


@pytest.mark.parametrize(("version", "name"), INDEPENDENT_FIELDS)
def test_exactly_the_required_fields_are_missed(version: str, name: str) -> None:
    minimal, full = sample(version, name, full=False), sample(version, name)
    for field in full:
        found = [finding.rule for finding in findings(version, name, {k: v for k, v in full.items() if k != field})]
        assert found == (["missing"] if field in minimal else []), field


@pytest.mark.parametrize(("version", "name"), INDEPENDENT_FIELDS)
def test_a_partial_object_may_miss_every_field_at_the_top(version: str, name: str) -> None:
    assert findings(version, name, {}, partial=True) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_unknown_fields_are_kept_at_every_level(version: str) -> None:
    location = sample(version, "Location")
    location["x_rating"] = Decimal("4.50")
    location["evses"][0]["connectors"][0]["x_extra"] = {"deep": [None, True]}
    assert findings(version, "Location", location) == []
    model = model_for(version, "Location")
    assert model is not None
    assert dump(model.model_validate(location)) == location


@given(st.decimals(allow_nan=False, allow_infinity=False) | st.integers())
def test_a_number_keeps_every_digit(number: Decimal | int) -> None:
    text = str(number)
    component = {"type": "ENERGY", "price": number, "step_size": 1}
    model = model_for("2.2.1", "PriceComponent")
    assert model is not None
    assert str(dump(model.model_validate(component))["price"]) == text


def test_a_moment_is_kept_as_it_was_written() -> None:
    model = model_for("2.3.0", "Timeslot")
    assert model is not None
    for moment in ("2024-11-02T08:15:00", "2024-11-02T08:15:00Z", "2024-11-02T08:15:00.120Z"):
        assert (
            dump(model.model_validate({"start_date_time": moment, "end_date_time": moment}))["end_date_time"] == moment
        )


def test_an_object_that_a_version_does_not_have_is_not_judged() -> None:
    assert model_for("2.1.1", "ClientInfo") is None
    assert model_for("2.2.1", "Terminal") is None
    assert model_for("9.9", "Location") is None
    assert model_for("2.2.1", "OcpiObject") is None
    assert findings("2.1.1", "ChargingPreferences", {"anything": 1}) == []


@pytest.mark.parametrize("data", [None, [], "text", 3, True])
def test_what_is_no_object_is_one_finding(data: object) -> None:
    assert findings("2.2.1", "CDR", data)[0].rule in ("wrong_type", "null")
    assert len(findings("2.2.1", "CDR", data)) == 1


def test_a_finding_never_shows_the_value() -> None:
    token = {**sample("2.2.1", "Token"), "uid": "SECRET-" * 9, "type": "SECRET-TYPE", "last_updated": "SECRET-DATE"}
    found = findings("2.2.1", "Token", token)
    assert [finding.field for finding in found] == ["uid", "type", "last_updated"]
    assert "SECRET" not in str(found)


def test_a_finding_says_where_and_what_in_words() -> None:
    location = sample("2.2.1", "Location")
    location["evses"][0]["connectors"][0]["id"] = "x" * 37
    assert findings("2.2.1", "Location", location) == [
        Finding("evses[0].connectors[0].id", "too_long", "may have at most 36 characters")
    ]


def test_a_version_is_imported_only_when_it_is_asked_for() -> None:
    code = "import sys, hub.models; sys.exit(any(name.startswith('hub.models.v') for name in sys.modules))"
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=root, check=False).returncode == 0


if "OCPI_SPEC_REPO" in os.environ:  # a bare clone of the specification, which is not ours to ship

    def test_every_example_of_the_specification_is_as_listed() -> None:
        assert report(os.environ["OCPI_SPEC_REPO"])

    async def test_every_example_of_the_specification_passes_through_the_hub_untouched() -> None:
        assert await pass_spec_examples.report(os.environ["OCPI_SPEC_REPO"])


def _typed(thing: Any) -> str:
    """Text that tells 1 from 1.0, 1.0 from 1.00, and an int from a Decimal."""
    return json.dumps(thing, sort_keys=True, default=repr)
