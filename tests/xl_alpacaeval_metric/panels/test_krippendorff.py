"""Krippendorff's alpha, held to his example, and of values to that of tables."""

import numpy as np
import pytest

from xl_alpacaeval_metric.labels import coefficients
from xl_alpacaeval_metric.panels import krippendorff

NAN = float("nan")
RATERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]
"""Example C of Krippendorff 2011: four observers, twelve units; interval alpha is 0.849."""


def test_alpha_is_the_published_one() -> None:
    assert krippendorff.of_values(np.array(RATERS)) == pytest.approx(0.849, abs=5e-4)


def test_alpha_of_equal_and_of_opposite_judges() -> None:
    one = np.linspace(0, 1, 9)
    assert krippendorff.of_values(np.array([one, one])) == 1
    assert krippendorff.of_values(np.array([one, 1 - one])) < -0.5
    assert np.isnan(krippendorff.of_values(np.full((2, 4), 0.5)))
    assert np.isnan(krippendorff.of_values(np.array([[0.5, NAN], [NAN, 0.5]])))


def test_values_and_tables_give_the_same() -> None:
    levels = np.random.default_rng(0).integers(0, 3, (4, 30)).astype(float)
    levels[1:, ::3] = np.nan
    levels[0, ::3] = 1
    counts = np.stack([(levels == level).sum(axis=0) for level in range(3)], axis=1).astype(float)
    table = coefficients.coincidences(counts).sum(axis=0)
    assert coefficients.interval_alpha(table) == pytest.approx(krippendorff.of_values(levels))
