"""What is asked at one endpoint: every operation of OCPI's tables that reads, and a word on those that write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from hub.check import lists, objects
from hub.check.endpoint import Endpoint
from hub.check.lists import OBJECTS
from hub.check.report import Step
from routing.catalogue import Operation
from routing.ocpi import Interface


async def steps_of(endpoint: Endpoint) -> AsyncIterator[Step]:
    """The steps of one endpoint."""
    reading = endpoint.operations("GET")
    for operation in reading:
        if operation.is_list:
            async for step in _list(endpoint, operation, reading):
                yield step
        elif operation.id == "CHP-R1":
            yield await objects.profile(endpoint)
        elif _listed_at(operation) is None:
            yield await objects.unknown(endpoint, operation)
    writing = {operation.id: operation.method for operation in endpoint.operations("POST", "PUT", "PATCH", "DELETE")}
    if writing.pop("TOK-S2", None):
        yield await objects.authorization(endpoint)
    if writing:
        methods = ", ".join(sorted(set(writing.values())))
        yield endpoint.skipped("what writes", f"not tried ({methods}): a check changes nothing at the partner")
    elif not reading:
        yield endpoint.skipped("what reads", "not tried: OCPI has nothing that can be asked here")


async def _list(endpoint: Endpoint, operation: Operation, reading: list[Operation]) -> AsyncIterator[Step]:
    """A list, and the objects in it."""
    seen: list[Any] = []
    async for step in lists.pages(endpoint, operation, seen):
        yield step
    if endpoint.asker.is_unreachable:
        return
    yield await lists.nothing_newer(endpoint, operation)
    for single in reading:
        if _listed_at(single) == operation.path:
            async for step in objects.listed(endpoint, single, OBJECTS.get(operation.id, "object"), seen):
                yield step
            yield await objects.unknown(endpoint, single)


def _listed_at(operation: Operation) -> str | None:
    """The path of the list that the operation's objects are in; None for those that are in none."""
    if operation.interface is not Interface.SENDER or "{" not in operation.path:
        return None
    return operation.path.partition("{")[0].strip("/")
