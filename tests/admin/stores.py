"""Which store a module's tests run over: both, unless it says `store_kind = one_store`."""

from __future__ import annotations

import pytest


@pytest.fixture
def one_store() -> str:
    """For tests of what no store has a say in: pages, problems, logins. Statements are tried over both elsewhere."""
    return "sqlite"
