"""The client of the command line, against an open door and against what is none."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from admin.client import Client, Refused, Unreachable
from admin.keys import AdminRole
from tests.admin.door import Door
from tests.admin.stores import one_store

store_kind = one_store


async def ask(url: str, key: str, *request: Any) -> Any:
    return await asyncio.to_thread(Client(url, key).request, *request)


async def test_the_client_gets_what_the_api_answers(door: Door) -> None:
    key = door.keys[AdminRole.OPERATOR]
    body = {"name": "TNM", "roles": [{"role": "CPO", "country_code": "NL", "party_id": "TNM", "name": "Tëst"}]}
    made = await ask(door.url + "/", key, "POST", "/platforms", body)
    assert made["roles"][0]["name"] == "Tëst"
    assert (await ask(door.url, key, "GET", "/platforms?limit=1"))["items"][0]["id"] == made["id"]
    assert await ask(door.url, key, "DELETE", f"/platforms/{made['id']}") is None


async def test_a_refusal_is_told_in_the_words_of_the_problem(door: Door) -> None:
    key = door.keys[AdminRole.OPERATOR]
    with pytest.raises(Refused, match=r"invalid request: name: .*; rolls: is not a known field") as caught:
        await ask(door.url, key, "POST", "/platforms", {"name": "", "rolls": []})
    assert caught.value.status == 422
    with pytest.raises(Refused, match="this needs the role owner"):
        await ask(door.url, key, "GET", "/keys")
    with pytest.raises(Refused, match="an admin key is needed"):
        await ask(door.url, "wrong", "GET", "/platforms")


async def test_where_no_door_is_the_client_says_so() -> None:
    with pytest.raises(Unreachable, match="cannot be reached"):
        await ask("http://127.0.0.1:1", "key", "GET", "/platforms")


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:8081", "http://", "http://x:y", "http://[::1", ""])
async def test_what_is_no_url_of_a_door_is_told_before_anybody_is_asked(url: str) -> None:
    with pytest.raises(ValueError, match="an admin door has a URL like"):
        Client(url, "key")


@pytest.mark.parametrize("key", ["a\nb", "ключ"])
async def test_a_key_that_cannot_be_sent_is_told_and_not_repeated(key: str) -> None:
    with pytest.raises(ValueError, match="an admin key is") as caught:
        Client("http://127.0.0.1:1", key)
    assert key not in str(caught.value)


async def test_what_is_no_admin_door_is_told(door: Door) -> None:
    with pytest.raises(Unreachable, match="is not an admin door: HTTP 4"):
        await ask(door.hub.settings.public_url, "key", "GET", "/platforms")
