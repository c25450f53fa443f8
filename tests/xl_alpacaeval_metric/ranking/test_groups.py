from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from xl_alpacaeval_metric.ranking import groups
from xl_alpacaeval_metric.stats.clusters import Codes


def matrix(models: int, better: set[tuple[int, int]]) -> Codes:
    found = np.zeros((models, models), dtype=np.intp)
    for i, j in better:
        found[i, j], found[j, i] = 1, -1
    return found


def test_rank_sets_count_the_models_told_apart() -> None:
    assert groups.rank_sets(matrix(3, set())) == [(1, 3)] * 3
    assert groups.rank_sets(matrix(3, {(0, 1), (0, 2)})) == [(1, 1), (2, 3), (2, 3)]
    assert groups.rank_sets(matrix(3, {(0, 2)})) == [(1, 2), (1, 3), (2, 3)]


def test_letters_are_piephos() -> None:
    """The chain in which neighbours alone are not told apart."""
    assert groups.letters(matrix(4, {(0, 2), (0, 3), (1, 3)}), range(4)) == ["a", "ab", "bc", "c"]
    assert groups.letters(matrix(3, set()), range(3)) == ["a"] * 3
    assert groups.letters(matrix(2, {(1, 0)}), [1, 0]) == ["b", "a"]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 8).flatmap(lambda k: st.tuples(st.just(k), st.sets(st.sampled_from([*combinations(range(k), 2)]))))
)
def test_two_models_share_a_letter_where_they_are_not_told_apart(case: tuple[int, set[tuple[int, int]]]) -> None:
    models, better = case
    found = groups.letters(matrix(models, better), range(models))
    for i, j in combinations(range(models), 2):
        assert bool(set(found[i]) & set(found[j])) == ((i, j) not in better)


def test_very_many_groups_are_of_neighbours() -> None:
    """300 models in a chain: 299 groups of two; no letter is shared by models told apart."""
    models = 300
    found = groups.letters(matrix(models, {(i, j) for i in range(models) for j in range(i + 2, models)}), range(models))
    names = [set(letters.split(",")) for letters in found]
    assert not names[0] & names[2]
    assert names[25:28] == [{"y", "z"}, {"z", "aa"}, {"aa", "ab"}]
