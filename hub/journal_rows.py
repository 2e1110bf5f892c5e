"""From a leg as it happened to the row that the journal keeps: masked, cut, and with the party's words on a refusal."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any, Final, Literal

from hub.masking import Mask, plain, read
from hub.store.journal import LegRow
from routing.bridge.receipt import Loss
from routing.catalogue import module_key
from routing.journey import Direction, Leg, Outcome, new_journey_id

MAX_REASON: Final = 500
MAX_PATH: Final = 500
MAX_LOSSES: Final = 200
"""Losses of one translation that are kept: a page of many objects may have thousands, much alike."""


def row_of(leg: Leg, bodies: Literal["off", "errors", "all"]) -> LegRow:
    """The row of a leg. Bodies are kept as `journal.bodies` says."""
    module = plain(module_key(leg.module), 64)
    mask = Mask(module)
    path = mask.path(leg.path, leg.interface)
    is_kept = bodies == "all" or (bodies == "errors" and leg.outcome is not Outcome.DELIVERED)
    request_body, answer_body = mask.bodies(leg.request_body, leg.answer_body) if is_kept else (None, None)
    return LegRow(
        journey_id=leg.journey_id or new_journey_id(),
        direction=leg.direction,
        at=leg.at,
        ms=leg.ms,
        platform_id=leg.platform_id,
        sender=leg.sender.upper(),
        receiver=leg.receiver.upper(),
        version=leg.version,
        module=module,
        interface=leg.interface,
        method=plain(leg.method, 16),
        path=plain(path, MAX_PATH),
        request_id=plain(leg.request_id, 128),
        correlation_id=plain(leg.correlation_id, 128),
        http=leg.http,
        ocpi=leg.ocpi,
        outcome=leg.outcome,
        reason=_reason(leg, mask),
        fault=leg.fault,
        parent=leg.parent,
        bytes_in=leg.bytes_in,
        bytes_out=leg.bytes_out,
        request_body=plain(request_body, len(request_body)) if request_body else None,
        answer_body=plain(answer_body, len(answer_body)) if answer_body else None,
        receipt=_receipt(leg.receipt),
    )


def _reason(leg: Leg, mask: Mask) -> str:
    """Why it did not go well: in the hub's words, or in those of the party that refused."""
    reason = leg.reason
    if not reason and leg.outcome is not Outcome.DELIVERED and leg.direction is Direction.OUT:
        reason = _status_message(read(leg.answer_body))
        mask.document(read(leg.request_body))  # what the message holds may be named in the words
    return plain(mask.text(reason), MAX_REASON) if reason else ""


def _status_message(answer: Any) -> str:
    message = answer.get("status_message") if isinstance(answer, dict) else None
    return message if isinstance(message, str) else ""


def _receipt(losses: tuple[object, ...]) -> str | None:
    if not losses:
        return None
    shown = [asdict(loss) for loss in losses[:MAX_LOSSES] if isinstance(loss, Loss)]
    if len(losses) > MAX_LOSSES:
        shown.append(
            {"object": "", "field": "", "what": "more", "old": len(losses) - MAX_LOSSES, "new": None, "why": ""}
        )
    return json.dumps(shown, default=str)
