"""What DNS says is believed only as far as the hub may go there, whatever it said before."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from routing.addresses import ForbiddenAddress, check_public
from routing.wire.names import Names

PUBLIC, INSIDE = "93.184.216.34", "127.0.0.1"


def answering(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
    """Let the system's resolver give these addresses, one answer after the other."""
    left = iter(answers)

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in next(left)]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


async def test_a_name_that_was_public_and_then_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, [PUBLIC], [INSIDE])
    names = Names(check_public)
    assert (await names.addresses("cpo.example", 443))[0][4] == (PUBLIC, 443)
    assert (await names.addresses("cpo.example", 443))[0][4] == (PUBLIC, 443)  # remembered for a moment
    with pytest.raises(ForbiddenAddress):
        await names.addresses("cpo.example", 8443)


@pytest.mark.parametrize(
    "answer", [[PUBLIC, INSIDE], [INSIDE, PUBLIC], ["10.0.0.1"], ["169.254.169.254"], ["127.8.9.1"]]
)
async def test_one_address_inside_among_the_answers_is_enough(
    monkeypatch: pytest.MonkeyPatch, answer: list[str]
) -> None:
    answering(monkeypatch, answer)
    names = Names(check_public)
    for _ in range(2):  # remembering it does not make it better
        with pytest.raises(ForbiddenAddress):
            await names.addresses("cpo.example", 443)
