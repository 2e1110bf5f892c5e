"""The admin API as the command line calls it: one request at a time, without redirects and proxies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from io import TextIOWrapper
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

API: Final = "/api/v1"
TIMEOUT_S: Final = 120.0
"""A handshake with a partner is a few calls of up to 20 seconds each."""


class Refused(Exception):
    """The hub said no; the text is what its problem said."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Unreachable(Exception):
    """There is no admin door at this address, or it did not answer as one."""


class Client:
    """Calls the admin door at `url` with an admin key. Raises ValueError where one of them can be no such thing."""

    def __init__(self, url: str, key: str) -> None:
        self._parts = _address(url)
        if not key.isascii() or not key.isprintable():
            raise ValueError("an admin key is ASCII text on one line")
        # as it may be shown: without a user and password, which the door does not ask for
        self._url = self._parts._replace(netloc=self._parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        self._key = key

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """What the API answers to a call, its path relative to /api/v1; None where it answers nothing.

        Raises Refused or Unreachable.
        """
        answer = self._answer(method, path, body)
        document = _json(answer)
        if answer and document is None:
            raise Unreachable(f"what answers at {self._url} is not an admin door")
        return document

    def text(self, path: str) -> str:
        """A file of the API, such as a report. Raises Refused or Unreachable."""
        return self._answer("GET", path, None).decode()

    def lines(self, path: str) -> Iterator[str]:
        """The lines of a file of the API as they come, however many. Raises Refused or Unreachable."""
        try:
            with closing(_connection(self._parts)) as connection:
                answer = self._asked(connection, "GET", path, None)
                if answer.status >= 300:
                    raise self._refusal(answer.status, answer.read())
                yield from TextIOWrapper(answer, "utf-8", newline="")
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable(f"the admin door at {self._url} broke off: {error}") from None

    def _answer(self, method: str, path: str, body: Any) -> bytes:
        try:
            status, answer = self._exchange(method, path, body)
        except (OSError, HTTPException, ValueError) as error:
            raise Unreachable(f"the admin door at {self._url} cannot be reached: {error}") from None
        if status >= 300:
            raise self._refusal(status, answer)
        return answer

    def _refusal(self, status: int, answer: bytes) -> Refused | Unreachable:
        document = _json(answer)
        if not isinstance(document, dict) or "title" not in document:
            return Unreachable(f"what answers at {self._url} is not an admin door: HTTP {status}")
        errors = [f"{error['field']}: {error['message']}" for error in document.get("errors") or ()]
        title, detail = document["title"], "; ".join(errors) or document.get("detail")
        return Refused(status, title if detail in (None, title) else f"{title}: {detail}")

    def _exchange(self, method: str, path: str, body: Any) -> tuple[int, bytes]:
        with closing(_connection(self._parts)) as connection:
            answer = self._asked(connection, method, path, body)
            return answer.status, answer.read()

    def _asked(self, connection: HTTPConnection, method: str, path: str, body: Any) -> HTTPResponse:
        headers = {"Authorization": f"Bearer {self._key}", "Accept": "application/json"}
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        connection.request(method, f"{self._parts.path.rstrip('/')}{API}{path}", content, headers)
        return connection.getresponse()


def _address(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return parts
    except ValueError:  # a port that is no number, half an IPv6 address
        pass
    raise ValueError(f"an admin door has a URL like http://127.0.0.1:8081, not {url}")


def _connection(parts: SplitResult) -> HTTPConnection:
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.hostname or "", parts.port, timeout=TIMEOUT_S)


def _json(answer: bytes) -> Any:
    try:
        return json.loads(answer) if answer else None
    except ValueError:
        return None
