"""Figures of a panel, held to numbers by hand and to published ones."""

import numpy as np
import pytest

from tests.helpers import comparison
from xl_alpacaeval_metric.panels import agreement
from xl_alpacaeval_metric.records.judgements import Verdict


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
    assert [line for line in agreement.warnings(found) if "judge c: 1 of 4 items has no verdict of it" in line]
