"""Much work in small pieces, between which requests have their turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def slices(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """These items, so many at a time."""
    left = iter(items)
    while taken := list(islice(left, size)):
        yield taken
