"""Whatever is written between the pages of a GET All, it loses and repeats no object that was there throughout."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.memory import StoredMemory, remembering
from hub.store import Store
from routing.agreements import Agreement
from routing.crossing import Crossing
from routing.directory import Directory
from routing.get_all import GetAll
from routing.lessons import change_of
from routing.links import next_page
from routing.memory import Change
from routing.ocpi import PartyId
from tests.routing.scene import CPO, EMSP, OTHER_CPO, R, S, market, message

EVERYBODY: Final = market()
ONE_OF_MANY: Final = market(agreements=[Agreement("1", CPO, EMSP, is_allowed=False)])
"""The eMSP sees the second CPO alone, which has few objects: such lists are read another way."""
CALLERS: Final = {"cpo": CPO, "other-cpo": OTHER_CPO}
OLD, NEW = "2020-01-01T00:00:00Z", "2030-01-01T00:00:00Z"

Name = tuple[PartyId, str]


@dataclass(frozen=True)
class Write:
    """A push of a tariff to everybody, and whether it is in the store before anything else happens."""

    caller: str
    id: int
    method: str
    last_updated: str
    settles: bool


@dataclass(frozen=True)
class Read:
    """The next page of one of the readers."""

    reader: int


writes = st.builds(
    Write,
    caller=st.sampled_from(tuple(CALLERS)),
    id=st.integers(0, 5),
    method=st.sampled_from(("PUT", "PATCH", "DELETE", "DELETE")),
    last_updated=st.sampled_from((OLD, NEW)),
    settles=st.booleans(),
)
steps = st.one_of(writes, st.builds(Read, reader=st.integers(0, 2)))
scripts = st.tuples(
    st.lists(writes, max_size=4), st.lists(steps, min_size=8, max_size=30), st.tuples(*[st.integers(1, 4)] * 3)
)
"""What is written on top of a full list, what happens while it is read, and the readers' limits."""
FULL: Final = [Write(caller, id, "PUT", NEW, settles=False) for id in range(6) for caller in CALLERS]
WINDOWS: Final = ("", "", f"&date_from={NEW}")
"""Of each reader: two read all, one what is new."""


@dataclass
class Reader:
    """One caller that goes through a list, and what must be on it."""

    get_all: GetAll
    directory: Directory
    query: str
    window: str
    throughout: set[Name] = field(default_factory=set)
    known: set[Name] = field(default_factory=set)
    removed: set[Name] = field(default_factory=set)
    """What was there and was deleted: it may come again as a new object."""
    found: Counter[Name] = field(default_factory=Counter)
    has_begun: bool = False
    has_ended: bool = False

    def watch(self, there: dict[Name, str]) -> None:
        """Something was written: what is not on the list any more need not be on it."""
        self.removed |= self.known - there.keys()
        self.known |= there.keys()
        self.throughout &= self.listed(there)

    def listed(self, there: dict[Name, str]) -> set[Name]:
        return {name for name, last_updated in there.items() if not self.window or last_updated == NEW}

    async def read(self, there: dict[Name, str]) -> None:
        """The next page, if there is one."""
        if self.has_ended:
            return
        if not self.has_begun:
            self.has_begun, self.throughout = True, self.listed(there)
        asked = message(self.directory, "emsp", "GET", "tariffs", S, query=self.query, to=self.directory.hub)
        reply = await self.get_all.answer(asked)
        rows = json.loads(reply.body)["data"]
        self.found.update((PartyId(row["country_code"], row["party_id"]), row["id"]) for row in rows)
        following = next_page(reply.headers.get("Link", ""), "http://hub")
        self.has_ended = following is None
        self.query = (following or "").partition("?")[2]


def lay(there: dict[Name, str], write: Write) -> None:
    """What a write makes of what is published."""
    name = (CALLERS[write.caller], f"T{write.id}")
    if write.method == "PUT" or (write.method == "PATCH" and name in there):
        there[name] = write.last_updated
    elif write.method == "DELETE":
        there.pop(name, None)


def teach(memory: StoredMemory, directory: Directory, write: Write) -> None:
    owner, id = CALLERS[write.caller], f"T{write.id}"
    whole = {"country_code": owner.country_code, "party_id": owner.party_id, "id": id, "currency": "EUR"}
    documents = {"PUT": whole, "PATCH": {"currency": "SEK"}, "DELETE": None}
    document = documents[write.method]
    body = document and {**document, "last_updated": write.last_updated}
    path = f"/{owner.country_code}/{owner.party_id}/{id}"
    memory.learn(message(directory, write.caller, write.method, "tariffs", R, path, document=body), None, None)


def many(owner: PartyId) -> list[Change]:
    """Enough of one owner that the others have few."""
    rows = []
    for number in range(100, 250):
        document = {"id": f"T{number}", "last_updated": OLD}
        change = change_of(
            "tariffs", owner, document, version="2.2.1", body=json.dumps(document).encode(), at=1.0, asked_at=1.0
        )
        assert change is not None
        rows.append(change)
    return rows


async def act(
    file: Path, directory: Directory, before: Iterable[Write], script: Iterable[Write | Read], limits: Iterable[int]
) -> None:
    """Write and read as the script says, read to the end, and look at what each reader found."""
    store = Store(f"sqlite:///{file}")
    visible = set(CALLERS.values()) - ({CPO} if directory is ONE_OF_MANY else set())
    there: dict[Name, str] = {}
    async with remembering(StoredMemory(store, lambda: directory), within_s=10) as memory:
        get_all = GetAll(lambda: directory, memory, Crossing(), lambda _: "http://hub/locations")
        readers = [
            Reader(get_all, directory, f"limit={limit}{window}", window)
            for limit, window in zip(limits, WINDOWS, strict=True)
        ]
        if directory is ONE_OF_MANY:
            await memory.take_in(many(CPO), ())
        for step in (*before, *script, *(Read(number) for number in range(3) for _ in range(80))):
            if isinstance(step, Read):
                await readers[step.reader].read({name: at for name, at in there.items() if name[0] in visible})
                continue
            teach(memory, directory, step)
            lay(there, step)
            if step.settles:
                await memory.settled()
            for reader in readers:
                reader.watch(there)
        assert memory.dropped.total() - memory.dropped["unfitting"] == 0
    await store.close()
    for reader in readers:
        assert reader.has_ended
        assert reader.throughout - reader.found.keys() == set(), "lost"
        assert {name for name, times in reader.found.items() if times > 1} - reader.removed == set(), "repeated"
        assert {owner for owner, _ in reader.found} <= visible


@pytest.mark.parametrize("directory", [EVERYBODY, ONE_OF_MANY], ids=["all", "one of many"])
def test_pages_lose_and_repeat_nothing_that_was_there_throughout(
    directory: Directory, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("pages")

    @given(told=scripts)
    @settings(max_examples=20, deadline=None)
    def check(told: tuple[list[Write], list[Write | Read], tuple[int, ...]]) -> None:
        for old in folder.iterdir():
            old.unlink()
        file = Path(shutil.copyfile(migrated_sqlite, folder / "hub.db"))
        before, script, limits = told
        asyncio.run(act(file, directory, (*FULL, *before), script, limits))

    check()
