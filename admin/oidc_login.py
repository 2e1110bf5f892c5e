"""Logging in with an OpenID provider: there and back again, and a session for whoever has a role here."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
from dataclasses import asdict
from typing import Final

import structlog
from aiohttp import web

from admin import users
from admin.guard import cookie_name, is_secure
from admin.login import begin_session, browser_of, form_of, safe_path, set_cookie
from admin.oidc import Attempt, NotLetIn, Person, Provider, ProviderFailed
from admin.page import Shown, Visit, drawn
from admin.problems import not_found
from hub.vault import VaultError

log = structlog.get_logger(__name__)

COOKIE: Final = "oidc"
SEALED_FOR: Final = "cookie:oidc"
WITHIN_S: Final = 600


async def start(visit: Visit) -> Shown | web.StreamResponse:
    """Send the browser to the provider; what must come back is sealed in a cookie that only lives so long."""
    attempt = Attempt.new()
    try:
        address = await _provider(visit).address(attempt, _return_to(visit))
    except ProviderFailed as error:
        return await _refused(visit, f"The login provider cannot be used: {error}.", 502)
    kept = {**asdict(attempt), "at": time.time(), "next": safe_path(visit.query.get("next", ""))}
    sealed = visit.hub.core.vault.seal(json.dumps(kept), SEALED_FOR)
    answer = web.Response(status=303, headers={"Location": address})
    # the way back begins at the provider, so that a stricter cookie would not come along
    value = base64.urlsafe_b64encode(sealed).decode()
    set_cookie(visit.request, answer, COOKIE, value, samesite="Lax", max_age=WITHIN_S)
    return answer


async def callback(visit: Visit) -> Shown | web.StreamResponse:
    """The browser comes back with a code, or with a reason why there is none."""
    provider = _provider(visit)
    kept = _kept(visit)
    if kept is None or not _is_answer_to(visit, kept[0]):
        return await _refused(visit, "This login was not begun here, or took too long. Begin again.", 400)
    attempt, wanted = kept
    if "error" in visit.query:
        return await _refused(visit, "The login provider did not let you in.", 401)
    try:
        person = await provider.person(visit.query.get("code", ""), attempt, _return_to(visit))
    except ProviderFailed as error:
        log.warning("login refused", reason=str(error), provider=visit.hub.settings.admin.oidc.issuer)
        return await _refused(visit, f"The login provider cannot be believed: {error}.", 502)
    except NotLetIn as error:
        log.warning("login refused", name=str(error), reason="no role")
        return await _refused(visit, "You are known to the login provider, but have no role here. Ask an owner.", 403)
    return await _enter(visit, person, wanted)


async def _enter(visit: Visit, person: Person, wanted: str) -> web.Response:
    """Begin a session. A redirect would still count as coming from the provider, and go without the new cookie."""
    user = await users.from_provider(visit.hub.store, person.identity, person.name, person.role)
    secret = await begin_session(visit, browser_of(visit.request), user_id=user.id, name=user.name)
    answer = drawn(visit.request, Shown("oidc_done.html", {"wanted": wanted}))
    set_cookie(visit.request, answer, "session", secret, samesite="Strict")
    set_cookie(visit.request, answer, COOKIE, "", samesite="Lax", max_age=0)
    return answer


def _provider(visit: Visit) -> Provider:
    settings = visit.hub.settings.admin.oidc
    if settings.issuer is None:
        raise not_found("no OpenID provider is configured")
    return Provider(settings)


def _return_to(visit: Visit) -> str:
    scheme = "https" if is_secure(visit.request) else "http"
    base = visit.hub.settings.admin.public_url or f"{scheme}://{visit.request.host}"
    return f"{base.rstrip('/')}/oidc/callback"


def _kept(visit: Visit) -> tuple[Attempt, str] | None:
    """What was sealed when this login began; None where nothing was, or too long ago."""
    value = visit.request.cookies.get(cookie_name(visit.request, COOKIE), "")
    try:
        sealed = base64.urlsafe_b64decode(value.encode())
        kept = json.loads(visit.hub.core.vault.unseal(sealed, SEALED_FOR))
    except (ValueError, binascii.Error, VaultError):
        return None
    if time.time() - kept["at"] > WITHIN_S:
        return None
    return Attempt(kept["state"], kept["nonce"], kept["verifier"]), kept["next"]


def _is_answer_to(visit: Visit, attempt: Attempt) -> bool:
    is_state = hmac.compare_digest(visit.query.get("state", "").encode(), attempt.state.encode())
    issuer = visit.hub.settings.admin.oidc.issuer
    return is_state and visit.query.get("iss", issuer) == issuer  # RFC 9207: an answer of another provider's


async def _refused(visit: Visit, error: str, status: int) -> web.StreamResponse:
    answer = drawn(visit.request, await form_of(visit, error, status))
    set_cookie(visit.request, answer, COOKIE, "", samesite="Lax", max_age=0)
    return answer
