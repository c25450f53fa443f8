"""Kappa, AC1 and alpha, held to the packages irrCAC 0.4 and krippendorff 0.8 on the same tables."""

import numpy as np
import numpy.typing as npt
import pytest

from xl_alpacaeval_metric.labels import coefficients
from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.missing import Floats

_ = -1
RATERS: npt.NDArray[np.int64] = np.array(
    [
        [2, 2, 0, 1, 2, 0, 0, 1, 2, _, 2, 0],
        [2, 2, 0, 0, 2, 0, 1, 1, 2, 0, _, 0],
        [_, 2, 0, 1, 2, 1, 0, 1, 2, 0, 2, _],
        [2, 1, _, 1, 2, 0, 0, 1, _, 0, 2, 0],
    ]
)
"""The categories that four people gave to twelve items, with gaps."""
COUNTS = np.array([[item.count(category) for category in range(3)] for item in RATERS.T.tolist()], dtype=np.float64)
TABLE = np.array([[40.0, 8, 6], [0, 0, 2], [5, 4, 35]])


def test_alpha_is_that_of_the_package_krippendorff() -> None:
    table = coefficients.coincidences(COUNTS).sum(axis=0)
    assert coefficients.alpha(table) == pytest.approx(0.7152777777777778)
    assert coefficients.interval_alpha(table) == pytest.approx(0.8779761904761905)


def test_ac1_and_kappa_are_those_of_irrcac() -> None:
    assert coefficients.ac1_of_raters(coefficients.rater_sums(COUNTS).sum(axis=0)) == pytest.approx(0.75432, abs=5e-6)
    assert coefficients.ac1(TABLE) == pytest.approx(0.65257, abs=5e-6)
    assert coefficients.kappa(TABLE) == pytest.approx(0.55784, abs=5e-6)


def test_ac1_stays_near_the_agreement_where_one_category_is_rare() -> None:
    """A judge that is right in 95% where people have 5% wins."""
    table = np.diag([0.05 * 0.95, 0, 0.95 * 0.95]) * 1000
    table[0, 2], table[2, 0] = 0.95 * 0.05 * 1000, 0.05 * 0.05 * 1000
    assert (coefficients.kappa(table), coefficients.ac1(table)) == pytest.approx((0.631, 0.942), abs=1e-3)


def test_one_category_leaves_kappa_and_alpha_undefined() -> None:
    table = np.diag([4.0, 0, 0])
    assert np.isnan(coefficients.kappa(table))
    assert np.isnan(coefficients.alpha(table))
    assert coefficients.ac1(table) == 1
    value, interval = coefficients.with_interval(np.stack([table, table]), coefficients.ac1, coefficients.added_tables)
    assert value == 1
    assert interval is not None
    assert interval[0] < 1


def test_one_prompt_gives_no_interval() -> None:
    value, interval = coefficients.with_interval(TABLE[None], coefficients.kappa, coefficients.added_tables)
    assert value == pytest.approx(0.55784, abs=5e-6)
    assert interval is None


def _pairs(rng: np.random.Generator, prompts: int, languages: int) -> Floats:
    """Tables of two raters that agree on 80% of items, whose truth goes with the prompt."""
    truth = (0.55 * rng.normal(size=(prompts, 1)) + 0.835 * rng.normal(size=(prompts, languages)) > 0) * 2
    judge = np.where(rng.random(truth.shape) < 0.8, truth, 2 - truth)
    people = np.where(rng.random(truth.shape) < 0.1, 1, truth)
    tables = np.zeros((truth.size, 3, 3))
    tables[np.arange(truth.size), judge.ravel(), people.ravel()] = 1
    return coefficients.by_prompt(tables, Clusters(np.repeat(np.arange(prompts), languages).tolist()))


@pytest.mark.parametrize("of", [coefficients.kappa, coefficients.ac1])
def test_intervals_hold_the_true_value(of: coefficients.Coefficient) -> None:
    rng = np.random.default_rng(1)
    truth = float(of(_pairs(rng, 200_000, 3).sum(axis=0)))
    found = [coefficients.with_interval(_pairs(rng, 30, 3), of, coefficients.added_tables)[1] for _ in range(200)]
    held = sum(bounds is not None and bounds[0] <= truth <= bounds[1] for bounds in found)
    assert held >= 0.92 * len(found)
