"""Which faults of a fake party are switched on, for which requests, and how often they still strike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hub.testing.exchange import Seen
from hub.testing.faults import FAULTS, Fault, Stage
from routing.catalogue import module_key


@dataclass(slots=True)
class Struck:
    """A fault that is switched on: for one module or all, so many times or for good, under a condition or always."""

    fault: Fault
    module: str | None
    times: int | None
    seconds: float
    when: Callable[[Seen], bool] | None

    def strikes(self, module: str, seen: Seen | None = None) -> bool:
        """Whether it strikes this request; if so, one time less is left."""
        if self.module not in (None, module) or self.times == 0:
            return False
        if self.when is not None and (seen is None or not self.when(seen)):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Mischief:
    """The faults of one fake party."""

    def __init__(self) -> None:
        self._struck: list[Struck] = []

    def add(
        self,
        name: str,
        *,
        module: str | None,
        times: int | None,
        seconds: float,
        when: Callable[[Seen], bool] | None,
    ) -> Fault:
        """Switch a fault on. Raises KeyError for one that does not exist."""
        self._struck.append(Struck(FAULTS[name], module and module_key(module), times, seconds, when))
        return FAULTS[name]

    def clear(self) -> None:
        """Switch every fault off."""
        self._struck.clear()

    def is_on(self, name: str) -> bool:
        """Whether a fault is on at all, whatever it would strike."""
        return any(struck.fault.name == name and struck.times != 0 for struck in self._struck)

    def strikes(self, name: str, module: str) -> bool:
        """Whether this fault strikes what is sent to, or asked of, this module."""
        return any(struck.fault.name == name and struck.strikes(module) for struck in self._struck)

    def first_answer(self, seen: Seen) -> Struck | None:
        """The fault that answers instead."""
        answering = (struck for struck in self._struck if struck.fault.stage is Stage.ANSWER)
        return next((struck for struck in answering if struck.strikes(seen.module, seen)), None)

    def in_body(self, seen: Seen) -> list[Fault]:
        """The faults in the envelope of this answer."""
        in_body = [struck for struck in self._struck if struck.fault.stage is Stage.BODY]
        return [struck.fault for struck in in_body if struck.strikes(seen.module, seen)]
