"""Reads one answer at a time from the bytes of a connection. llhttp finds the framing; what it leaves open is here."""

from __future__ import annotations

from typing import Final

import httptools

from routing.wire.errors import AnswerTooLarge, BadAnswer, BrokenOff

MAX_HEADERS: Final = 200
MAX_HEAD_BYTES: Final = 64 * 1024
MAX_FRAMING: Final = 8
"""How many bytes of framing a byte of body may come with: one-byte chunks need five, endless extensions more."""
_NO_CONTENT: Final = frozenset({204, 304})
_CHUNKED: Final = "chunked"


class Reader:
    """One answer after the other. `expect` before each, `feed` what comes, `end` where nothing more does."""

    __slots__ = (
        "_counted",
        "_fed",
        "_head_bytes",
        "_is_head_read",
        "_max_body_bytes",
        "_parser",
        "_parts",
        "_size",
        "_until_close",
        "has_surplus",
        "headers",
        "is_complete",
        "keeps_alive",
        "status",
    )

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self.expect()

    def expect(self) -> None:
        """Forget the last answer: the next one is awaited."""
        self.status = 0
        self.headers: dict[str, str] = {}
        """By lower-case name; what came more than once is joined (RFC 9110, 5.3)."""
        self.is_complete = False
        self.keeps_alive = False
        """Whether the party will read another request on this connection."""
        self.has_surplus = False
        """Whether more came than one answer: nobody can tell what it belongs to."""
        self._parts: list[bytes] = []
        self._fed = self._size = self._counted = self._head_bytes = 0
        self._is_head_read = self._until_close = False

    @property
    def has_begun(self) -> bool:
        """Whether anything came."""
        return self._fed > 0

    @property
    def body(self) -> bytes:
        """The body without its framing."""
        return self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)

    def feed(self, data: bytes) -> bool:
        """Read these bytes; whether the answer is complete. Raises BadAnswer or AnswerTooLarge."""
        if self._parser is None:
            return self.is_complete
        self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            raise error.__context__ or error from None
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self.is_complete:
                raise BadAnswer(f"what came is not an HTTP answer: {_words(error)}") from None
            self.has_surplus = True
        if not self.is_complete and self._fed - self._size > MAX_HEAD_BYTES + MAX_FRAMING * self._size:
            raise BadAnswer("the head of the answer is too large")
        return self.is_complete

    def end(self) -> None:
        """Nothing more will come. Raises BrokenOff where the answer is not whole."""
        if not self.is_complete and not self._until_close:
            raise BrokenOff(has_begun=self.has_begun)
        self.is_complete = True

    def close(self) -> None:
        """Let go of the parser: it and the reader hold each other, and would wait for the garbage collector."""
        self._parser = None

    # --- called by the parser ----------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """The first byte of an answer, or of one too many."""
        if self.is_complete:
            self.has_surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or a trailer, which counts and is left."""
        self._counted += 1
        self._head_bytes += len(name) + len(value)
        if self._counted > MAX_HEADERS or self._head_bytes > MAX_HEAD_BYTES:
            raise BadAnswer("the head of the answer is too large")
        if self._is_head_read:
            return
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
        known = self.headers.get(key)
        self.headers[key] = text if known is None else f"{known}, {text}"

    def on_headers_complete(self) -> None:
        """The head is read: whether this is an answer that the hub understands, and how its body ends."""
        if self.is_complete or self._parser is None:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200 and status != 101:
            return  # an interim answer; the real one follows
        if not 200 <= status < 600:
            raise BadAnswer(f"HTTP {status} is no answer to this request")
        self.status, self._is_head_read = status, True
        self._check_framing(self._parser.get_http_version(), status)

    def on_body(self, data: bytes) -> None:
        """A piece of the body."""
        if self.is_complete:
            return
        self._size += len(data)
        if self._size > self._max_body_bytes:
            raise AnswerTooLarge()
        self._parts.append(data)

    def on_message_complete(self) -> None:
        """The end of an answer; of an interim one too."""
        if self.is_complete or self._parser is None:
            return
        if not self._is_head_read:
            self.headers.clear()
            return
        self.is_complete = True
        self.keeps_alive = self.keeps_alive and self._parser.should_keep_alive()

    def _check_framing(self, version: str, status: int) -> None:
        """What llhttp leaves open: the version, codings other than chunked, and content where there is none."""
        if version not in ("1.1", "1.0"):
            raise BadAnswer(f"HTTP/{version} was not asked for")
        coding, length = self.headers.get("transfer-encoding"), self.headers.get("content-length")
        if coding is not None and (version == "1.0" or coding.lower() != _CHUNKED):
            raise BadAnswer("the answer has a transfer coding other than chunked")
        if length is not None and int(length) > self._max_body_bytes and status != 304:
            raise AnswerTooLarge()
        is_without = status in _NO_CONTENT
        self._until_close = coding is None and length is None and not is_without
        # a body where HTTP has none is left unread, and the connection with it
        self.keeps_alive = not self._until_close and not (is_without and (coding or length not in (None, "0")))


def _words(error: Exception) -> str:
    return "a change of protocol" if isinstance(error, httptools.HttpParserUpgrade) else str(error).lower()
