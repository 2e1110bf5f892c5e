"""Which store a module's tests run over: both, unless it says `store_kind = one_store`."""

from __future__ import annotations

import pytest


@pytest.fixture
def one_store() -> str:
    """For tests of what no store has a say in: problems, logins, words.

    Over both run whatever reads (test_openapi, test_web_pages, test_registry_api), whatever changes (test_audited,
    test_people_api), and each statement by itself (tests/hub/store).
    """
    return "sqlite"
