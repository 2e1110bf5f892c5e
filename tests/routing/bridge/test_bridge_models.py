"""A valid object that crosses is valid in the version it comes to, by the models of every OCPI object."""

from __future__ import annotations

import pytest

from hub.models import findings
from routing.bridge import Untranslatable, translate
from tests.routing.bridge.rows import Row
from tests.routing.bridge.samples import SAMPLES
from tests.routing.bridge.surroundings import changed, context
from tests.routing.bridge.test_bridge_connector_rows import CONNECTORS
from tests.routing.bridge.test_bridge_driver_rows import CDRS, SESSIONS, TOKENS
from tests.routing.bridge.test_bridge_location_rows import EVSES, LOCATIONS
from tests.routing.bridge.test_bridge_tariff_rows import COMMANDS, PRICES, TARIFFS

ROWS = [*LOCATIONS, *EVSES, *CONNECTORS, *TOKENS, *SESSIONS, *CDRS, *PRICES, *TARIFFS, *COMMANDS]
TEXT_IN_UTF_8 = "not_printable_ascii"
"""2.1.1 has ASCII texts; the bridge sends UTF-8 as it is rather than spoil names."""


def model_name(object_name: str, version: str) -> str:
    """In 2.1.1 the result of a command is one more CommandResponse."""
    return "CommandResponse" if object_name == "CommandResult" and version == "2.1.1" else object_name


@pytest.mark.parametrize("object_name", SAMPLES)
@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
def test_the_samples_are_valid(object_name: str, version: str) -> None:
    assert findings(version, model_name(object_name, version), SAMPLES[object_name][version]) == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.refused is None], ids=str)
def test_what_was_valid_is_valid_in_the_other_version(row: Row) -> None:
    source, target = row.route.split(">")
    value = changed(SAMPLES[row.object][source], row.given)
    if findings(source, model_name(row.object, source), value):
        pytest.skip("the row is about an object that is not valid to begin with")
    try:
        out, _ = translate(
            row.object, value, source=source, target=target, context=context(row.object, row.memory, **row.context)
        )
    except Untranslatable:
        return
    found = findings(target, model_name(row.object, target), out)
    assert [finding for finding in found if finding.rule != TEXT_IN_UTF_8] == []
