"""The hub's memory over the store: who owns what, and its copy of what parties publish to everybody."""

from hub.memory.mirror import mirroring, remembering
from hub.memory.pulls import Pulls
from hub.memory.stored import StoredMemory

__all__ = ["Pulls", "StoredMemory", "mirroring", "remembering"]
