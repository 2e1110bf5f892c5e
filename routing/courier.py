"""The one place that calls parties: connections, time-outs, and what network failures mean in OCPI.

It never follows a redirect, never calls an address that the check refuses (whatever DNS says at that moment),
and reads no more of an answer than it was told to.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Final

from routing import wire
from routing.addresses import AddressCheck, ForbiddenAddress
from routing.answers import Answer, without
from routing.errors import ConnectionFailed, InvalidAnswer, NoAnswerInTime, OcpiError
from routing.ocpi import AUTHORIZATION

USER_AGENT: Final = "ocpi-hub"


def authorization(token: str, *, encode: bool) -> str:
    """The Authorization header for a credentials token (OCPI 2.2.1, transport and format, Authorization header)."""
    return "Token " + (base64.b64encode(token.encode()).decode() if encode else token)


class Courier:
    """Calls parties, over kept connections. Close it when done."""

    def __init__(
        self,
        *,
        connect_timeout_s: float,
        party_timeout_s: float,
        max_answer_bytes: int,
        check_address: AddressCheck,
        on_contact: Callable[[str, OcpiError | None], None] | None = None,
        tls: wire.PartyTls | None = None,
    ) -> None:
        self._party_timeout_s = party_timeout_s
        self._on_contact = on_contact
        self._wire = wire.Wire(
            connect_timeout_s=connect_timeout_s,
            max_answer_bytes=max_answer_bytes,
            check_address=check_address,
            tls=tls,
        )

    async def call(
        self,
        method: str,
        url: str,
        *,
        token: str,
        encode_token: bool,
        headers: Mapping[str, str],
        body: bytes = b"",
        timeout_s: float | None = None,
        platform_id: str | None = None,
        may_tell_token: bool = False,
    ) -> Answer:
        """One request to a party, one answer, in which the hub's token is covered unless it `may_tell_token`.

        `timeout_s` bounds the whole exchange, by default `party_timeout_s`. Raises ConnectionFailed (4003) where
        nothing was sent, NoAnswerInTime (4002) where the answer is missing, InvalidAnswer (4000) for what is no HTTP.
        """
        sent = {
            AUTHORIZATION: authorization(token, encode=encode_token),
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
            **headers,
        }
        if body:
            sent["Content-Type"] = "application/json"
        try:
            answer = await self._wire.request(method, url, sent, body, timeout_s=timeout_s or self._party_timeout_s)
        except (wire.WireError, ForbiddenAddress) as error:
            # no name for it in this frame, which its traceback holds: it would wait for the garbage collector
            raise self._told(platform_id, _as_ocpi(error)) from error
        self._tell(platform_id, None)
        return answer if may_tell_token else without(answer, token)

    async def close(self) -> None:
        """Close every kept connection."""
        await self._wire.close()

    def _told(self, platform_id: str | None, error: OcpiError) -> OcpiError:
        self._tell(platform_id, error)
        return error

    def _tell(self, platform_id: str | None, error: OcpiError | None) -> None:
        if platform_id is not None and self._on_contact is not None:
            self._on_contact(platform_id, error)


def _as_ocpi(error: wire.WireError | ForbiddenAddress) -> OcpiError:
    """What a failure on the wire means for the caller. The URL is the party's, and not for the caller to see."""
    match error:
        case ForbiddenAddress():
            return ConnectionFailed(f"the receiver's address may not be called: {error}")
        case wire.NotAcceptedInTime():
            return ConnectionFailed("the receiver did not accept a connection in time")
        case wire.NameUnknown():
            return ConnectionFailed("the receiver's host name is unknown")
        case wire.NotAccepted():
            return ConnectionFailed("the receiver does not accept connections")
        case wire.TlsFailed() | wire.Busy() | wire.NotConnected():
            return ConnectionFailed(f"no connection to the receiver: {error}")
        case wire.InvalidRequest():
            return ConnectionFailed(f"the receiver cannot be called: {error}")
        case wire.Unanswered():
            return NoAnswerInTime()
        case wire.BrokenOff(has_begun=False):
            return InvalidAnswer("the receiver's answer broke off before it began")
        case wire.BrokenOff():
            return InvalidAnswer("the receiver's answer broke off")
        case _:
            return InvalidAnswer(f"from the receiver: {error}")
