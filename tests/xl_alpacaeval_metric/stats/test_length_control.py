import csv
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import spearmanr

from tests import helpers
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records.result import Taste
from xl_alpacaeval_metric.stats.length_control import length_controlled_win_rate, overall_length_controlled_win_rate
from xl_alpacaeval_metric.stats.length_control.taste_model import scaled_difference
from xl_alpacaeval_metric.stats.win_rates import win_rate

SHARED = helpers.SHARED / "alpaca_eval"
Pairs = tuple[list[float], list[float], list[float]]

PAIR = st.tuples(
    st.one_of(st.sampled_from([0.0, 0.5, 1.0, 1e-300]), st.floats(0, 1)), st.integers(0, 9000), st.integers(0, 9000)
)


def judged(n: int, *, quality: float, taste: float, ratio: float, seed: int) -> Pairs:
    """A judge of quality and length, on answers `ratio` times as long as the references."""
    rng = np.random.default_rng(seed)
    reference = np.round(rng.gamma(3, 600, size=n)) + 1
    candidate = np.round(reference * ratio * rng.lognormal(0, 0.4, size=n)) + 1
    difference = candidate - reference
    log_odds = quality + taste * np.tanh(difference / difference.std(ddof=1)) + rng.normal(0, 1.5, size=n)
    return expit(4 * log_odds).tolist(), candidate.tolist(), reference.tolist()


@pytest.mark.skipif(not SHARED.exists(), reason="published AlpacaEval 2 data not there")
def test_values_are_near_those_alpacaeval_publishes() -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    pairs: dict[str, Pairs] = {}
    for row in parquet.read_table(SHARED / "preferences.parquet").to_pylist():
        columns = pairs.setdefault(row["model"], ([], [], []))
        for column, name in zip(columns, ("preference", "candidate_length", "reference_length"), strict=True):
            column.append(row[name])
    with (SHARED / "published.csv").open() as file:
        published = {row["model"]: float(row["length_controlled_winrate"]) for row in csv.DictReader(file)}
    values = {model: length_controlled_win_rate(*columns).value for model, columns in pairs.items()}
    assert values.pop("gpt4_1106_preview") == 50
    assert len(values) == 28
    assert np.mean([abs(values[m] - published[m]) for m in values]) < 0.8
    assert spearmanr([values[m] for m in values], [published[m] for m in values]).statistic > 0.97


def naive(p: list[float], candidate: list[float], reference: list[float]) -> float:
    """The model by its formula: three parameters, a general minimiser, no gradient."""
    d = np.array(candidate) - np.array(reference)
    t = np.tanh(d / np.std(d, ddof=1))

    def loss(x: np.ndarray) -> float:
        a, taste, confounding = x
        eta = a + (taste + confounding) * t
        fit = np.sum(np.logaddexp(0, eta) - np.array(p) * eta)
        return float(fit + (taste - 1.25) ** 2 / (2 * 0.2**2) + (confounding - 0.65) ** 2 / (2 * 0.2**2))

    a, _, confounding = minimize(loss, [0, 1.25, 0.65], method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-9}).x
    return float(100 * np.mean(expit(a + confounding * t)))


@pytest.mark.parametrize("seed", range(8))
def test_value_is_that_of_the_model_as_written_down(seed: int) -> None:
    pairs = judged(40 + 40 * seed, quality=seed / 2 - 2, taste=seed / 3, ratio=0.5 + seed / 8, seed=seed)
    assert length_controlled_win_rate(*pairs).value == pytest.approx(naive(*pairs), abs=1e-3)


@pytest.mark.parametrize(("quality", "ratio"), [(-2.0, 0.5), (1.5, 1.6), (-1.0, 0.4)])
def test_standard_error_is_the_jackknifes(quality: float, ratio: float) -> None:
    n = 250
    pairs = judged(n, quality=quality, taste=1, ratio=ratio, seed=1)
    without = [length_controlled_win_rate(*(c[:i] + c[i + 1 :] for c in pairs)).value for i in range(n)]
    jackknife = math.sqrt((n - 1) / n * sum((v - np.mean(without)) ** 2 for v in without))
    assert length_controlled_win_rate(*pairs).standard_error == pytest.approx(jackknife, rel=0.03)


def test_standard_error_counts_the_lengths_as_sampled() -> None:
    rng = np.random.default_rng(6)
    candidate, reference = rng.gamma(3, 300, size=200), rng.gamma(3, 600, size=200)
    difference = candidate - reference
    t = np.tanh(difference / difference.std(ddof=1))
    result = length_controlled_win_rate(expit(1.9 * t), candidate, reference)  # no residual: only lengths vary
    controlled = expit(0.65 * t)
    assert result.value == pytest.approx(100 * controlled.mean())
    assert result.standard_error == pytest.approx(100 * controlled.std(ddof=1) / math.sqrt(200))


def test_longer_answers_come_down_and_shorter_ones_up() -> None:
    long = judged(400, quality=0, taste=2, ratio=2, seed=2)
    short = judged(400, quality=0, taste=2, ratio=0.5, seed=2)
    assert win_rate(long[0]).value - 10 > length_controlled_win_rate(*long).value
    assert win_rate(short[0]).value + 10 < length_controlled_win_rate(*short).value
    gap = length_controlled_win_rate(*long).value - length_controlled_win_rate(*short).value
    assert abs(gap) < 0.6 * (win_rate(long[0]).value - win_rate(short[0]).value)


@settings(deadline=None)
@given(st.lists(PAIR, min_size=1, max_size=20))
def test_always_finite_and_a_hundred_with_the_sides_swapped(rows: list[tuple[float, int, int]]) -> None:
    p, candidate, reference = ([float(x) for x in column] for column in zip(*rows, strict=True))
    result = length_controlled_win_rate(p, candidate, reference)
    swapped = length_controlled_win_rate([1 - x for x in p], reference, candidate)
    assert 0 <= result.value <= 100
    assert result.value + swapped.value == pytest.approx(100, abs=1e-6)
    assert math.isnan(result.standard_error) == (len(rows) == 1)
    if len(rows) > 1:
        assert 0 <= result.standard_error < math.inf
        assert result.standard_error == pytest.approx(swapped.standard_error, abs=1e-6)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9000)), min_size=2, max_size=20))
def test_equal_lengths_leave_the_win_rate(rows: list[tuple[float, int]]) -> None:
    p, lengths = [row[0] for row in rows], [row[1] for row in rows]
    result, raw = length_controlled_win_rate(p, lengths, lengths), win_rate(p)
    assert result.value == pytest.approx(raw.value, abs=1e-6)
    assert result.standard_error == pytest.approx(raw.standard_error, abs=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("p", "candidate", "reference", "value"),
    [
        ([1.0] * 5, [10, 20, 30, 40, 50], [5] * 5, 100),
        ([0.0] * 5, [10, 20, 30, 40, 50], [5] * 5, 0),
        ([0.5] * 4, [7] * 4, [7] * 4, 50),
        ([0.0, 1.0], [0, 0], [0, 0], 50),
        ([1.0], [10], [20], 100),
        ([0.5], [10], [10], 50),
    ],
)
def test_values_that_need_no_fit(p: list[float], candidate: list[int], reference: list[int], value: float) -> None:
    assert length_controlled_win_rate(p, candidate, reference).value == pytest.approx(value, abs=1e-9)


@pytest.mark.filterwarnings("error")
def test_constant_lengths_one_pair_and_lone_verdicts() -> None:
    constant = length_controlled_win_rate([0.2, 0.9, 0.4], [100] * 3, [300] * 3)
    assert 50 < constant.value < 100  # the judge's taste counted against all three
    assert 0 < constant.standard_error < 100
    assert 70 < length_controlled_win_rate([0.7], [100], [300]).value < 100
    one_win = length_controlled_win_rate([1.0] + [0.0] * 800, range(1, 802), [500] * 801)
    assert 0 < one_win.value < 2
    all_but_impossible = length_controlled_win_rate([1e-200] * 50, range(1, 51), [25] * 50)
    assert all_but_impossible.value == pytest.approx(0, abs=1e-9)
    empty = length_controlled_win_rate([], [], [])
    assert math.isnan(empty.value)
    assert (empty.n, empty.n_missing) == (0, 0)


def test_a_few_characters_are_hardly_a_difference() -> None:
    p, _, reference = judged(200, quality=-1, taste=0, ratio=1, seed=3)
    longer = [length + 2 + i % 3 for i, length in enumerate(reference)]
    assert length_controlled_win_rate(p, longer, reference).value == pytest.approx(win_rate(p).value, abs=0.5)


def test_the_unit_of_length_does_not_matter() -> None:
    p, candidate, reference = judged(150, quality=-0.5, taste=1, ratio=0.7, seed=4)
    in_bytes = length_controlled_win_rate(p, [3 * x for x in candidate], [3 * x for x in reference])
    assert in_bytes.value == pytest.approx(length_controlled_win_rate(p, candidate, reference).value, abs=1e-6)


def test_pairs_with_anything_missing_are_left_out_and_counted() -> None:
    p, candidate, reference = judged(60, quality=0, taste=1, ratio=0.8, seed=5)
    whole = length_controlled_win_rate(p, candidate, reference)
    result = length_controlled_win_rate(
        [*p, None, math.nan, 1.0, 0.0], [*candidate, 10, 20, None, 5], [*reference, 10, 20, 30, math.nan]
    )
    assert (result.n, result.n_missing) == (60, 4)
    assert (result.wins, result.losses, result.ties) == (whole.wins, whole.losses, whole.ties)
    assert result.value == pytest.approx(whole.value)
    assert result.standard_error == pytest.approx(whole.standard_error)


@pytest.mark.parametrize(
    ("p", "candidate", "reference", "message"),
    [
        ([0.5], [1, 2], [1], "candidate lengths: 2 for 1 preferences"),
        ([0.5, 0.5], [1, 2], [1], "reference lengths: 1 for 2 preferences"),
        ([0.5, 0.5], [1, -2], [1, 1], "candidate length 1 is -2"),
        ([0.5], [1], [math.inf], "reference length 0 is inf"),
        ([0.5], ["long"], [1], "candidate length 0 is 'long'"),
        ([1.5], [1], [1], "preference 0 is 1.5"),
    ],
)
def test_what_does_not_fit_is_named(
    p: list[float], candidate: list[float], reference: list[float], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        length_controlled_win_rate(p, candidate, reference)


def test_the_overall_rate_is_the_mean_over_languages() -> None:
    german = judged(30, quality=0.3, taste=0.5, ratio=1.4, seed=1)
    chinese = judged(10, quality=-0.5, taste=0.5, ratio=0.7, seed=2)
    preferences, candidate, reference = ([*a, *b] for a, b in zip(german, chinese, strict=True))
    missing = [None, *preferences[1:]]
    one = length_controlled_win_rate([None, *german[0][1:]], *german[1:])
    two = length_controlled_win_rate(*chinese)
    found = overall_length_controlled_win_rate(missing, candidate, reference, ["de"] * 30 + ["zh"] * 10)
    assert found.value == pytest.approx((one.value + two.value) / 2)
    assert found.standard_error == pytest.approx(math.hypot(one.standard_error, two.standard_error) / 2)
    assert (found.n, found.n_missing, found.wins) == (39, 1, one.wins + two.wins)
    assert overall_length_controlled_win_rate(*chinese, ["zh"] * 10).value == pytest.approx(two.value)


def test_the_same_verdicts_in_many_languages_say_no_more_than_in_one() -> None:
    pairs = judged(80, quality=-1, taste=1, ratio=0.8, seed=7)
    one = length_controlled_win_rate(*pairs)
    preferences, candidate, reference = (column * 6 for column in pairs)
    codes, prompts = np.repeat([*"abcdef"], 80).tolist(), [*range(80)] * 6
    many = overall_length_controlled_win_rate(preferences, candidate, reference, codes, prompts)
    assert many.value == pytest.approx(one.value)
    assert many.standard_error == pytest.approx(one.standard_error)


def test_without_a_verdict_there_is_no_overall_rate() -> None:
    for values in ([], [None]):
        found = overall_length_controlled_win_rate(values, [5] * len(values), [5] * len(values), ["de"] * len(values))
        assert math.isnan(found.value)
        assert math.isnan(found.standard_error)
        assert (found.n, found.n_missing) == (0, len(values))
    with pytest.raises(UserError, match="languages: 1 for 2 preferences"):
        overall_length_controlled_win_rate([0.5, 0.5], [1, 2], [1, 2], ["de"])


def test_a_judge_without_taste_and_without_opinion_stays_near_even() -> None:
    rng = np.random.default_rng(1)
    candidate, reference = rng.gamma(3, 200, size=300), rng.gamma(3, 600, size=300)
    found = length_controlled_win_rate([0.5] * 300, candidate, reference, taste=Taste(0.0, 0.1))
    gpt4 = length_controlled_win_rate([0.5] * 300, candidate, reference)
    assert abs(found.value - 50) < 5 < gpt4.value - 50


def test_the_error_of_a_taste_is_in_the_standard_error() -> None:
    pairs = judged(400, quality=-1, taste=1, ratio=0.7, seed=9)
    sure = length_controlled_win_rate(*pairs, taste=Taste(1.0, 1e-6))
    unsure = length_controlled_win_rate(*pairs, taste=Taste(1.0, 0.4))
    moved = [length_controlled_win_rate(*pairs, taste=Taste(value, 0.4)).value for value in (0.9, 1.1)]
    added = (moved[1] - moved[0]) / 0.2 * 0.4
    assert abs(added) > 0.3
    assert unsure.standard_error == pytest.approx(math.hypot(sure.standard_error, added), rel=0.1)


def test_a_taste_is_needed_for_each_language() -> None:
    with pytest.raises(UserError, match="no taste for length is given for ga"):
        overall_length_controlled_win_rate([0.5, 0.5], [1, 2], [1, 2], ["de", "ga"], tastes={"de": Taste(1)})


def test_a_taste_for_markdown_is_taken_out_too() -> None:
    rng = np.random.default_rng(4)
    pairs = judged(600, quality=-0.5, taste=0, ratio=1, seed=8)
    counts = rng.poisson(6, size=600), rng.poisson(2, size=600)
    difference = counts[0] - counts[1]
    t = np.tanh(difference / difference.std(ddof=1))
    with_markdown = expit(np.log(np.clip(pairs[0], 1e-3, 1 - 1e-3) / (1 - np.clip(pairs[0], 1e-3, 1 - 1e-3))) + 3 * t)
    plain = length_controlled_win_rate(*pairs, taste=Taste(0)).value
    blind = length_controlled_win_rate(with_markdown, *pairs[1:], taste=Taste(0)).value
    found = length_controlled_win_rate(
        with_markdown,
        *pairs[1:],
        taste=Taste(0),
        markdown=(counts[0].tolist(), counts[1].tolist()),
        markdown_taste=Taste(1.2),
    ).value
    assert blind > plain + 8
    assert found == pytest.approx(plain, abs=4)


@pytest.mark.parametrize("elements", [(4, 4), (30, 2)])
def test_tastes_of_the_same_content_are_taken_from_each_preference(elements: tuple[int, int]) -> None:
    """The judge's log-odds are quality and tastes; in the second case it is always for Markdown."""
    rng = np.random.default_rng(4)
    quality, candidate, reference = rng.normal(-1, 2, 300), rng.uniform(200, 900, 300), rng.uniform(100, 700, 300)
    mine, theirs = rng.poisson(elements[0], 300).astype(float), rng.poisson(elements[1], 300).astype(float)
    liked = 2.5 * scaled_difference(candidate, reference) + 1.5 * np.tanh((mine - theirs) / 4)
    rates = {}
    for name, odds in (("with", quality + liked), ("without", quality)):
        for judge, p in (("soft", expit(odds)), ("hard", (odds > 0).astype(float))):
            found = overall_length_controlled_win_rate(
                p,
                candidate,
                reference,
                tastes={None: Taste(2.5 if name == "with" else 0.0, 0.1)},
                markdown=(mine, theirs),
                markdown_tastes={None: Taste(1.5 if name == "with" else 0.0, 0.1)},
                of_same_content=True,
            )
            rates[name, judge] = found.value
            assert 0 < found.standard_error < 10
    assert rates["with", "soft"] == pytest.approx(100 * expit(quality).mean())
    assert rates["without", "soft"] == pytest.approx(100 * expit(quality).mean())
    assert 0 < rates["with", "hard"] < 100


def test_verdicts_of_0_or_1_stay_among_probabilities() -> None:
    values = [0.0, 1.0, 0.5, 0.5, 0.5, 0.5]
    found = overall_length_controlled_win_rate(
        values, [900.0] * 6, [100.0] * 6, tastes={None: Taste(2.0, 0.0)}, of_same_content=True
    )
    t = float(scaled_difference(np.full(6, 900.0), np.full(6, 100.0))[0])
    assert found.value == pytest.approx(100 * (1 + 4 * float(expit(-2.0 * t))) / 6)
