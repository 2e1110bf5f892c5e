"""A list of a module: its first pages, and a filter that nothing passes (transport and format, Pagination)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from hub.check import judging
from hub.check.asking import Came
from hub.check.endpoint import Endpoint, id_of
from hub.check.report import Remark, Step, fail
from routing.catalogue import Operation

OBJECTS: Final[Mapping[str, str]] = {
    "LOC-S1": "Location",
    "TAR-S1": "Tariff",
    "SES-S1": "Session",
    "CDR-S1": "CDR",
    "TOK-S1": "Token",
    "INV-S1": "InvoiceReconciliationRecord",
    "PAY-S1": "Terminal",
    "PAY-S7": "FinancialAdviceConfirmation",
    "BOK-S1": "BookingLocation",
    "BOK-S3": "Booking",
}
"""What the lists are of."""
LIMIT: Final = 2
MAX_PAGES: Final = 4
FAR_AWAY: Final = "2099-01-01T00:00:00Z"
PAGING: Final = "transport and format, Pagination"


async def pages(endpoint: Endpoint, operation: Operation, seen: list[Any]) -> AsyncIterator[Step]:
    """The first pages of a list; its objects are added to those seen."""
    query = f"limit={LIMIT}"
    if operation.module == "sessions":
        query = f"date_from={endpoint.since}&{query}"
    url: str | None = endpoint.address(operation.path, query)
    for number in range(1, MAX_PAGES + 1):
        if url is None:
            break
        came = await endpoint.ask("GET", url)
        url, remarks = _judged(endpoint, operation, came, seen)
        expected = (
            f"HTTP 200, OCPI 1000, at most {LIMIT} {OBJECTS.get(operation.id, 'object')} objects, X-Total-Count, "
            "X-Limit, and a Link unless it is the last page"
        )
        name = _name(endpoint, operation) + (f", page {number}" if number > 1 else "")
        yield endpoint.step(came, name, expected, PAGING, remarks)


async def nothing_newer(endpoint: Endpoint, operation: Operation) -> Step:
    """The same list from a day on that is far away."""
    came = await endpoint.ask("GET", endpoint.address(operation.path, f"date_from={FAR_AWAY}&limit=1"))
    remarks: list[Remark] = []
    if came.answer is not None:
        remarks = judging.success(came.answer, came.read)
        data = came.read.data if came.read else None
        if not remarks and not isinstance(data, list):
            remarks.append(fail("data is no list; where nothing is found it is an empty one"))
        elif not remarks and data:
            remarks.append(fail("date_from is not obeyed: objects came that are older"))
    name = f"{_name(endpoint, operation)}, nothing newer"
    return endpoint.step(came, name, "HTTP 200, OCPI 1000 and an empty list", PAGING, remarks)


def _name(endpoint: Endpoint, operation: Operation) -> str:
    return f"list of {operation.path or endpoint.identifier}"


def _judged(endpoint: Endpoint, operation: Operation, came: Came, seen: list[Any]) -> tuple[str | None, list[Remark]]:
    """The address of the next page, and what is wrong with this one."""
    if came.answer is None:
        return None, []
    remarks = judging.success(came.answer, came.read)
    data = came.read.data if came.read else None
    if remarks:
        return None, remarks
    if not isinstance(data, list):
        return None, [fail("data is no list")]
    page, remarks = judging.pagination(came.answer, came.url, len(data), limit=LIMIT, offset=len(seen))
    if name := OBJECTS.get(operation.id):
        remarks += judging.objects(endpoint.asker.version, name, data)
    remarks += judging.owners(data, [party.id for party in endpoint.asker.platform.parties])
    known = {id_of(document) for document in seen} - {""}
    again = [document for document in data if id_of(document) in known]
    if again:
        remarks.append(fail(f"{len(again)} objects of an earlier page came again"))
    seen += data
    is_in_circles = bool(data) and len(again) == len(data)
    return None if is_in_circles else page.following, remarks
