"""The samples that the tables of cases change are valid in their versions: what comes out is compared with that."""

from __future__ import annotations

import pytest

from tests.routing.bridge.rows import mistakes
from tests.routing.bridge.samples import SAMPLES


@pytest.mark.parametrize("version", ["2.1.1", "2.2.1", "2.3.0"])
def test_the_samples_are_valid(version: str) -> None:
    assert {name: found for name in SAMPLES if (found := mistakes(version, name, SAMPLES[name][version]))} == {}
