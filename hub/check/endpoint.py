"""One endpoint of a platform that is being checked: how it is called, and who is asked there."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from hub.check.asking import Asker, Came
from hub.check.report import Remark, Step
from routing.catalogue import OPERATIONS, Operation, module_named
from routing.decide import target_url
from routing.journey import timestamp
from routing.ocpi import Interface, PartyId
from routing.quirks import TRAILING_SLASH

ID_FIELDS: Final = ("id", "uid", "terminal_id", "booking_location_id")
LOOK_BACK_S: Final = 30 * 86_400.0


def _strange() -> str:
    return f"CHECK-{secrets.token_hex(6).upper()}"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One side of one module, at the address that the platform registered. `now` in epoch seconds."""

    asker: Asker
    module: str
    interface: Interface
    url: str
    now: float
    strange: str = field(default_factory=_strange)
    """An id that does not exist."""

    @property
    def identifier(self) -> str:
        """The module as OCPI spells it."""
        row = module_named(self.module)
        return row.identifier if row else self.module

    @property
    def party(self) -> PartyId:
        """Who is asked: the first party that has this side of the module."""
        row = module_named(self.module)
        return self.asker.party_for(row.roles(self.interface) if row else ()).id

    @property
    def since(self) -> str:
        """From when on sessions are asked for, which cannot be asked for without."""
        return timestamp(self.now - LOOK_BACK_S)

    def operations(self, *methods: str) -> list[Operation]:
        """What OCPI has here in this version."""
        return [
            operation
            for operation in OPERATIONS
            if (operation.module, operation.interface) == (self.module, self.interface)
            and operation.method in methods
            and self.asker.version.number in operation.versions
        ]

    def address(self, path: str, query: str = "") -> str:
        """The URL of a path below the endpoint."""
        below = f"/{path}" if path else ""
        if self.asker.platform.quirks.get(TRAILING_SLASH):
            below = below.rstrip("/") + "/"
        return target_url(self.url, below, query)

    async def ask(self, method: str, url: str) -> Came:
        """One request to the party."""
        return await self.asker.ask(method, url, to=self.party)

    def step(
        self,
        came: Came,
        name: str,
        expected: str,
        source: str,
        remarks: Sequence[Remark],
        *,
        is_judged_whole: bool = True,
    ) -> Step:
        """The step of an answer."""
        return self.asker.step(
            came,
            name=name,
            module=self.identifier,
            interface=self.interface,
            expected=expected,
            source=source,
            remarks=remarks,
            is_judged_whole=is_judged_whole,
        )

    def skipped(self, name: str, why: str) -> Step:
        """A step that is not tried."""
        return self.asker.skipped(name, self.identifier, self.interface, why)


def id_of(document: Any) -> str:
    """What an object is called by; empty where it has no name."""
    if not isinstance(document, dict):
        return ""
    return str(next((document[name] for name in ID_FIELDS if name in document), ""))
