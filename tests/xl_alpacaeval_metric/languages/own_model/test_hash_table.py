"""A table of hashes finds what a dictionary finds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xl_alpacaeval_metric.languages.own_model.hash_table import HashTable


@given(st.lists(st.lists(st.integers(0, 2**64 - 1) | st.integers(0, 40), max_size=40), max_size=6))
def test_numbers_are_those_of_a_dictionary(parts: list[list[int]]) -> None:
    table, expected = HashTable(), dict[int, int]()
    for part in parts:
        new = [one for one in dict.fromkeys(max(1, one) for one in part) if one not in expected]
        table.add(np.array(new, np.uint64), np.arange(len(expected), len(expected) + len(new), dtype=np.int32))
        expected.update(zip(new, range(len(expected), len(expected) + len(new)), strict=True))
    asked = [*range(60), *expected]
    found = table.get(np.array(asked, np.uint64)).tolist()
    assert found == [expected.get(max(1, one), -1) for one in asked]


def test_a_table_grows() -> None:
    table, hashes = HashTable(), np.random.default_rng(0).integers(1, 2**64, 50_000, np.uint64)
    for start in range(0, 50_000, 5_000):
        table.add(hashes[start : start + 5_000], np.arange(start, start + 5_000, dtype=np.int32))
    assert (table.get(hashes) == np.arange(50_000)).all()
    assert (table.get(hashes + np.uint64(1)) == -1).all()
