"""The table of agreements, changed step by step, against one that is made at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from routing.agreements import Agreement, Agreements, Pair, Rows
from routing.ocpi import PartyId

PARTIES = [PartyId("NL", f"AA{number}") for number in range(4)]
pairs = st.tuples(st.sampled_from(PARTIES), st.sampled_from(PARTIES))
changes = st.dictionaries(pairs, st.lists(st.booleans(), max_size=2), max_size=4)


def rows_of(pair: Pair, allowed: list[bool]) -> Rows:
    return tuple(Agreement(f"{number}", *pair, is_allowed=is_allowed) for number, is_allowed in enumerate(allowed))


@given(st.lists(changes, max_size=6))
def test_a_table_changed_step_by_step_is_the_one_made_at_once(steps: list[dict[Pair, list[bool]]]) -> None:
    table, expected = Agreements(), dict[Pair, Rows]()
    for step in steps:
        before, was = table, dict(expected)
        changed = {pair: rows_of(pair, allowed) for pair, allowed in step.items()}
        table = table.changed(changed)
        expected = {pair: rows for pair, rows in {**expected, **changed}.items() if rows}
        assert dict(table) == expected == dict(Agreements.of(row for rows in expected.values() for row in rows))
        assert len(table) == len(expected)
        assert dict(before) == was, "whoever has the old one keeps it"
        for pair in [(one, other) for one in PARTIES for other in PARTIES]:
            assert table.get(pair) == expected.get(pair)
            assert (pair in table) is (pair in expected)
        for party in PARTIES:
            partners = [other for one, other in expected if one == party] + [one for one, x in expected if x == party]
            assert sorted(map(str, table.partners(party))) == sorted(map(str, partners))
        found = table.changed_since(before)
        different = {pair for pair in was.keys() | expected.keys() if was.get(pair) != expected.get(pair)}
        assert different <= found.keys() <= changed.keys()
        assert all(rows == expected.get(pair, ()) for pair, rows in found.items())


def test_what_did_not_change_is_not_looked_at() -> None:
    one, other = (Agreements.of([Agreement("1", PARTIES[0], PARTIES[1], is_allowed=True)]) for _ in range(2))
    assert one.changed({}) is one
    assert one.changed_since(one) == {}
    assert one.changed_since(other).keys() == {(PARTIES[0], PARTIES[1])}, "it goes by what is the same object"
    assert one.changed({(PARTIES[2], PARTIES[3]): ()}).changed_since(one) == {}
