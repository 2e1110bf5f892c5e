"""Everything that can go wrong, each with its two numbers: the HTTP status and the OCPI status code.

A subclass is two lines and a docstring, and the docstring is its default `status_message`. One middleware
(`hub.door`) writes the envelope. Sources: OCPI 2.2.1 and 2.3.0, Status codes; transport and format.

    OcpiError
      Unauthorized, ForeignNetwork, RateLimited, MalformedBody, BodyTooLarge,
      UnknownPath, MethodNotAllowed, SenderSuspended                                          the door
      InvalidMessage, ForeignSender, NotTheOwner, UnknownLink                                 what the caller sent
      UnknownReceiver, UnknownLocation, ReceiverNotConnected, ModuleNotImplemented,
      RoutedInCircles, UnknownObject                                                          the decision
      ConnectionFailed, NoAnswerInTime, InvalidAnswer, HubRejected, ReceiverOverloaded,
      Refused, NotWanted                                                                      the courier
      ClientApiUnusable, VersionNotSupported, EndpointsMissing                                registration
      Untranslatable, HubFailure                                                              the hub itself
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar


class Fault(StrEnum):
    """Who has to do something about a message that did not arrive."""

    CALLER = "caller"
    HUB = "hub"
    RECEIVER = "receiver"
    NETWORK = "network"
    """Whatever is between the hub and the receiver."""


class OcpiError(Exception):
    """Generic client error."""

    http: ClassVar[int] = 200
    code: ClassVar[int] = 2000
    fault: ClassVar[Fault] = Fault.CALLER
    always: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Headers that HTTP wants with this status, whatever happened."""

    def __init__(self, message: str | None = None, *, headers: Mapping[str, str] | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.headers = {**self.always, **(headers or {})}
        super().__init__(self.message)


class Unauthorized(OcpiError):
    """The credentials token is missing or unknown."""

    http = 401
    always = MappingProxyType({"WWW-Authenticate": "Token"})


class MalformedBody(OcpiError):
    """The body is not valid JSON."""

    http, code = 400, 2001


class BodyTooLarge(OcpiError):
    """The body is larger than this hub accepts."""

    http = 413


class RateLimited(OcpiError):
    """Too many requests: slow down and try again."""

    http = 429


class ForeignNetwork(OcpiError):
    """Your address is not in a network that was agreed for your platform."""

    http = 403


class ForeignCertificate(OcpiError):
    """Your client certificate is not one that was agreed for your platform."""

    http = 403


class UnknownPath(OcpiError):
    """There is nothing at this path."""

    http = 404


class MethodNotAllowed(OcpiError):
    """This method is not available here."""

    http = 405


class InvalidMessage(OcpiError):
    """Invalid or missing parameters."""

    code = 2001


class ForeignSender(OcpiError):
    """The OCPI-from party is not a party of your platform."""

    http, code = 403, 2001


class NotTheOwner(OcpiError):
    """The object in the path does not belong to the sending party."""

    http, code = 404, 2001


class UnknownLink(OcpiError):
    """This address has expired or was never given out."""

    http, code = 404, 2001


class UnknownObject(OcpiError):
    """The hub has no copy of such an object."""

    http = 404


class UnknownReceiver(OcpiError):
    """Unknown receiver: no such party, or you may not reach it."""

    code = 4001


class UnknownLocation(UnknownReceiver):
    """Unknown receiver: nobody, or more than one party, is known to have this location."""


class ReceiverNotConnected(OcpiError):
    """The receiver is not connected."""

    code = 4003
    fault = Fault.RECEIVER


class SenderSuspended(ReceiverNotConnected):
    """Your platform is suspended."""

    fault = Fault.CALLER


class ModuleNotImplemented(OcpiError):
    """The receiver does not implement this module."""

    code = 4000
    fault = Fault.RECEIVER


class RoutedInCircles(OcpiError):
    """The same request is already on its way: it was routed in circles."""

    code = 4000


class ConnectionFailed(OcpiError):
    """The receiver could not be reached."""

    code = 4003
    fault = Fault.NETWORK


class NoAnswerInTime(OcpiError):
    """The receiver did not answer in time."""

    code = 4002
    fault = Fault.RECEIVER


class InvalidAnswer(OcpiError):
    """The receiver's answer is not an OCPI answer."""

    code = 4000
    fault = Fault.RECEIVER


class HubRejected(OcpiError):
    """The receiver rejected the hub's credentials."""

    code = 4003
    fault = Fault.RECEIVER


class ReceiverOverloaded(OcpiError):
    """The receiver asks to slow down."""

    http, code = 429, 4000
    fault = Fault.RECEIVER


class Refused(OcpiError):
    """The receiver refused this copy of a broadcast."""

    fault = Fault.RECEIVER


class NotWanted(OcpiError):
    """Nobody waits for this answer any more."""

    fault = Fault.HUB


class ClientApiUnusable(OcpiError):
    """Unable to use the client's API."""

    code = 3001


class VersionNotSupported(OcpiError):
    """The client does not offer this version."""

    code = 3002


class EndpointsMissing(OcpiError):
    """No matching endpoints, or expected endpoints missing."""

    code = 3003


class Untranslatable(OcpiError):
    """The message cannot be translated to the receiver's OCPI version."""

    code = 4000
    fault = Fault.HUB


class HubFailure(OcpiError):
    """The hub failed to handle this request."""

    code = 4000
    fault = Fault.HUB
