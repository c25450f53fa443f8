"""Figures of a panel, held to numbers by hand and to published ones."""

import numpy as np
import pytest

from tests.helpers import comparison
from xl_alpacaeval_metric.panels import agreement
from xl_alpacaeval_metric.records.judgements import Verdict

NAN = float("nan")
RATERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]
"""Example C of Krippendorff 2011: four observers, twelve units; interval alpha is 0.849."""


def test_alpha_is_the_published_one() -> None:
    assert agreement.alpha(np.array(RATERS)) == pytest.approx(0.849, abs=5e-4)


def test_alpha_of_equal_and_of_opposite_judges() -> None:
    one = np.linspace(0, 1, 9)
    assert agreement.alpha(np.array([one, one])) == 1
    assert agreement.alpha(np.array([one, 1 - one])) < -0.5
    assert np.isnan(agreement.alpha(np.full((2, 4), 0.5)))
    assert np.isnan(agreement.alpha(np.array([[0.5, NAN], [NAN, 0.5]])))


def test_a_judges_lean_is_against_the_mean_of_the_others() -> None:
    items = [comparison(n) for n in range(4)]
    given: dict[str, list[float | None]] = {
        "a": [0.9, 0.8, 0.7, None],
        "b": [0.5, 0.4, 0.3, 0.6],
        "c": [0.1, 0.2, None, 0.4],
    }
    verdicts = [
        Verdict(*item.key, "candidate_first", value, judge=judge)
        for judge, values in given.items()
        for item, value in zip(items, values, strict=True)
    ]
    found = agreement.figures(list(given), items, verdicts, frozenset())
    assert found.by_judge["a"].lean == pytest.approx(100 * np.mean([0.9 - 0.3, 0.8 - 0.3, 0.7 - 0.3]))
    assert found.by_judge["b"].lean == pytest.approx(100 * np.mean([0.0, -0.1, -0.4, 0.2]))
    assert (found.by_judge["c"].n, found.by_judge["c"].n_missing) == (3, 1)
    assert found.by_judge["b"].win_rate == pytest.approx(45)
    assert [line for line in agreement.warnings(found) if "judge c: 1 of 4 items have no verdict of it" in line]
