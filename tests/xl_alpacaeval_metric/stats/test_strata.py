import math

import numpy as np
import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.strata import Strata


def test_one_language_with_a_verdict_a_prompt_has_the_ordinary_mean_and_standard_error() -> None:
    values = np.random.default_rng(0).random(50)
    strata = Strata.of(values, range(50))
    assert strata.mean == pytest.approx(values.mean(), abs=1e-12)
    assert strata.standard_error() == pytest.approx(values.std(ddof=1) / math.sqrt(50), abs=1e-12)
    assert (strata.n, strata.n_prompts) == (50, 50)
    assert strata.degrees == pytest.approx(49)


def test_each_language_weighs_the_same_however_many_verdicts_it_has() -> None:
    strata = Strata.of(np.array([1.0, 1.0, 1.0, 1.0, 0.0, math.nan]), "abcdab", ["fi"] * 4 + ["de"] * 2)
    assert strata.mean == 0.5
    assert strata.contributions.sum() == pytest.approx(0.5)
    assert strata.weights == pytest.approx([0.625, 0.125, 0.125, 0.125])
    assert strata.n == 5


def naive_standard_error(values: np.ndarray, languages: np.ndarray, prompts: np.ndarray) -> float:
    """Item by item: residuals summed by prompt, each language scaled to 1/L."""
    total = 0.0
    codes = sorted(set(languages))
    for prompt in set(prompts):
        z = 0.0
        for code in codes:
            here = languages == code
            m = len(set(prompts[here]))
            for value in values[here & (prompts == prompt)]:
                z += math.sqrt(m / (m - 1)) * (value - values[here].mean()) / (len(codes) * here.sum())
        total += z * z
    return math.sqrt(total)


def test_the_standard_error_over_languages_is_the_naive_one() -> None:
    rng = np.random.default_rng(1)
    languages, prompts = rng.choice(["fi", "de", "ga"], size=80), rng.integers(0, 20, size=80)
    values = rng.random(80)
    strata = Strata.of(values, prompts.tolist(), languages.tolist())
    assert strata.standard_error() == pytest.approx(naive_standard_error(values, languages, prompts), abs=1e-12)
    assert strata.mean == pytest.approx(np.mean([values[languages == code].mean() for code in ("fi", "de", "ga")]))


def test_the_standard_error_over_languages_is_the_spread_between_samples() -> None:
    rng = np.random.default_rng(2)
    means, errors = [], []
    for _ in range(400):
        values = np.clip(rng.normal(0.4, 0.2, size=(1, 30)) + rng.normal(0, 0.1, size=(4, 30)), 0, 1)
        strata = Strata.of(values.ravel(), [*range(30)] * 4, np.repeat(range(4), 30).tolist())
        means.append(strata.mean)
        errors.append(strata.standard_error())
    assert np.mean(errors) == pytest.approx(np.std(means), rel=0.1)


def test_degrees_of_freedom_follow_the_prompts_that_weigh_most() -> None:
    assert Strata.of(np.zeros(24), [*range(12)] * 2, ["fi"] * 12 + ["de"] * 12).degrees == pytest.approx(11)
    few = Strata.of(np.zeros(103), [*range(100), 100, 101, 102], ["fi"] * 100 + ["de"] * 3)
    assert 1 < few.degrees < 5


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(UserError, match="prompts: 1 for 2 items"):
        Strata.of(np.zeros(2), ["a"])
    with pytest.raises(UserError, match="languages: 1 for 2 items"):
        Strata.of(np.zeros(2), ["a", "b"], ["fi"])
    assert math.isnan(Strata.of(np.array([math.nan]), ["a"]).mean)


def test_a_lean_to_the_first_answer_is_no_variance_of_the_items() -> None:
    first = [True, False] * 8
    lean = np.array([0.89 if one else 0.11 for one in first])
    assert Strata.of(lean, range(16), orders=first).mean == pytest.approx(0.5)
    assert Strata.of(lean, range(16), orders=first).standard_error() == pytest.approx(0)
    assert Strata.of(lean, range(16)).standard_error() > 0.09


@pytest.mark.parametrize("n_first", [5, 11])
def test_orders_of_unequal_size_weigh_the_same(n_first: int) -> None:
    first = [i < n_first for i in range(16)]
    values = np.where(first, 0.9, 0.2)
    assert Strata.of(values, range(16), orders=first).mean == pytest.approx(0.55)


def test_one_item_more_in_one_order_leaves_the_plain_mean_and_is_in_the_error() -> None:
    first = [i % 2 == 0 for i in range(17)]
    values = np.where(first, 0.89, 0.11)
    strata = Strata.of(values, range(17), orders=first)
    assert strata.mean == pytest.approx(values.mean())
    assert strata.standard_error() == pytest.approx(strata.mean - 0.5)


def test_the_error_by_halves_is_the_formulas() -> None:
    rng = np.random.default_rng(5)
    first = np.arange(40) % 2 == 0
    values = rng.random(40) * np.where(first, 1.0, 0.6)
    one, other = values[first], values[~first]
    expected = math.sqrt(one.var(ddof=1) / (4 * 20) + other.var(ddof=1) / (4 * 20))
    assert Strata.of(values, range(40), orders=first.tolist()).standard_error() == pytest.approx(expected)
