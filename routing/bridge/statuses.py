"""OCPI status codes across versions: 2.1.1 has neither 2004 nor the hub's 4000 to 4003."""

from __future__ import annotations

from typing import Final

from routing.bridge.steps import version_of
from routing.errors import OcpiError, UnknownLocation, UnknownPath
from routing.message import Message
from routing.ocpi import Version

IN_211: Final = {2004: 2000, 4000: 3000, 4001: 2000, 4002: 3000, 4003: 3000}
NO_SUCH_LOCATION: Final = 2003


def status_code(code: int, target: Version | str) -> int:
    """A status code as a caller of this version knows it."""
    return IN_211.get(code, code) if version_of(target).rank == 1 else code


def code_of(error: OcpiError, target: Version | str) -> int:
    """The status code of an error of the hub's own, as a caller of this version knows it."""
    if isinstance(error, UnknownLocation) and version_of(target).rank == 1:
        return NO_SUCH_LOCATION
    return status_code(error.code, target)


def in_words(said: str, code: int) -> str:
    """The words beside a status code that stands for this one, which the caller's version does not have."""
    return f"{said} (OCPI {code})".lstrip()


def means_unknown_token(error: OcpiError, message: Message, *, source: Version | str) -> bool:
    """Whether a party of version `source` said with a bare HTTP error that it does not know a token.

    A 2.1.1 eMSP often says 404 without an envelope; every other failure stays what it is.
    """
    is_authorization = message.operation is not None and message.operation.id == "TOK-S2"
    return is_authorization and isinstance(error, UnknownPath) and version_of(source).rank == 1 < message.version.rank
