"""Onboarding: invite a platform or let the hub connect to one, and watch the handshake step by step."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web
from pydantic import ValidationError

from admin.background import BACKGROUND
from admin.page import Shown, Visit, moved
from admin.platform_json import NewPlatform
from admin.platforms_api import roles_of
from admin.problems import Problem, bad_field, not_found, problem_of
from hub.lifecycle import Hub
from hub.peer import StepFailed
from hub.platforms import Invitation
from hub.progress import Progress, steps_of
from hub.store import handshakes, registration, registry
from hub.store.handshakes import HandshakeRow
from hub.store.registry import RoleRow, RoleTaken, new_id
from routing.addresses import ForbiddenAddress
from routing.ocpi import ConnectionStatus, PartyId, Role

ROWS: Final = 4
"""Parties that the form has room for; the API takes more."""
RECENT: Final = 8

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "read versions": ("Partner reads the versions", "GET on the versions URL, with the token that you handed over."),
    "read version details": ("Partner reads the version details", "It chooses a version and learns every endpoint."),
    "read credentials": (
        "Partner sends its credentials",
        "POST credentials, with its own token and versions URL.",
    ),
    "check roles": ("The roles are those agreed", "Country codes and party ids match, and nobody else has them."),
    "GET versions": (
        "Hub reads the partner's versions",
        "GET on its versions URL, with the token that it gave.",
    ),
    "choose version": ("Both speak a version", "The newest one that both offer."),
    "GET version details": ("Hub reads the version details", "It learns the partner's endpoints."),
    "check endpoints": ("The endpoints will do", "Credentials, and at least one module besides."),
    "POST credentials": ("Hub sends its credentials", "POST credentials at the partner, who answers with its own."),
    "store": ("Connected", "Tokens are exchanged; traffic may flow."),
}
"""What each step is, for somebody who never read OCPI."""


_OTHERS: Final = "Look at what came, and ask the partner's engineers: they see the same request in their log."
ADVICE: Final[Mapping[str, str]] = {
    **dict.fromkeys(WORDS, _OTHERS),
    "read credentials": "The partner has to mend its credentials object: OCPI, Credentials object.",
    "check roles": "Compare the party ids with the partner. Where its are right, remove this platform and invite anew.",
    "GET versions": (
        "Ask the partner whether its versions URL can be reached from here, and opens with the token that it gave: "
        "from OCPI 2.2 on in Base64."
    ),
    "choose version": (
        "One of the two has to offer a version that the other has, too: see hub.versions. "
        "Of a platform that has only OCPI 2.1.1 you have to name the party."
    ),
    "check endpoints": "The partner has to list credentials, and each of its modules, in its version details.",
    "POST credentials": "Ask the partner whether the token is still good, and whether it expects the hub's roles.",
    "store": "The hub could not keep what was agreed: look at its log, then let the handshake be done again.",
}
"""What an admin does about a step that failed."""


@dataclass(frozen=True, slots=True)
class StepLine:
    """One line of the checklist."""

    title: str
    text: str
    state: str
    """`done`, `failed`, `running` or `waiting`."""
    at: float | None = None
    expected: str = ""
    came: str = ""
    advice: str = ""
    """What to do about it."""


async def onboard_page(visit: Visit) -> Shown:
    """The two ways to begin, and who is on the way."""
    return await _forms(visit)


async def invite(visit: Visit) -> Shown:
    """Expect a platform. The answer is the only page that shows its token."""
    try:
        wanted = _wanted(visit)
        roles = roles_of(visit.hub, wanted)
        if not roles:
            raise bad_field("roles", "name at least one party: its role, country code and party id")
        invitation = await visit.hub.platforms.invite(
            by=visit.admin.name, name=wanted.name, roles=roles, counterpart=wanted.counterpart
        )
    except (Problem, ValidationError, RoleTaken) as error:
        return await _forms(visit, "invite", problem_of(error))
    return await _steps(visit, invitation.platform_id, invitation)


async def invite_again(visit: Visit) -> Shown:
    """A fresh token for a platform that is not registered."""
    invitation = await visit.hub.platforms.invite_again(visit.ids["id"], by=visit.admin.name)
    return await _steps(visit, invitation.platform_id, invitation)


async def connect(visit: Visit) -> Shown | web.Response:
    """Let the hub register with a platform, beside this answer: its steps are followed on a page of their own."""
    try:
        wanted = _wanted(visit)
        roles = roles_of(visit.hub, wanted)
        if wanted.versions_url is None or wanted.token is None:
            raise bad_field("token" if wanted.versions_url else "versions_url", "is needed to connect")
        visit.hub.core.checked(wanted.versions_url)
        await _check_free(visit.hub, roles, wanted.counterpart)
    except (Problem, ValidationError, ForbiddenAddress, RoleTaken) as error:
        return await _forms(visit, "connect", problem_of(error))
    platform_id = new_id()
    progress = Progress(visit.hub.store, platform_id)
    await progress.begin(wanted.name, is_outgoing=True, versions_url=wanted.versions_url)
    work = _connect(visit.hub, visit.admin.name, platform_id, wanted, roles)
    visit.request.app[BACKGROUND].begin(work, f"connect {platform_id}")
    return moved(f"/onboard/{platform_id}")


async def steps_page(visit: Visit) -> Shown:
    """How far a handshake came."""
    return await _steps(visit, visit.ids["id"])


async def _connect(hub: Hub, by: str, platform_id: str, wanted: NewPlatform, roles: Sequence[RoleRow]) -> None:
    try:
        await hub.platforms.connect(
            by=by,
            name=wanted.name,
            roles=roles,
            versions_url=wanted.versions_url or "",
            token=wanted.token.get_secret_value() if wanted.token else "",
            counterpart=wanted.counterpart,
            platform_id=platform_id,
        )
    except StepFailed:
        return  # it is in the steps, for whoever follows them
    except RoleTaken as error:
        await Progress(hub.store, platform_id).failed("check roles", "roles that are free", str(error))


async def _check_free(hub: Hub, roles: Sequence[RoleRow], counterpart: PartyId | None) -> None:
    async with hub.store.read() as connection:
        await registration.check_roles_free(connection, "", roles, counterpart)


async def _steps(visit: Visit, platform_id: str, invitation: Invitation | None = None) -> Shown:
    async with visit.hub.store.read() as connection:
        handshake = await handshakes.one(connection, platform_id)
        row = await registry.platform_row(connection, platform_id)
    if handshake is None:
        raise not_found("Nothing is known of this handshake any more.")
    values: dict[str, Any] = {
        "handshake": handshake,
        "steps": lines_of(handshake),
        "row": row,
        "invitation": invitation,
        "token_base64": base64.b64encode(invitation.token.encode()).decode() if invitation else "",
        "is_suspended": row is not None and row.status is ConnectionStatus.SUSPENDED,
    }
    return Shown("onboard_steps_part.html" if visit.is_part else "onboard_steps.html", values)


def lines_of(handshake: HandshakeRow) -> list[StepLine]:
    """The checklist: what is done, what failed, what is being waited for."""
    lines: list[StepLine] = []
    is_over = handshake.state != "running"
    for name in steps_of(handshake):
        title, text = WORDS[name]
        known = handshake.steps.get(name)
        if known is None:
            lines.append(StepLine(title, text, "waiting" if is_over else "running"))
            is_over = True
        elif "came" in known:
            lines.append(StepLine(title, text, "failed", known["at"], known["expected"], known["came"], ADVICE[name]))
            is_over = True
        else:
            lines.append(StepLine(title, text, "done", known["at"]))
    return lines


async def _forms(visit: Visit, sent: str = "", problem: Problem | None = None) -> Shown:
    async with visit.hub.store.read() as connection:
        platforms = await registry.platforms_since(connection, -1)
        expected = [row for row in platforms if row.version is None]
        rows = [(row, await handshakes.one(connection, row.id)) for row in expected[-RECENT:]]
    values = {
        "sent": sent,
        "problem": problem,
        "form": visit.form,
        "expected": list(reversed(rows)),
        "roles": [role for role in Role if role is not Role.HUB],
        "numbers": list(range(ROWS)),
    }
    return Shown("onboard.html", values, 200 if problem is None else problem.status)


def _wanted(visit: Visit) -> NewPlatform:
    """What the form asks for. Raises ValidationError."""
    form = {name: value.strip() for name, value in visit.form.items()}
    roles = []
    for number in range(ROWS):
        country, party = form.get(f"country-{number}", ""), form.get(f"party-{number}", "")
        if country or party:
            roles.append({"role": form.get(f"role-{number}", ""), "country_code": country, "party_id": party})
    document = {
        "name": form.get("name", ""),
        "roles": roles,
        **{name: form[name] for name in ("versions_url", "token", "counterpart") if form.get(name)},
    }
    return NewPlatform.model_validate_json(json.dumps(document))
