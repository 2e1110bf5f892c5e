"""Why a request brought no answer.

WireError
  InvalidRequest                                                          it was never HTTP
  NotConnected: NameUnknown, NotAccepted, NotAcceptedInTime, TlsFailed,
                Busy                                                      nothing was sent
  Unanswered                                                              sent, and no whole answer in time
  BrokenOff                                                               sent, and the party hung up
  BadAnswer: AnswerTooLarge                                               what came is not an answer
"""

from __future__ import annotations


class WireError(Exception):
    """A request brought no answer."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().rstrip("."))


class InvalidRequest(WireError):
    """This cannot be sent as HTTP."""


class NotConnected(WireError):
    """There is no connection."""


class NameUnknown(NotConnected):
    """The host name is unknown."""


class NotAccepted(NotConnected):
    """The connection was not accepted."""


class NotAcceptedInTime(NotConnected):
    """The connection was not accepted in time."""


class TlsFailed(NotConnected):
    """TLS could not be agreed on, or the certificate is not valid."""


class Busy(NotConnected):
    """Every connection is in use."""


class Unanswered(WireError):
    """No whole answer came in time."""


class BrokenOff(WireError):
    """The connection was closed before the answer was whole."""

    def __init__(self, message: str | None = None, *, has_begun: bool) -> None:
        super().__init__(message)
        self.has_begun = has_begun
        """Whether anything of an answer had come."""


class BadAnswer(WireError):
    """What came is not an HTTP answer."""


class AnswerTooLarge(BadAnswer):
    """The answer is larger than was allowed."""
