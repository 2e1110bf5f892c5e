"""Reading answers: what is one, however it is cut, and what is none (RFC 9112)."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.wire.errors import AnswerTooLarge, BadAnswer, BrokenOff
from routing.wire.reader import MAX_HEAD_BYTES, MAX_HEADERS, Reader


def whole(answer: bytes, cuts: tuple[int, ...] = (), *, limit: int = 10_000) -> Reader:
    """A reader that was fed this, cut at these places, and then the end of the connection."""
    reader = Reader(limit)
    places = sorted({0, *(min(cut, len(answer)) for cut in cuts), len(answer)})
    for begin, end in itertools.pairwise(places):
        reader.feed(answer[begin:end])
    if not reader.is_complete:
        reader.end()
    return reader


def told(reader: Reader) -> tuple[int, bytes, dict[str, str], bool, bool]:
    return reader.status, reader.body, reader.headers, reader.keeps_alive, reader.has_surplus


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ANSWERS = {
    "length": (HEAD + b"Content-Length: 5\r\n\r\nhello", 200, b"hello", True, False),
    "nothing": (HEAD + b"Content-Length: 0\r\n\r\n", 200, b"", True, False),
    "chunks": (CHUNKED + b"2\r\nhe\r\n3;a=b\r\nllo\r\n0\r\nX-Trailer: t\r\n\r\n", 200, b"hello", True, False),
    "until it is closed": (HEAD + b"\r\nhello", 200, b"hello", False, False),
    "1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello", False, False),
    "closing": (HEAD + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello", False, False),
    "no reason phrase": (b"HTTP/1.1 404\r\nContent-Length: 5\r\n\r\nhello", 404, b"hello", True, False),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", True, False),
    "no content with a length": (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, b"", True, False),
    "no content with a body": (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}", 204, b"", False, True),
    "not modified with a body": (b"HTTP/1.1 304 Same\r\nContent-Length: 2\r\n\r\n{}", 304, b"", False, True),
    "continue": (
        b"HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n" + HEAD + b"Content-Length: 2\r\n\r\n{}",
        200,
        b"{}",
        True,
        False,
    ),
    "two answers": ((HEAD + b"Content-Length: 5\r\n\r\nhello") * 2, 200, b"hello", True, True),
    "an answer and more": (HEAD + b"Content-Length: 2\r\n\r\n{}}", 200, b"{}", True, True),
    "chunks and more": (CHUNKED + b"2\r\n{}\r\n0\r\n\r\n{}", 200, b"{}", True, True),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_the_same_wherever_it_is_cut(name: str) -> None:
    answer, status, body, keeps_alive, has_surplus = ANSWERS[name]
    at_once = whole(answer)
    expected = told(at_once)
    assert (at_once.status, at_once.body) == (status, body)
    assert (at_once.keeps_alive and not at_once.has_surplus) is (keeps_alive and not has_surplus)
    assert at_once.has_surplus is has_surplus
    for cut in range(1, len(answer)):
        assert told(whole(answer, (cut,))) == expected, f"cut at {cut}"
    assert told(whole(answer, tuple(range(len(answer))))) == expected


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=40), max_size=8),
    cuts=st.lists(st.integers(0, 600), max_size=6),
    fields=st.lists(st.sampled_from(["a", "b", "c"]), max_size=4),
)
def test_chunks_say_what_a_length_says(pieces: list[bytes], cuts: list[int], fields: list[str]) -> None:
    extra = "".join(f"X-{name}: {name * 3}\r\n" for name in fields).encode()
    body = b"".join(pieces)
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    chunked = whole(HEAD + extra + b"Transfer-Encoding: Chunked\r\n\r\n" + chunks, tuple(cuts))
    lengthy = whole(HEAD + extra + b"Content-Length: %d\r\n\r\n%s" % (len(body), body), tuple(cuts))
    assert chunked.body == lengthy.body == body
    assert chunked.keeps_alive
    assert lengthy.keeps_alive
    shared = {name: value for name, value in chunked.headers.items() if name.startswith("x-")}
    assert shared.items() <= lengthy.headers.items()


@given(answer=st.binary(max_size=200), cuts=st.lists(st.integers(0, 200), max_size=4))
def test_noise_is_refused_and_breaks_nothing(answer: bytes, cuts: list[int]) -> None:
    with pytest.raises((BadAnswer, BrokenOff)):
        whole(answer, tuple(cuts))


@given(
    name=st.sampled_from(sorted(ANSWERS)),
    at=st.integers(0, 200),
    noise=st.binary(min_size=1, max_size=3),
    cuts=st.lists(st.integers(0, 300), max_size=3),
)
def test_one_wrong_byte_reads_the_same_wherever_it_is_cut(name: str, at: int, noise: bytes, cuts: list[int]) -> None:
    answer = ANSWERS[name][0]
    at = min(at, len(answer))
    spoilt = answer[:at] + noise + answer[at + 1 :]

    def outcome(cuts: tuple[int, ...]) -> object:
        try:
            return told(whole(spoilt, cuts))[:2]
        except (BadAnswer, BrokenOff) as error:
            return type(error)

    assert outcome(tuple(cuts)) == outcome(())


BAD = {
    "no HTTP": b"hello\r\n\r\n",
    "length and chunks": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks and length": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "one length twice": HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": HEAD + b"Content-Length: 2, 2\r\n\r\n{}",
    "a length with a sign": HEAD + b"Content-Length: +2\r\n\r\n{}",
    "a negative length": HEAD + b"Content-Length: -2\r\n\r\n{}",
    "an empty length": HEAD + b"Content-Length: \r\n\r\n{}",
    "a length beyond all numbers": HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
    "another coding": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "coding in the wrong order": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "almost chunked": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked twice": HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunks in 1.0": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "negative chunk": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "0x chunk": CHUNKED + b"0x2\r\n{}\r\n0\r\n\r\n",
    "chunk with a space": CHUNKED + b"2 \r\n{}\r\n0\r\n\r\n",
    "chunk that is longer than it says": CHUNKED + b"2\r\n{}}\r\n0\r\n\r\n",
    "chunk beyond all numbers": CHUNKED + b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "chunk lines without CR": CHUNKED + b"2\n{}\n0\n\n",
    "length in a trailer": CHUNKED + b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n",
    "NUL in a header": HEAD + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}",
    "control character in a header": HEAD + b"X: a\x01b\r\nContent-Length: 2\r\n\r\n{}",
    "folded header": HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "space before the colon": HEAD + b"Content-Length : 2\r\n\r\n{}",
    "space before the name": HEAD + b" Content-Length: 2\r\n\r\n{}",
    "header without a name": HEAD + b": 2\r\n\r\n{}",
    "header without a colon": HEAD + b"Content-Length\r\n\r\n{}",
    "lines without CR": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "line without LF": HEAD + b"X: a\rContent-Length: 2\r\n\r\n{}",
    "HTTP/2": b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/0.9": b"HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "status of two digits": b"HTTP/1.1 99 OK\r\nContent-Length: 2\r\n\r\n{}",
    "status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}",
    "status that no class has": b"HTTP/1.1 999 OK\r\nContent-Length: 2\r\n\r\n{}",
    "another protocol": b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello",
    "too many headers": HEAD + b"X: y\r\n" * (MAX_HEADERS + 1) + b"Content-Length: 2\r\n\r\n{}",
    "a huge header": HEAD + b"X: " + b"y" * MAX_HEAD_BYTES + b"\r\nContent-Length: 2\r\n\r\n{}",
    "a header without end": HEAD + b"X: " + b"y" * (MAX_HEAD_BYTES + 1),
    "a trailer without end": CHUNKED + b"2\r\n{}\r\n0\r\nX: " + b"y" * 2 * MAX_HEAD_BYTES,
    "too many trailers": CHUNKED + b"2\r\n{}\r\n0\r\n" + b"X: y\r\n" * (MAX_HEADERS + 1) + b"\r\n",
    "an extension without end": CHUNKED + b"2;" + b"y" * 2 * MAX_HEAD_BYTES,
    "interim answers without end": b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_http_is_refused_wherever_it_is_cut(name: str) -> None:
    answer = BAD[name]
    with pytest.raises(BadAnswer):
        whole(answer)
    for cut in range(1, min(len(answer), 120)):
        with pytest.raises(BadAnswer):
            whole(answer, (cut,))


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 10001\r\n\r\n",
        CHUNKED + b"1388\r\n" + b"x" * 5000 + b"\r\n1389\r\n" + b"x" * 5001,
        HEAD + b"\r\n" + b"x" * 10_001,
    ],
    ids=["length", "chunks", "until it is closed"],
)
def test_an_answer_that_is_too_large_is_given_up_before_it_is_read(answer: bytes) -> None:
    with pytest.raises(AnswerTooLarge):
        whole(answer, tuple(range(0, len(answer), 1000)))


@pytest.mark.parametrize("name", [name for name in ANSWERS if name not in ("until it is closed",)])
def test_an_answer_that_breaks_off_is_never_taken_for_whole(name: str) -> None:
    answer, status, body, _, has_surplus = ANSWERS[name]
    end = len(answer) if not has_surplus else answer.index(b"\r\n\r\n") + 4 + len(body)
    for cut in range(end):
        reader = Reader(10_000)
        if reader.feed(answer[:cut]):
            assert has_surplus, f"cut off at {cut}"
            assert told(reader)[:2] == (status, body)
            continue
        with pytest.raises(BrokenOff) as raised:
            reader.end()
        assert raised.value.has_begun is (cut > 0)


def test_a_header_that_comes_twice_is_joined_and_names_are_lower_case() -> None:
    reader = whole(HEAD + b'LINK: <a>; rel="next"\r\nlink: <b>\t\r\nX-Cafe: caf\xe9\r\nContent-Length: 0\r\n\r\n')
    assert reader.headers["link"] == '<a>; rel="next", <b>'
    assert reader.headers["x-cafe"] == "café"


def test_the_same_reader_reads_the_next_answer() -> None:
    reader = Reader(10_000)
    assert reader.feed(HEAD + b"X-A: 1\r\nContent-Length: 2\r\n\r\n[]")
    reader.expect()
    assert reader.feed(b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
    assert (reader.status, reader.body, "x-a" in reader.headers) == (404, b"x", False)
