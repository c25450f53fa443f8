import csv
import itertools
import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import helpers
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.win_rates import bootstrap_interval, holm, paired_difference, win_rate

SHARED = helpers.SHARED / "alpaca_eval"
PREFERENCE = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))


@pytest.mark.skipif(not SHARED.exists(), reason="published AlpacaEval 2 data not there")
def test_published_win_rates_standard_errors_and_counts() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(SHARED / "preferences.parquet", columns=["model", "preference"]).to_pylist()
    preferences: dict[str, list[float]] = {}
    for row in rows:
        preferences.setdefault(row["model"], []).append(row["preference"])
    with (SHARED / "published.csv").open() as file:
        published = list(csv.DictReader(file))
    assert len(published) == 29
    for row in published:
        result = win_rate(preferences[row["model"]])
        assert result.value == pytest.approx(float(row["win_rate"]), abs=1e-6)
        assert result.standard_error == pytest.approx(float(row["standard_error"]), abs=1e-6)
        assert (result.n, result.wins, result.losses, result.ties) == tuple(
            int(row[name]) for name in ("n", "n_wins", "n_losses", "n_draws")
        )


@given(st.lists(st.one_of(PREFERENCE, st.none(), st.just(math.nan)), max_size=30))
def test_win_rate_is_what_the_plain_formula_gives(preferences: list[float | None]) -> None:
    known = [p for p in preferences if p is not None and not math.isnan(p)]
    result = win_rate(preferences)
    assert (result.n, result.n_missing) == (len(known), len(preferences) - len(known))
    assert result.wins == sum(p > 0.5 for p in known)
    assert result.losses == sum(p < 0.5 for p in known)
    assert result.ties == sum(p == 0.5 for p in known)
    if known:
        assert result.value == pytest.approx(100 * statistics.fmean(known), abs=1e-9)
    else:
        assert math.isnan(result.value)
    if len(known) > 1:
        expected = 100 * statistics.stdev(known) / math.sqrt(len(known))
        assert result.standard_error == pytest.approx(expected, abs=1e-9)
    else:
        assert math.isnan(result.standard_error)


def test_arrays_and_whole_numbers_are_taken_like_lists() -> None:
    assert win_rate(np.array([1.0, 0.25])) == win_rate([1, 0.25])
    assert isinstance(win_rate(np.array([1.0, 0.25])).value, float)


@pytest.mark.parametrize(
    ("preferences", "message"),
    [
        ([0.5, 1.5], "preference 1 is 1.5"),
        ([-0.1], "preference 0 is -0.1"),
        ([0.5, math.inf], "preference 1 is inf"),
        ([0.5, None, "0.5"], "preference 2 is '0.5'"),
        ([[0.5], [0.5]], "not a flat sequence"),
        ([0.5, [0.5]], "not a flat sequence"),
        (0.5, "not a flat sequence"),
    ],
)
def test_what_is_no_preference_is_named(preferences: list[float | None], message: str) -> None:
    with pytest.raises(UserError, match=message.replace(".", r"\.")) as caught:
        win_rate(preferences)
    assert "\n" not in str(caught.value)


def naive_interval(preferences: list[float], clusters: list[int], draws: int) -> tuple[float, float]:
    """One draw at a time: draw prompts, take all their values, average."""
    rng = np.random.default_rng(1)
    members = {c: [p for p, k in zip(preferences, clusters, strict=True) if k == c] for c in set(clusters)}
    means = []
    for _ in range(draws):
        drawn = [p for c in rng.choice(sorted(members), size=len(members)) for p in members[int(c)]]
        means.append(100 * statistics.fmean(drawn))
    return float(np.percentile(means, 2.5)), float(np.percentile(means, 97.5))


def test_interval_is_the_naive_bootstraps_over_uneven_clusters() -> None:
    rng = np.random.default_rng(7)
    clusters = [int(c) for c in rng.integers(0, 25, size=120)]
    level = rng.random(25)
    preferences = [float(np.clip(level[c] + rng.normal(0, 0.2), 0, 1)) for c in clusters]
    fast = bootstrap_interval(preferences, clusters, seed=1, resamples=8000)
    assert fast == pytest.approx(naive_interval(preferences, clusters, 8000), abs=0.7)
    assert fast[1] - fast[0] > 10


def test_the_same_verdicts_in_eleven_languages_say_no_more_than_in_one() -> None:
    one = [float(p) for p in np.random.default_rng(3).random(60)]
    prompts = [f"p{i}" for i in range(60)]
    single = bootstrap_interval(one, prompts)
    assert bootstrap_interval(one * 11, prompts * 11) == pytest.approx(single, abs=1e-9)
    independent = bootstrap_interval(one * 11, list(range(660)))
    assert independent[1] - independent[0] < 0.5 * (single[1] - single[0])


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(11)
    covered = 0
    for _ in range(200):
        level = rng.beta(2, 3, size=60)  # prompts with mean 0.4, three languages each
        preferences = np.clip(np.repeat(level, 3), 0, 1)
        low, high = bootstrap_interval(preferences, [i // 3 for i in range(180)], resamples=400)
        covered += low <= 40 <= high
    assert 176 <= covered <= 198


def test_interval_follows_the_seed_and_the_confidence() -> None:
    preferences = [float(p) for p in np.random.default_rng(5).random(50)]
    clusters = list(range(50))
    assert bootstrap_interval(preferences, clusters, seed=1) == bootstrap_interval(preferences, clusters, seed=1)
    assert bootstrap_interval(preferences, clusters, seed=1) != bootstrap_interval(preferences, clusters, seed=2)
    wide = bootstrap_interval(preferences, clusters, confidence=0.99)
    narrow = bootstrap_interval(preferences, clusters, confidence=0.5)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_missing_preferences_leave_the_interval_as_if_they_were_not_there() -> None:
    assert bootstrap_interval([0.1, None, 0.9, math.nan, 0.4], "abacd") == bootstrap_interval([0.1, 0.9, 0.4], "aac")


@pytest.mark.filterwarnings("error")
def test_intervals_of_next_to_nothing() -> None:
    assert bootstrap_interval([1.0, 1.0, 1.0], "abc") == (100.0, 100.0)
    for preferences, clusters in (([], ""), ([0.3, 0.4], "aa"), ([0.3, None], "ab"), ([None], "a")):
        assert all(math.isnan(bound) for bound in bootstrap_interval(preferences, clusters))


def test_interval_refuses_what_does_not_fit() -> None:
    with pytest.raises(UserError, match="1 for 2 items"):
        bootstrap_interval([0.1, 0.2], ["a"])
    with pytest.raises(UserError, match="confidence is 95"):
        bootstrap_interval([0.1, 0.2], ["a", "b"], confidence=95)


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
        p_values.append(
            paired_difference(a, np.full(240, 0.5), np.repeat(range(30), 8).tolist(), resamples=1, flips=500).p_value
        )
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
    assert (same.value, same.ci95, same.p_value) == (0.0, (0.0, 0.0), 1.0)
    one = paired_difference([1.0, 1.0], [0.0, 0.0], "aa")
    assert (one.value, one.p_value, one.clusters) == (100.0, 1.0, 1)
    assert math.isnan(one.ci95[0])
    none = paired_difference([None, 0.5], [0.5, None], "ab")
    assert math.isnan(none.value)
    assert math.isnan(none.p_value)
    assert (none.n, none.clusters, none.n_missing) == (0, 0, 2)


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


def test_a_number_beyond_all_floats_is_refused() -> None:
    with pytest.raises(UserError, match="preference 0 is too large a number"):
        win_rate([10**400])
