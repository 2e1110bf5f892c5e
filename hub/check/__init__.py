"""A conformance check of a connected platform: harmless requests as OCPI prescribes them, each answer judged.

Read `run` first. Nothing that could change anything at the partner is ever sent: no PUT, PATCH or DELETE, no
command; the only POST is a real-time authorization of a token that does not exist.
"""

from __future__ import annotations

from hub.check.report import Report, Step, Verdict
from hub.check.run import Topic, checking, topics_of

__all__ = ["Report", "Step", "Topic", "Verdict", "checking", "topics_of"]
