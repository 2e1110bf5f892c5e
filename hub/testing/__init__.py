"""Fake parties as real OCPI servers: for the hub's own tests, for yours, and for `ocpi-hub fake`."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from hub.testing.exchange import Exchange, Seen
    from hub.testing.faults import FAULTS
    from hub.testing.handshake import RegistrationFailed
    from hub.testing.party import FakeParty
    from hub.testing.roles import FakeCpo, FakeEmsp
    from hub.testing.shelf import Served

__all__ = ["FAULTS", "Exchange", "FakeCpo", "FakeEmsp", "FakeParty", "RegistrationFailed", "Seen", "Served"]

_HOMES: Final = {
    "Exchange": "exchange",
    "FAULTS": "faults",
    "FakeCpo": "roles",
    "FakeEmsp": "roles",
    "FakeParty": "party",
    "RegistrationFailed": "handshake",
    "Seen": "exchange",
    "Served": "shelf",
}


def __getattr__(name: str) -> Any:
    """Import on first use: the pytest plugin is loaded by every test suite, and must not bring aiohttp along."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
