"""Win rates that AlpacaEval 2 publishes, from the preferences they were computed from."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from tests.golden.tables import alpaca_eval_2
from xl_alpacaeval_metric.stats.differences import paired_difference
from xl_alpacaeval_metric.stats.length_control import length_controlled_win_rate
from xl_alpacaeval_metric.stats.win_rates import win_rate


def test_win_rates_standard_errors_and_counts() -> None:
    published = alpaca_eval_2()
    assert len(published) == 8
    for row in published:
        found = win_rate(row.preferences)
        # Preferences are kept with four digits, so means agree to a hundredth of a point.
        assert found.value == pytest.approx(row.win_rate, abs=0.01), row.model
        assert found.standard_error == pytest.approx(row.standard_error, abs=0.001), row.model
        counts = (found.n, found.wins, found.losses, found.ties)
        assert counts == (row.n, row.wins, row.losses, row.draws), row.model


def test_length_controlled_win_rates_are_near_the_published_ones() -> None:
    published = alpaca_eval_2()
    found = [
        length_controlled_win_rate(row.preferences, row.candidate_lengths, row.reference_lengths).value
        for row in published
    ]
    expected = [row.length_controlled_win_rate for row in published]
    assert np.mean(np.abs(np.array(found) - expected)) < 1.0
    assert np.max(np.abs(np.array(found) - expected)) < 2.5
    assert spearmanr(found, expected).statistic > 0.95


def test_a_paired_difference_is_the_difference_of_the_published_win_rates() -> None:
    first, second, *_ = alpaca_eval_2()
    found = paired_difference(first.preferences, second.preferences, range(first.n))
    assert found.value == pytest.approx(first.win_rate - second.win_rate, abs=0.01)
    assert found.p_value < 0.01
