"""Links in the store: saved before save returns, many in one transaction, found again after a restart."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.store import Store, StoreUnavailable
from hub.store.links import Links
from routing.links import Link, LinkKind, new_link_id
from routing.ocpi import Interface, PartyId

LINK = Link(
    id="id",
    kind=LinkKind.CALLBACK,
    url="https://emsp.example/" + "é" * 4000,
    module="commands",
    interface=Interface.SENDER,
    owner_platform="emsp",
    owner=PartyId("DE", "MSP"),
    user_platform="cpo",
    user=PartyId("NL", "TNM"),
    journey_id="journey",
    created_at=1_700_000_000.25,
    expires_at=None,
)


async def test_a_saved_link_is_found_by_another_node(store: Store, store_url: str) -> None:
    links, other = Links(store), Store(store_url)
    try:
        await links.save(LINK)
        assert await Links(other).find("id") == LINK
        assert await Links(other).find("no such id") is None
    finally:
        await other.close()
        await links.close()


async def test_links_that_wait_together_are_saved_together(store: Store) -> None:
    links = Links(store)
    many = [replace(LINK, id=new_link_id(), kind=kind) for kind in LinkKind for _ in range(50)]
    await asyncio.gather(*(links.save(link) for link in many))
    assert await asyncio.gather(*(links.find(link.id) for link in many)) == many
    await links.close()


async def test_whoever_gives_up_waiting_harms_nobody_else(store: Store) -> None:
    links = Links(store)
    impatient = asyncio.create_task(links.save(replace(LINK, id="impatient")))
    patient = asyncio.create_task(links.save(replace(LINK, id="patient")))
    await asyncio.sleep(0)
    impatient.cancel()
    await patient
    assert await links.find("patient")
    await links.close()


async def test_whoever_waits_is_told_when_the_store_is_gone() -> None:
    store = Store("postgresql://nobody@127.0.0.1:1/none")
    links = Links(store)
    told = await asyncio.gather(*(links.save(replace(LINK, id=f"{n}")) for n in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [StoreUnavailable] * 3
    await links.close()
    await store.close()


async def test_a_batch_that_failed_does_not_stop_the_next(store: Store) -> None:
    links = Links(store)
    await links.save(LINK)
    with pytest.raises(Exception, match=r"UNIQUE|unique"):
        await links.save(LINK)
    await links.save(replace(LINK, id="next"))
    assert await links.find("next")
    await links.close()


async def test_only_what_has_ended_is_forgotten_a_step_at_a_time(store: Store) -> None:
    links = Links(store)
    for number, end in enumerate((10.0, 20.0, 30.0, 40.0, None)):
        await links.save(replace(LINK, id=f"{number}", expires_at=end))
    assert await links.forget_expired(35.0, at_most=2) == 2
    assert await links.forget_expired(35.0, at_most=2) == 1
    assert await links.forget_expired(35.0, at_most=2) == 0
    assert [bool(await links.find(f"{number}")) for number in range(5)] == [False, False, False, True, True]
    await links.close()
