"""OpenID Connect, as the web view needs it: authorization code with PKCE, and an ID token that is believed only whole.

OpenID Connect Core 1.0, section 3.1; OpenID Connect Discovery 1.0; RFC 7636 (PKCE); RFC 9207 (issuer in the answer).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

import aiohttp
import jwt

from admin.keys import AdminRole
from hub.sections import OidcSection

TIMEOUT_S: Final = 10.0
LEEWAY_S: Final = 60
MAX_BYTES: Final = 1024 * 1024
ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures by a key pair only: with a shared secret, whoever can check a token could make one."""
WELL_KNOWN: Final = "/.well-known/openid-configuration"


class ProviderFailed(Exception):
    """The provider did not answer as the specification says."""


class NotLetIn(Exception):
    """The provider knows the person, but nothing here is for them."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login under way: what must come back unchanged."""

    state: str
    nonce: str
    verifier: str = field(repr=False)

    @classmethod
    def new(cls) -> Attempt:
        """Random, each time."""
        return cls(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier (RFC 7636, S256)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True)
class Person:
    """Who logged in, as far as the ID token says."""

    identity: str
    name: str
    role: AdminRole


class Provider:
    """An OpenID provider. Raises ProviderFailed where it cannot be believed."""

    def __init__(self, settings: OidcSection) -> None:
        self._settings = settings
        self._issuer = settings.issuer or ""
        self._client_id = settings.client_id or ""

    async def address(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where the browser is sent to log in."""
        endpoint = str((await self._discovered())["authorization_endpoint"])
        query = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile email",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def person(self, code: str, attempt: Attempt, redirect_uri: str) -> Person:
        """Who this code stands for. Raises NotLetIn for somebody without a role here."""
        discovered = await self._discovered()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
            "client_id": self._client_id,
        }
        answer = await _fetched("POST", str(discovered["token_endpoint"]), form=form, headers=self._authorization())
        keys = await _fetched("GET", str(discovered["jwks_uri"]))
        return self._read(self._verified(str(answer.get("id_token", "")), keys, attempt))

    def _authorization(self) -> Mapping[str, str]:
        """The client's own password (RFC 6749, section 2.3.1); a client without one is known by its PKCE alone."""
        if self._settings.client_secret is None:
            return {}
        secret = self._settings.client_secret.get_secret_value()
        pair = f"{quote_plus(self._client_id)}:{quote_plus(secret)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    async def _discovered(self) -> Mapping[str, Any]:
        found = await _fetched("GET", self._issuer.rstrip("/") + WELL_KNOWN)
        if found.get("issuer") != self._issuer:
            raise ProviderFailed(f"it calls itself {found.get('issuer')!r}, not {self._issuer!r}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not isinstance(found.get(name), str):
                raise ProviderFailed(f"its configuration names no {name}")
        return found

    def _verified(self, token: str, keys: Mapping[str, Any], attempt: Attempt) -> Mapping[str, Any]:
        """The claims of an ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""
        try:
            key = _key_of(jwt.PyJWKSet.from_dict(dict(keys)), jwt.get_unverified_header(token))
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self._client_id,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.PyJWTError as error:
            raise ProviderFailed(f"its ID token is not valid: {error}") from None
        if not secrets.compare_digest(str(claims.get("nonce", "")).encode(), attempt.nonce.encode()):
            raise ProviderFailed("its ID token is of another login")
        if claims.get("azp", self._client_id) != self._client_id:
            raise ProviderFailed("its ID token is for another client")
        return claims

    def _read(self, claims: Mapping[str, Any]) -> Person:
        given = claims.get(self._settings.role_claim, [])
        values = {item for item in (given if isinstance(given, list) else [given]) if isinstance(item, str)}
        mapping = (
            (AdminRole.OWNER, self._settings.owners),
            (AdminRole.OPERATOR, self._settings.operators),
            (AdminRole.VIEWER, self._settings.viewers),
        )
        role = next((role for role, wanted in mapping if values & set(wanted)), None)
        named = (claims.get(claim) for claim in (self._settings.name_claim, "email", "sub"))
        name = next((text for text in named if isinstance(text, str) and text.isprintable() and text.strip()), "")
        if role is None:
            raise NotLetIn(name)
        return Person(f"{self._issuer} {claims['sub']}", name.strip()[:100], role)


def _key_of(keys: jwt.PyJWKSet, header: Mapping[str, Any]) -> jwt.PyJWK:
    """The key that a token names; where it names none, the only one there is."""
    kid = header.get("kid")
    found = [key for key in keys.keys if key.key_id == kid] if kid is not None else keys.keys
    if len(found) != 1:
        raise jwt.InvalidKeyError("it is signed with a key that the provider does not publish")
    return found[0]


async def _fetched(
    method: str, url: str, *, form: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
) -> Mapping[str, Any]:
    """A JSON object of the provider's. Redirects are not followed, and not more is read than makes sense."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(
                method, url, data=form, allow_redirects=False, headers={"Accept": "application/json", **(headers or {})}
            ) as answer,
        ):
            body = await answer.content.read(MAX_BYTES)
            while len(body) < MAX_BYTES and (more := await answer.content.read(MAX_BYTES - len(body))):
                body += more
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise ProviderFailed(f"it does not answer: {type(error).__name__}") from None
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if status != 200 or not isinstance(found, dict):
        reason = found.get("error") if isinstance(found, dict) else None
        raise ProviderFailed(f"it answered HTTP {status}" + (f" ({reason})" if isinstance(reason, str) else ""))
    return found
