"""What waits for one receiver: newest wins, order per object, never two at once, bounded, news of a party first."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from routing.mailbox import CLIENT_INFO, Copy, Mailbox, Room, copy_of
from routing.message import Message
from tests.routing.scene import R, market, message

PLENTY = 1000
THERE = market()


def pushed(
    method: str, path: str, document: dict[str, Any] | None = None, module: str = "locations", **more: Any
) -> Message:
    caller = "emsp" if module == "tokens" else "cpo"
    return message(THERE, caller, method, module, R, path, to=THERE.hub, document=document, **more)


def copy(
    method: str, path: str, document: dict[str, Any] | None = None, module: str = "locations", **more: Any
) -> Copy:
    return copy_of(pushed(method, path, document, module, **more))


def news(owner: str = "nltnm", role: str = "CPO") -> Copy:
    return Copy(pushed("PUT", "/NL/TNM", {"role": role}, CLIENT_INFO), (CLIENT_INFO, owner, role))


def filled(*copies: Copy, at_most: int = PLENTY) -> Mailbox:
    mailbox = Mailbox()
    for one in copies:
        assert mailbox.put(one, at_most)
    return mailbox


def emptied(mailbox: Mailbox) -> list[tuple[str, str, Any]]:
    """Everything in the order in which it leaves: method, path, body."""
    left = []
    while (one := mailbox.take()) is not None:
        left.append((one.method, one.message.path, json.loads(one.message.body or b"null")))
        mailbox.done(one)
    return left


L, E1, E2, C1 = "/NL/TNM/L", "/NL/TNM/L/E1", "/NL/TNM/L/E2", "/NL/TNM/L/E1/1"
T = "/NL/TNM/T"


@pytest.mark.parametrize(
    ("updates", "left"),
    [
        pytest.param([("PUT", L, {"v": 1}), ("PUT", L, {"v": 2})], [("PUT", L, {"v": 2})], id="a newer PUT replaces"),
        pytest.param(
            [("PUT", L, {"v": 1, "w": 1}), ("PATCH", L, {"v": 2})],
            [("PUT", L, {"v": 2, "w": 1})],
            id="a PATCH is laid over a PUT",
        ),
        pytest.param(
            [("PATCH", L, {"v": 1, "w": {"x": 1, "y": 1}}), ("PATCH", L, {"w": {"x": 2}})],
            [("PATCH", L, {"v": 1, "w": {"x": 2}})],
            id="PATCHes are merged by top-level members",
        ),
        pytest.param(
            [("PATCH", L, {"v": 1}), ("PUT", L, {"w": 1})], [("PUT", L, {"w": 1})], id="a PUT forgets PATCHes"
        ),
        pytest.param(
            [("PUT", L, {"v": 1}), ("PATCH", E1, {"s": 1})],
            [("PUT", L, {"v": 1}), ("PATCH", E1, {"s": 1})],
            id="a part waits behind its whole",
        ),
        pytest.param(
            [("PATCH", E1, {"s": 1}), ("PUT", E2, {"s": 2}), ("PATCH", E1, {"s": 3})],
            [("PATCH", E1, {"s": 3}), ("PUT", E2, {"s": 2})],
            id="each part has its own newest",
        ),
        pytest.param(
            [("PATCH", E1, {"s": 1}), ("PUT", C1, {"p": 1}), ("PUT", L, {"v": 1})],
            [("PUT", L, {"v": 1})],
            id="a whole replaces its parts",
        ),
        pytest.param(
            [("PATCH", C1, {"p": 1}), ("PATCH", E2, {"s": 1}), ("PUT", E1, {"s": 2})],
            [("PATCH", E2, {"s": 1}), ("PUT", E1, {"s": 2})],
            id="a part replaces what is below it alone",
        ),
        pytest.param(
            [("PATCH", L, {"v": 1}), ("PATCH", E1, {"s": 1}), ("PATCH", L, {"evses": [{"uid": "E1", "s": 2}]})],
            [("PATCH", L, {"v": 1, "evses": [{"uid": "E1", "s": 2}]})],
            id="a PATCH that brings all parts replaces those that wait",
        ),
        pytest.param(
            [("PATCH", L, {"evses": [{"uid": "E1", "s": 1}]}), ("PATCH", E1, {"s": 2}), ("PATCH", L, {"v": 1})],
            [("PATCH", L, {"evses": [{"uid": "E1", "s": 1}], "v": 1}), ("PATCH", E1, {"s": 2})],
            id="a PATCH of other members leaves the parts behind it",
        ),
        pytest.param(
            [("PATCH", C1, {"p": 1}), ("PATCH", E1, {"connectors": [{"id": "1", "p": 2}]})],
            [("PATCH", E1, {"connectors": [{"id": "1", "p": 2}]})],
            id="the same a level deeper",
        ),
        pytest.param(
            [("PUT", "/NL/TNM/a", {}), ("PUT", "/NL/TNM/b", {}), ("PATCH", "/nl/tnm/A", {"v": 1})],
            [("PUT", "/nl/tnm/A", {"v": 1}), ("PUT", "/NL/TNM/b", {})],
            id="ids have no case, and objects leave in the order they came",
        ),
    ],
)
def test_what_waits_of_an_object_is_its_newest(
    updates: list[tuple[str, str, dict[str, Any]]], left: list[tuple[str, str, dict[str, Any]]]
) -> None:
    mailbox = filled(*(copy(*update) for update in updates))
    assert len(mailbox) == len(left)
    assert mailbox.replaced == len(updates) - len(left)
    assert emptied(mailbox) == left
    assert mailbox.is_idle


@pytest.mark.parametrize(
    ("updates", "left"),
    [
        pytest.param([("PUT", {"v": 1}), ("DELETE", None)], [("DELETE", T, None)], id="a DELETE replaces a PUT"),
        pytest.param([("PATCH", {"v": 1}), ("DELETE", None)], [("DELETE", T, None)], id="a DELETE replaces a PATCH"),
        pytest.param([("DELETE", None), ("PUT", {"v": 1})], [("PUT", T, {"v": 1})], id="a PUT replaces a DELETE"),
        pytest.param([("DELETE", None), ("PATCH", {"v": 1})], [("DELETE", T, None)], id="nothing is left to PATCH"),
    ],
)
def test_a_tariff_that_is_deleted(
    updates: list[tuple[str, dict[str, Any] | None]], left: list[tuple[str, str, Any]]
) -> None:
    mailbox = filled(*(copy(method, T, document, "tariffs") for method, document in updates))
    assert emptied(mailbox) == left


def test_a_patch_that_was_merged_into_a_put_travels_as_that_put() -> None:
    """Method and operation are the PUT's, who is told of it (correlation, journey) is the newest."""
    second = pushed("PATCH", L, {"v": 2})
    mailbox = filled(copy("PUT", L, {"v": 1}), copy_of(second))
    merged = mailbox.take()
    assert merged is not None
    assert merged.message.operation is not None
    assert (merged.method, merged.message.operation.id) == ("PUT", "LOC-R2")
    assert merged.message.correlation_id == second.correlation_id


@pytest.mark.parametrize(
    ("module", "one", "other", "queries", "is_same"),
    [
        ("tokens", "/DE/MSP/1", "/DE/MSP/1", ("type=RFID", ""), True),
        ("tokens", "/DE/MSP/1", "/DE/MSP/1", ("type=RFID", "type=rfid"), True),
        ("tokens", "/DE/MSP/1", "/DE/MSP/1", ("type=RFID", "type=APP_USER"), False),
        ("locations", L, L + "/", ("", ""), True),
        ("locations", "/NL/TNM/a%2Fb", "/NL/TNM/a/b", ("", ""), False),
        ("booking", "/NL/TNM/booking_locations/B1", "/NL/TNM/booking_locations/B2", ("", ""), False),
        ("booking", "/NL/TNM/booking_locations/B1", "/NL/TNM/booking_locations/B1", ("", ""), True),
        ("locations", "/NL/TNM/booking_locations", "/NL/TNM/booking_locations", ("", ""), True),
    ],
)
def test_what_is_one_object(module: str, one: str, other: str, queries: tuple[str, str], is_same: bool) -> None:
    """A token is known by uid and type, RFID where it is not said (OCPI 2.2.1, tokens, Receiver Interface)."""
    mailbox = filled(copy("PUT", one, {}, module, query=queries[0]), copy("PUT", other, {}, module, query=queries[1]))
    assert len(mailbox) == (1 if is_same else 2)


def test_a_booking_location_is_an_object_with_its_calendars_below_it() -> None:
    """OCPI 2.3.0, bookings, Receiver Interface: its address has a segment more than that of other objects."""
    place, other = "/NL/TNM/booking_locations/B1", "/NL/TNM/booking_locations/B2"
    mailbox = filled(
        copy("PATCH", place, {"v": 1}, "booking"),
        copy("PATCH", f"{place}/C1", {"s": 1}, "booking"),
        copy("PATCH", place, {"calendars": [{"id": "C1", "s": 2}]}, "booking"),
        copy("PUT", other, {}, "booking"),
    )
    under_way = [one.message for _ in range(2) if (one := mailbox.take()) is not None]
    assert [sent.path for sent in under_way] == [place, other], "both at the same time"
    assert json.loads(under_way[0].body) == {"v": 1, "calendars": [{"id": "C1", "s": 2}]}
    assert not mailbox, "the calendar that waited was brought anew"
    location = "/NL/TNM/booking_locations"
    assert len(filled(copy("PATCH", f"{location}/E1", {"s": 1}), copy("PUT", location, {}))) == 1


def test_ids_of_an_older_version_have_case() -> None:
    """2.1.1 has strings where later versions have CiStrings."""
    assert len(filled(copy("PUT", L, {}, version="2.1.1"), copy("PUT", L.lower(), {}, version="2.1.1"))) == 2


def test_a_patch_in_another_version_is_not_merged() -> None:
    mailbox = filled(copy("PUT", L, {"v": 1}), copy("PATCH", L, {"v": 2}, version="2.3.0"))
    assert emptied(mailbox) == [("PUT", L, {"v": 1}), ("PATCH", L, {"v": 2})]


def test_an_object_is_never_under_way_twice() -> None:
    mailbox = filled(copy("PUT", L, {"v": 1}))
    first = mailbox.take()
    assert first is not None
    mailbox.put(copy("PUT", L, {"v": 2}), PLENTY)
    mailbox.put(copy("PATCH", E1, {"s": 1}), PLENTY)
    mailbox.put(copy("PUT", "/NL/TNM/other", {}), PLENTY)
    another = mailbox.take()
    assert another is not None
    assert another.message.path == "/NL/TNM/other"
    assert mailbox.take() is None
    mailbox.done(first)
    assert [path for _, path, _ in emptied(mailbox)] == [L, E1]


def test_there_is_room_for_so_many_objects_and_always_for_a_newer_state_of_one() -> None:
    mailbox = filled(copy("PUT", "/NL/TNM/1", {}), copy("PUT", "/NL/TNM/2", {}), at_most=2)
    assert not mailbox.put(copy("PUT", "/NL/TNM/3", {}), 2)
    assert mailbox.put(copy("PUT", "/NL/TNM/1", {"v": 2}), 2)
    assert mailbox.put(copy("PATCH", "/NL/TNM/2", {"v": 2}), 2)
    assert not mailbox.put(copy("PATCH", "/NL/TNM/2/E1", {"v": 2}), 2)
    assert [body for _, _, body in emptied(mailbox)] == [{"v": 2}, {"v": 2}]


def test_a_party_is_told_of_before_its_objects() -> None:
    """OCPI 2.2.1, HubClientInfo, CONNECTED: receivers may refuse objects of a party that they have not heard of."""
    mailbox = filled(copy("PUT", L, {}), copy("PUT", "/BE/BEC/L", {}), news(role="CPO"), news(role="EMSP"))
    told = [mailbox.take(), mailbox.take()]
    assert {one.root[0] for one in told if one} == {CLIENT_INFO}
    other = mailbox.take()
    assert other is not None
    assert other.message.path == "/BE/BEC/L"
    assert mailbox.take() is None
    for one in told:
        assert one is not None
        assert mailbox.take() is None
        mailbox.done(one)
    object_of_it = mailbox.take()
    assert object_of_it is not None
    assert object_of_it.message.path == L


def test_news_that_come_while_older_news_are_under_way_go_first_too() -> None:
    mailbox = filled(news())
    first = mailbox.take()
    assert first is not None
    mailbox.put(copy("PUT", L, {}), PLENTY)
    mailbox.put(news(), PLENTY)
    assert mailbox.take() is None
    mailbox.done(first)
    assert [path for _, path, _ in emptied(mailbox)] == ["/NL/TNM", L]


def test_what_is_cleared_is_counted_and_leaves_nothing_behind() -> None:
    room = Room()
    mailbox = Mailbox(room)
    for one in (news(), copy("PUT", L, {}), copy("PUT", "/NL/TNM/2", {})):
        mailbox.put(one, PLENTY)
    first = mailbox.take()
    assert first is not None
    assert mailbox.take() is None  # both objects are held behind the news
    assert mailbox.clear() == 2
    assert (room.copies, room.bytes, len(mailbox)) == (0, 0, 0)
    mailbox.put(copy("PUT", L, {"v": 2}), PLENTY)
    assert mailbox.take() is None
    mailbox.done(first)
    assert emptied(mailbox) == [("PUT", L, {"v": 2})]


def test_a_body_that_waits_for_many_counts_once() -> None:
    room = Room()
    mailboxes = [Mailbox(room) for _ in range(1000)]
    shared, patch = copy("PUT", L, {"v": "x" * 5000}), copy("PATCH", L, {"w": 1})
    for mailbox in mailboxes:
        mailbox.put(shared, PLENTY)
    assert (room.copies, room.bytes) == (1000, len(shared.message.body))
    for mailbox in mailboxes:
        mailbox.put(patch, PLENTY)
    merged = {id(mailbox.take()) for mailbox in mailboxes[:-1]}
    assert len(merged) == 1
    assert room.copies == 1
    assert room.bytes > 5000
    mailboxes[-1].clear()
    assert (room.copies, room.bytes) == (0, 0)


def test_what_comes_after_an_object_was_taken_back_is_not_laid_over_that() -> None:
    before = [copy("PUT", L, {"v": 1}), copy("PATCH", E1, {"w": 1})]
    gone = replace(copy("PUT", L, {"v": "gone"}), takes_back=True)
    assert emptied(filled(*before, gone)) == [("PUT", L, {"v": "gone"})]
    left = [("PUT", L, {"v": "gone"}), ("PATCH", L, {"v": 2, "evses": []})]
    assert emptied(filled(gone, copy("PATCH", L, {"v": 2, "evses": []}))) == left
    assert emptied(filled(gone, copy("PUT", L, {"v": 3}))) == [("PUT", L, {"v": 3})]
    assert emptied(filled(gone, gone)) == [("PUT", L, {"v": "gone"})]
