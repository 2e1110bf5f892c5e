"""The hub's memory over the store: who owns what, and its copy of what parties publish to everybody."""

from hub.memory.stored import StoredMemory, remembering

__all__ = ["StoredMemory", "remembering"]
