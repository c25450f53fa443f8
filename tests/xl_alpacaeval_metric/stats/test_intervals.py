import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.intervals import mean_interval, win_rate_interval

PREFERENCE = st.one_of(st.sampled_from([0.0, 0.5, 1.0]), st.floats(0, 1))


def preferences_of(rng: np.random.Generator, rate: float, languages: int, n: int, hard: bool) -> np.ndarray:
    """Preferences of shape (languages, prompts): skewed as a judge's, correlated by prompt."""
    uniform = rng.random(size=(1, n)), rng.random(size=(languages, n))
    mixed = np.where(rng.random(size=(languages, n)) < 0.4, *uniform)
    if hard:
        return (mixed < rate).astype(float)
    return mixed ** (1 / rate - 1)  # mean: rate


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("languages", [1, 12])
@pytest.mark.parametrize("n", [8, 16, 50])
def test_the_interval_covers_the_truth_at_least_as_often_as_it_says(hard: bool, languages: int, n: int) -> None:
    rng = np.random.default_rng(11)
    prompts, codes = Clusters([*range(n)] * languages), Clusters(np.repeat(range(languages), n).tolist())
    for rate in (0.02, 0.06, 0.2, 0.7):
        covered = 0
        for _ in range(200):
            preferences = preferences_of(rng, rate, languages, n, hard).ravel()
            low, high = win_rate_interval(preferences, prompts, codes)
            covered += low <= 100 * rate <= high
        assert covered >= 0.93 * 200 - 2 * math.sqrt(200 * 0.93 * 0.07)


@pytest.mark.parametrize(("confidence", "least"), [(0.9, 0.88), (0.95, 0.935), (0.99, 0.986)])
def test_the_interval_of_a_proportion_covers_it_by_exact_count(confidence: float, least: float) -> None:
    """One language, verdicts of 0 or 1: the chance of each number of wins is binomial."""
    rates = np.linspace(0.02, 0.7, 137)
    for n in (8, 9, 10, 14, 24, 37, 56, 106):
        bounds = [
            mean_interval([1.0] * wins + [0.0] * (n - wins), range(n), confidence=confidence) for wins in range(n + 1)
        ]
        low, high = np.array(bounds).T
        chance = np.array(
            [[math.comb(n, wins) * p**wins * (1 - p) ** (n - wins) for p in rates] for wins in range(n + 1)]
        )
        covered = (chance * ((low[:, None] <= rates) & (rates <= high[:, None]))).sum(axis=0)
        assert covered.min() >= least, (n, rates[covered.argmin()])


@pytest.mark.parametrize("wins", [0, 1, 3, 16])
def test_languages_that_all_agree_say_what_one_says(wins: int) -> None:
    one = [1.0] * wins + [0.0] * (16 - wins)
    codes = np.repeat(range(12), 16).tolist()
    together = win_rate_interval(one * 12, [*range(16)] * 12, codes)
    assert together == pytest.approx(win_rate_interval(one, range(16)))


def test_few_wins_do_not_show_that_the_languages_differ() -> None:
    """Twelve languages alike in nine prompts of ten; the rare wins are seen by some of them."""
    rng = np.random.default_rng(8)
    prompts, codes = Clusters([*range(24)] * 12), Clusters(np.repeat(range(12), 24).tolist())
    covered = 0
    for _ in range(400):
        shared, own = rng.random((1, 24)), rng.random((12, 24))
        won = (np.where(rng.random((12, 24)) < 0.9, shared, own) < 0.07).astype(float)
        low, high = win_rate_interval(won.ravel(), prompts, codes)
        covered += low <= 7 <= high
    assert covered >= 0.93 * 400 - 2 * math.sqrt(400 * 0.93 * 0.07)


def test_a_prompt_with_many_items_is_not_many_prompts() -> None:
    even = win_rate_interval([0.0] * 64, [*range(8)] * 8)
    uneven = win_rate_interval([0.0] * 64, [*range(8)] + [0] * 56)
    assert uneven[1] > even[1] == pytest.approx(win_rate_interval([0.0] * 8, range(8))[1])


def test_with_many_prompts_the_interval_is_as_wide_as_the_ordinary_one() -> None:
    rng = np.random.default_rng(5)
    preferences = rng.beta(0.3, 1.2, size=797)
    low, high = win_rate_interval(preferences, range(797))
    ordinary = 100 * 2 * 1.96 * preferences.std(ddof=1) / math.sqrt(797)
    assert high - low == pytest.approx(ordinary, rel=0.02)


def test_twelve_languages_say_more_than_one_and_less_than_twelve() -> None:
    rng = np.random.default_rng(3)
    preferences = preferences_of(rng, 0.4, 12, 16, hard=True)
    codes = np.repeat(range(12), 16).tolist()
    together = win_rate_interval(preferences.ravel(), [*range(16)] * 12, codes)
    one = win_rate_interval(preferences[0], range(16))
    apart = win_rate_interval(preferences.ravel(), range(192))
    assert apart[1] - apart[0] < together[1] - together[0] < one[1] - one[0]


@given(
    st.lists(st.tuples(PREFERENCE, st.integers(0, 6), st.sampled_from("xyz")), min_size=1, max_size=30),
    st.sampled_from([0.5, 0.8, 0.95, 0.99]),
)
@example([(0.0, 0, "y"), (0.0, 1, "x"), (2e-98, 0, "y")], 0.5)  # 1 - p rounds to 1
def test_the_interval_holds_the_estimate_and_stays_in_bounds(
    rows: list[tuple[float, int, str]], confidence: float
) -> None:
    preferences, prompts, languages = (list(column) for column in zip(*rows, strict=True))
    low, high = win_rate_interval(preferences, prompts, languages, confidence=confidence)
    if len(set(prompts)) < 2:
        assert math.isnan(low)
        assert math.isnan(high)
        return
    rates = [np.mean([p for p, _, code in rows if code == one]) for one in set(languages)]
    assert 0 <= low <= 100 * np.mean(rates) + 1e-9
    assert 100 * np.mean(rates) - 1e-9 <= high <= 100
    other = win_rate_interval([1 - p for p in preferences], prompts, languages, confidence=confidence)
    assert other == pytest.approx((100 - high, 100 - low))


def test_a_higher_confidence_is_wider() -> None:
    preferences = [float(p) for p in np.random.default_rng(5).random(50)]
    wide = win_rate_interval(preferences, range(50), confidence=0.99)
    narrow = win_rate_interval(preferences, range(50), confidence=0.5)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_all_won_is_not_certain() -> None:
    low, high = win_rate_interval([1.0] * 8, range(8))
    assert 50 < low < 80
    assert high == 100
    assert win_rate_interval([0.0] * 800, range(800))[1] < 0.5


def test_missing_preferences_leave_the_interval_as_if_they_were_not_there() -> None:
    assert win_rate_interval([0.1, None, 0.9, math.nan, 0.4], "abacd") == win_rate_interval([0.1, 0.9, 0.4], "aac")


@pytest.mark.filterwarnings("error")
def test_intervals_of_next_to_nothing() -> None:
    for preferences, prompts in (([], ""), ([0.3, 0.4], "aa"), ([0.3, None], "ab"), ([None], "a")):
        assert all(math.isnan(bound) for bound in win_rate_interval(preferences, prompts))
    assert win_rate_interval([0.3, 0.4], "ab", ["fi", "de"]) == pytest.approx((0, 100), abs=10)


def test_levels_have_the_interval_of_the_shares_they_are() -> None:
    levels = [5, 5, 4, None, 3, 5, 5, 1]
    low, high = win_rate_interval([None if level is None else (level - 1) / 4 for level in levels], range(8))
    assert mean_interval(levels, range(8), bounds=(1, 5)) == pytest.approx((1 + low / 25, 1 + high / 25))


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(UserError, match="1 for 2 items"):
        win_rate_interval([0.1, 0.2], ["a"])
    with pytest.raises(UserError, match="confidence is 95"):
        win_rate_interval([0.1, 0.2], ["a", "b"], confidence=95)
    with pytest.raises(UserError, match="value 1 is 6"):
        mean_interval([1, 6], "ab", bounds=(1, 5))
