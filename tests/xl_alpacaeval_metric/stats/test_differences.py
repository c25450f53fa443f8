import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.differences import holm, paired_difference


def naive_exact_p(differences: list[float], clusters: list[int]) -> float:
    sums = [sum(d for d, k in zip(differences, clusters, strict=True) if k == c) for c in sorted(set(clusters))]
    observed = abs(sum(sums))
    flips = list(itertools.product([-1, 1], repeat=len(sums)))
    extreme = sum(abs(sum(s * x for s, x in zip(signs, sums, strict=True))) >= observed - 1e-9 for signs in flips)
    return extreme / len(flips)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0])),
        min_size=1,
        max_size=20,
    )
)
def test_p_value_of_few_prompts_is_the_naive_exact_one(rows: list[tuple[int, float, float]]) -> None:
    clusters, a, b = (list(column) for column in zip(*rows, strict=True))
    differences = [x - y for x, y in zip(a, b, strict=True)]
    result = paired_difference(a, b, clusters)
    assert result.p_value == pytest.approx(naive_exact_p(differences, clusters))
    assert result.value == pytest.approx(100 * statistics.fmean(differences), abs=1e-9)
    assert (result.n, result.clusters, result.n_missing) == (len(rows), len(set(clusters)), 0)


def test_p_value_of_more_prompts_is_near_the_exact_one() -> None:
    rng = np.random.default_rng(6)
    a, b = (0.4 + rng.random(14) * 0.6).tolist(), rng.random(14).tolist()
    exact = naive_exact_p([x - y for x, y in zip(a, b, strict=True)], list(range(14)))
    assert 0.01 < exact < 0.5
    assert paired_difference(a, b, list(range(14))).p_value == pytest.approx(exact, abs=0.02)


def test_false_alarms_are_as_rare_as_the_p_value_says_even_with_repeated_prompts() -> None:
    rng = np.random.default_rng(4)
    p_values = []
    for _ in range(200):
        shift = np.repeat(rng.normal(0, 0.2, size=30), 8)  # a prompt's eight languages move together
        a = np.clip(0.5 + shift, 0, 1)
        p_values.append(paired_difference(a, np.full(240, 0.5), np.repeat(range(30), 8).tolist(), flips=500).p_value)
    assert 2 <= sum(p <= 0.05 for p in p_values) <= 20
    assert 70 <= sum(p <= 0.5 for p in p_values) <= 130


def test_pairing_sees_what_the_two_win_rates_alone_do_not() -> None:
    rng = np.random.default_rng(6)
    b = rng.random(300) * 0.9
    a = b + rng.normal(0.02, 0.02, size=300)
    result = paired_difference(np.clip(a, 0, 1), b, list(range(300)))
    assert result.ci95[0] > 0
    assert result.ci95[0] < result.value < result.ci95[1]
    assert result.p_value < 0.01
    assert 100 * float(b.std()) / math.sqrt(300) > result.value / 2  # within noise without pairing


def test_the_other_way_round_only_the_sign_changes() -> None:
    rng = np.random.default_rng(8)
    a, b, clusters = rng.random(90), rng.random(90), [i % 30 for i in range(90)]
    forth, back = paired_difference(a, b, clusters), paired_difference(b, a, clusters)
    assert back.value == -forth.value
    assert back.p_value == forth.p_value
    assert back.ci95 == pytest.approx((-forth.ci95[1], -forth.ci95[0]))


@pytest.mark.filterwarnings("error")
def test_comparisons_of_next_to_nothing() -> None:
    same = paired_difference([0.2, 0.9, 0.5], [0.2, 0.9, 0.5], "abc")
    assert (same.value, same.ci95, same.p_value) == (0.0, (-100.0, 100.0), 1.0)
    one = paired_difference([1.0, 1.0], [0.0, 0.0], "aa")
    assert (one.value, one.ci95, one.p_value, one.clusters) == (100.0, (-100.0, 100.0), 1.0, 1)
    none = paired_difference([None, 0.5], [0.5, None], "ab")
    assert math.isnan(none.value)
    assert math.isnan(none.ci95[0])
    assert math.isnan(none.p_value)
    assert (none.n, none.clusters, none.n_missing) == (0, 0, 2)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 15),
            st.sampled_from("xyz"),
            st.one_of(st.sampled_from([0.0, 0.3, 1.0]), st.floats(0, 1)),
            st.one_of(st.sampled_from([0.0, 0.1, 0.7]), st.floats(0, 1)),
        ),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([0.8, 0.9, 0.95]),
    st.booleans(),
)
def test_the_interval_excludes_0_exactly_where_the_p_value_is_small(
    rows: list[tuple[int, str, float, float]], confidence: float, shifted: bool
) -> None:
    prompts, languages, a, b = (list(column) for column in zip(*rows, strict=True))
    if shifted:
        a = [min(1.0, x + 0.5) for x in b]
    found = paired_difference(a, b, prompts, languages, confidence=confidence, flips=400)
    low, high = found.ci95
    assert -100 <= low <= found.value + 1e-9
    assert found.value - 1e-9 <= high <= 100
    assert (low > 0 or high < 0) == (found.p_value <= 1 - confidence)


def test_the_interval_ends_where_the_test_begins_to_reject() -> None:
    rng = np.random.default_rng(3)
    a, b = 0.4 + 0.6 * rng.random(10), 0.5 * rng.random(10)
    low = paired_difference(a, b, range(10)).ci95[0]
    assert low > 5
    for shift, rejected in ((low - 1e-6, True), (low + 1e-6, False)):
        found = paired_difference((a - b - shift / 100 + 1) / 2, [0.5] * 10, range(10))
        assert (found.p_value <= 0.05) == rejected


def test_a_difference_over_languages_is_the_mean_of_theirs() -> None:
    a, b = [1.0, 1.0, 0.5, 0.0], [0.0, 0.0, 0.0, 0.5]
    assert paired_difference(a, b, "abca", ["fi", "fi", "fi", "de"]).value == pytest.approx((250 / 3 - 50) / 2)


def test_two_runs_that_agree_may_still_differ() -> None:
    found = paired_difference([0.0] * 20, [0.0] * 20, range(20))
    assert found.p_value == 1
    assert -30 < found.ci95[0] < -5
    assert found.ci95[1] == pytest.approx(-found.ci95[0])


@pytest.mark.parametrize("languages", [1, 12])
@pytest.mark.parametrize("n", [8, 24])
def test_false_alarms_and_coverage_on_skewed_preferences(languages: int, n: int) -> None:
    rng = np.random.default_rng(2)
    prompts, codes = [*range(n)] * languages, np.repeat(range(languages), n).tolist()
    false_alarms = covered = 0
    for _ in range(200):
        level = rng.random(size=(1, n)) ** 4
        a, b = (np.clip(level + rng.normal(0, 0.1, size=(languages, n)), 0, 1) for _ in range(2))
        false_alarms += paired_difference(a.ravel(), b.ravel(), prompts, codes, flips=400).p_value <= 0.05
        better = np.where(rng.random(size=(languages, n)) < 0.05, 1.0, 0.0)
        low, high = paired_difference(better.ravel(), np.zeros(n * languages), prompts, codes, flips=400).ci95
        covered += low <= 5 <= high
    assert false_alarms <= 18
    assert covered >= 186 - 7


def test_only_shared_items_count() -> None:
    result = paired_difference([0.9, None, 0.8, 0.1], [0.5, 0.0, None, 0.2], "abcd")
    assert (result.n, result.clusters, result.n_missing) == (2, 2, 2)
    assert result.value == pytest.approx(15.0)
    with pytest.raises(UserError, match="1 preferences against 2"):
        paired_difference([0.1], [0.1, 0.2], "ab")


def test_holm_on_a_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 1.0])), max_size=12), st.floats(0.001, 0.5))
def test_holm_rejects_what_the_step_down_procedure_rejects(p_values: list[float], alpha: float) -> None:
    rejected = set()
    for step, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[i] * (len(p_values) - step) > alpha:
            break
        rejected.add(i)
    assert {i for i, p in enumerate(holm(p_values)) if p <= alpha} == rejected


def test_holm_passes_over_what_was_not_tested() -> None:
    corrected = holm([0.01, math.nan, 0.04])
    assert corrected[0] == pytest.approx(0.02)
    assert math.isnan(corrected[1])
    assert corrected[2] == pytest.approx(0.04)
    with pytest.raises(UserError, match=r"p-value 1 is 1\.2"):
        holm([0.1, 1.2])
