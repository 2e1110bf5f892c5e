"""The wire: HTTP/1.1 to parties, lean and strict. It knows requests and answers, and nothing of OCPI.

Top to bottom: `client` takes a request, `pool` keeps connections, `dial` opens them, `connection` carries one
exchange at a time, `request` writes and `reader` reads. llhttp (httptools) parses, with none of its leniencies.
"""

from routing.wire.client import Wire
from routing.wire.connection import send
from routing.wire.errors import (
    AnswerTooLarge,
    BadAnswer,
    BrokenOff,
    Busy,
    InvalidRequest,
    NameUnknown,
    NotAccepted,
    NotAcceptedInTime,
    NotConnected,
    TlsFailed,
    Unanswered,
    WireError,
)
from routing.wire.pool import Bounds
from routing.wire.tls import PartyTls, party_tls

__all__ = [
    "AnswerTooLarge",
    "BadAnswer",
    "Bounds",
    "BrokenOff",
    "Busy",
    "InvalidRequest",
    "NameUnknown",
    "NotAccepted",
    "NotAcceptedInTime",
    "NotConnected",
    "PartyTls",
    "TlsFailed",
    "Unanswered",
    "Wire",
    "WireError",
    "party_tls",
    "send",
]
