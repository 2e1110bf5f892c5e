"""The bridge: pure translation of OCPI objects, requests and answers between 2.1.1, 2.2.1 and 2.3.0.

One step between neighbouring versions, composed for 2.1.1 and 2.3.0, each with a receipt of everything that was
lost. What is impossible is refused, never guessed. No I/O, no clock.
"""

from routing.bridge.answers import translate_answer
from routing.bridge.codec import parse_json, write_json
from routing.bridge.context import Context, Periods
from routing.bridge.receipt import Loss, Receipt, What
from routing.bridge.refusals import (
    AnsweredByHub,
    ImpossiblePreferences,
    NeedsObject,
    UnknownContract,
    UnknownToken,
    Untranslatable,
)
from routing.bridge.requests import translate_request, withdrawal
from routing.bridge.statuses import code_of, in_words, means_unknown_token
from routing.bridge.steps import translate

__all__ = [
    "AnsweredByHub",
    "Context",
    "ImpossiblePreferences",
    "Loss",
    "NeedsObject",
    "Periods",
    "Receipt",
    "UnknownContract",
    "UnknownToken",
    "Untranslatable",
    "What",
    "code_of",
    "in_words",
    "means_unknown_token",
    "parse_json",
    "translate",
    "translate_answer",
    "translate_request",
    "withdrawal",
    "write_json",
]
