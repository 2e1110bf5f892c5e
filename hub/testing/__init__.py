"""Fake parties as real OCPI servers: for the hub's own tests, for yours, and for `ocpi-hub fake`."""

from hub.testing.exchange import Exchange, Seen
from hub.testing.faults import FAULTS
from hub.testing.party import FakeParty
from hub.testing.roles import FakeCpo, FakeEmsp

__all__ = ["FAULTS", "Exchange", "FakeCpo", "FakeEmsp", "FakeParty", "Seen"]
