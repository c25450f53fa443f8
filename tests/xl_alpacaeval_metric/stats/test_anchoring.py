from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import SHARED
from xl_alpacaeval_metric import UserError, anchored_win_rate, win_rate_interval
from xl_alpacaeval_metric.stats.anchoring import labels_for_width
from xl_alpacaeval_metric.stats.missing import Floats


def drawn(
    rng: np.random.Generator, labelled: int, prompts: int, languages: int, rate: float, skill: float
) -> tuple[Floats, Floats, list[int], list[int]]:
    """A judge's preferences and people's labels, on whole prompts drawn at random.

    `skill`: the correlation of judge and people, before both become verdicts.
    """
    taste = 0.55 * rng.normal(size=(prompts, 1)) + 0.835 * rng.normal(size=(prompts, languages))
    seen = skill * taste + (1 - skill**2) ** 0.5 * rng.normal(size=taste.shape)
    people = (taste > NormalDist().inv_cdf(1 - rate)).astype(np.float64)
    people[labelled:] = np.nan
    numbers = np.arange(prompts * languages)
    judge = 1 / (1 + np.exp(1 - 2 * seen))
    return judge.ravel(), people.ravel(), (numbers // languages).tolist(), (numbers % languages).tolist()


@pytest.mark.parametrize(
    ("labelled", "prompts", "languages", "rate", "skill"),
    [(20, 200, 1, 0.5, 0.7), (20, 200, 3, 0.2, 0.7), (40, 100, 3, 0.4, 0.95), (60, 300, 1, 0.15, 0.0)],
)
def test_the_interval_holds_the_rate_that_people_would_give(
    labelled: int, prompts: int, languages: int, rate: float, skill: float
) -> None:
    """`perf/anchoring.py` does the same for many more cases."""
    rng = np.random.default_rng(7)
    held, judge_held, runs = 0, 0, 250
    for _ in range(runs):
        judge, people, names, codes = drawn(rng, labelled, prompts, languages, rate, skill)
        found = anchored_win_rate(judge, people, names, codes)
        held += found.ci95[0] <= 100 * rate <= found.ci95[1]
        low, high = win_rate_interval(judge, names, codes)
        judge_held += low <= 100 * rate <= high
    assert held >= 0.92 * runs
    assert judge_held < held


def test_a_good_judge_is_worth_labels_and_a_bad_one_costs_few() -> None:
    rng = np.random.default_rng(3)
    worth = {skill: anchored_win_rate(*drawn(rng, 100, 800, 1, 0.3, skill)).effective_n for skill in (0.0, 0.7, 0.95)}
    assert 90 < worth[0.0] < 115 < worth[0.7] < worth[0.95]


def test_the_value_is_the_regression_estimate_of_prompt_means() -> None:
    """Angelopoulos et al. 2023 with the weight that is best where the labelled are part of all."""
    rng = np.random.default_rng(5)
    judge, people, prompts, languages = drawn(rng, 30, 90, 3, 0.4, 0.8)
    f, y = judge.reshape(90, 3).mean(axis=1), people.reshape(90, 3)[:30].mean(axis=1)
    weight = np.cov(y, f[:30])[0, 1] / f[:30].var(ddof=1)
    found = anchored_win_rate(judge, people, prompts)
    assert found.weight == pytest.approx(weight)
    assert found.value == pytest.approx(100 * (y.mean() + weight * (f.mean() - f[:30].mean())))
    assert found.judge_only == pytest.approx(100 * f.mean())
    assert (found.n, found.n_labels, found.n_prompts, found.n_labelled_prompts) == (270, 90, 90, 30)
    by_language = anchored_win_rate(judge, people, prompts, languages)
    assert by_language.value == pytest.approx(found.value)
    assert by_language.ci95 == pytest.approx(found.ci95)


def test_labels_on_everything_are_the_win_rate() -> None:
    rng = np.random.default_rng(2)
    judge, people, prompts, _ = drawn(rng, 50, 50, 1, 0.4, 0.6)
    found = anchored_win_rate(judge, people, prompts)
    assert found.value == pytest.approx(100 * people.mean())
    assert found.effective_n == pytest.approx(50)
    assert found.ci95 == pytest.approx(win_rate_interval(people, prompts), abs=0.7)


def test_a_judge_that_says_one_thing_leaves_the_labels_alone() -> None:
    labels = [1, 0, 1, 1, None, None, None, None]
    found = anchored_win_rate([0.5] * 8, labels, range(8))
    assert (found.value, found.weight, found.effective_n, found.judge_only) == (75, 0, 4, 50)


def test_languages_weigh_the_same_however_many_items_they_have() -> None:
    rng = np.random.default_rng(4)
    first, second = rng.random(60), rng.random(20)
    judge = [*first, *second]
    labels = [*np.round(first[:30]), *[None] * 30, *np.round(second[:15]), *[None] * 5]
    languages = ["de"] * 60 + ["fi"] * 20
    found = anchored_win_rate(judge, labels, range(80), languages)
    assert found.judge_only == pytest.approx(50 * (first.mean() + second.mean()))
    assert anchored_win_rate(judge, labels, range(80)).judge_only == pytest.approx(100 * np.mean(judge))


def test_items_without_a_verdict_are_left_out_with_their_labels() -> None:
    judge, labels, prompts = [0.9, 0.2, 0.7, None, 0.4], [1, 0, 1, 0, None], [1, 2, 3, 4, 5]
    found = anchored_win_rate(judge, labels, prompts)
    assert (found.n, found.n_labels) == (4, 3)
    kept = [0, 1, 2, 4]
    assert found == anchored_win_rate([judge[i] for i in kept], [labels[i] for i in kept], kept)


VALUE = st.sampled_from([None, 0.0, 0.25, 0.5, 1.0])


@given(st.lists(st.tuples(VALUE, VALUE, st.integers(0, 5), st.sampled_from("ab")), max_size=30))
def test_every_input_gives_figures_within_their_bounds_or_one_line(items: list[tuple[float, float, int, str]]) -> None:
    judge, labels, prompts, languages = ([item[i] for item in items] for i in range(4))
    try:
        found = anchored_win_rate(judge, labels, prompts, languages)  # type: ignore[arg-type]
    except UserError:
        return
    low, high = found.ci95
    assert 0 <= low <= found.value <= high <= 100
    assert low < high
    assert 0 < found.effective_n <= found.n


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([None] * 5, "labels: on 0 prompts with a verdict; need labels on 3 prompts or more"),
        ([1, None, None, None, None], "labels: on 1 prompt with a verdict"),
        ([1, 1, 1, 1, None], "labels: all 4 are 1; need different ones, so label more items"),
        ([1, 0, 2, 1, None], r"label 2 is 2\.0; need a probability from 0"),
        ([1, 0, 1], "labels: 3 for 5 preferences; need one for each item"),
    ],
)
def test_labels_that_allow_no_estimate_are_refused(labels: list[float | None], message: str) -> None:
    with pytest.raises(UserError, match=message):
        anchored_win_rate([0.1, 0.9, 0.4, 0.6, 0.5], labels, range(5))


def test_a_language_without_labels_is_refused() -> None:
    with pytest.raises(UserError, match="labels: none in one of the languages"):
        anchored_win_rate([0.1, 0.9, 0.4, 0.6], [1, 0, 1, None], range(4), ["fi", "fi", "fi", "ga"])


def test_the_labels_for_a_width_give_that_width() -> None:
    rng = np.random.default_rng(6)
    judge, people, prompts, _ = drawn(rng, 400, 800, 1, 0.4, 0.8)
    few = people.copy()
    few[60:] = np.nan
    needed, all_labelled = labels_for_width(16.0, judge, few, prompts)
    assert needed is not None
    assert 60 < needed < 400
    more = people.copy()
    more[needed:] = np.nan
    low, high = anchored_win_rate(judge, more, prompts).ci95
    assert high - low == pytest.approx(16, rel=0.15)
    assert labels_for_width(all_labelled / 2, judge, few, prompts) == (None, all_labelled)
    with pytest.raises(UserError, match="width is 0; need"):
        labels_for_width(0, judge, few, prompts)


@pytest.mark.skipif(not (SHARED / "alpaca_eval").is_dir(), reason="needs the real preferences of AlpacaEval 2")
def test_the_interval_holds_on_real_models() -> None:
    """One model's preferences stand for people's, another's for a judge that knows little."""
    by_model = _preferences()
    names = sorted(by_model)[:12]
    rng = np.random.default_rng(8)
    held = []
    for people_of, judge_of in pairwise(names):
        people, judge = by_model[people_of], by_model[judge_of]
        for _ in range(30):
            chosen = rng.permutation(people.size)[:40]
            labels = np.full(people.size, np.nan)
            labels[chosen] = people[chosen]
            low, high = anchored_win_rate(judge, labels, range(people.size)).ci95
            held.append(low <= 100 * people.mean() <= high)
    assert np.mean(held) >= 0.92


def _preferences() -> dict[str, Floats]:
    import pyarrow.parquet as pq

    table = pq.read_table(SHARED / "alpaca_eval" / "preferences.parquet").to_pylist()
    found: dict[str, dict[int, float]] = {}
    for row in table:
        found.setdefault(row["model"], {})[row["index"]] = row["preference"]
    shared = set.intersection(*(set(one) for one in found.values()))
    return {name: np.array([one[i] for i in sorted(shared)]) for name, one in found.items() if np.ptp([*one.values()])}
