"""A small OpenID provider as a real server: it lets in whom it is told to, and misbehaves on request."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT = "ocpi-hub"
SECRET = "the secret: of the client+"


def new_key() -> rsa.RSAPrivateKey:
    """A key to sign with."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(slots=True)
class FakeProvider:
    """`claims` is who comes; `twist` changes the claims of the token, `key` signs it, `algorithm` says how."""

    issuer: str = ""
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "1", "preferred_username": "ann", "roles": ["boss"]})
    twist: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    error: str = ""
    published: rsa.RSAPrivateKey = field(default_factory=new_key)
    key: Any = None
    codes: dict[str, Mapping[str, str]] = field(default_factory=dict)

    async def discovery(self, request: web.Request) -> web.Response:
        """Where everything is."""
        named = {"issuer": self.twist.get("discovered", self.issuer)}
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return web.json_response(named | {name: f"{self.issuer}/{place}" for name, place in places.items()})

    async def authorize(self, request: web.Request) -> web.Response:
        """The person agrees at once, or the provider says no."""
        asked = dict(request.query)
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = secrets.token_hex(8)
        self.codes[code] = asked
        answer = {"state": asked["state"]} | ({"error": self.error} if self.error else {"code": code})
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(answer)}")

    async def token(self, request: web.Request) -> web.Response:
        """A code is good once, for the client that it was given to, who knows the verifier."""
        form = {name: str(value) for name, value in (await request.post()).items()}
        asked = self.codes.pop(form["code"], None)
        credentials = base64.b64encode(f"{CLIENT}:{quote_plus(SECRET)}".encode()).decode()
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if (
            asked is None
            or request.headers.get("Authorization") != f"Basic {credentials}"
            or asked["redirect_uri"] != form["redirect_uri"]
            or asked["code_challenge"] != base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        issued = {"iss": self.issuer, "aud": CLIENT, "exp": now + 60, "iat": now, "nonce": asked["nonce"]}
        claims = {**issued, **self.claims, **{k: v for k, v in self.twist.items() if k != "discovered"}}
        signed = jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            None if self.algorithm == "none" else self.key or self.published,
            algorithm=self.algorithm,
            headers={"kid": "one"},
        )
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": signed})

    async def keys(self, request: web.Request) -> web.Response:
        """What its tokens are checked with."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.published.public_key()))
        return web.json_response({"keys": [key | {"kid": "one", "use": "sig", "alg": "RS256"}]})


@asynccontextmanager
async def provider() -> AsyncIterator[FakeProvider]:
    """A provider on a free port."""
    made = FakeProvider()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", made.discovery)
    app.router.add_get("/authorize", made.authorize)
    app.router.add_post("/token", made.token)
    app.router.add_get("/keys", made.keys)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.issuer = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()
