import numpy as np
import pytest

from xl_alpacaeval_metric.stats.position import position


def test_a_lean_is_told_from_quality() -> None:
    """The candidate is worth 0.8; the answer shown first gets 0.1 more."""
    alternating = [(0.9, None) if n % 2 else (None, 0.7) for n in range(10)]
    found = position(alternating, [str(n) for n in range(10)], ["de"] * 10)
    assert found.first_rate == pytest.approx(60)
    assert (found.lean, found.gap, found.consistency) == (None, None, None)
    both = position([(0.9, 0.7)] * 10, [str(n) for n in range(10)], ["de"] * 10)
    assert both.first_rate == pytest.approx(60)
    assert both.lean == pytest.approx(20)
    assert both.gap == pytest.approx(20)
    assert both.consistency == 100


def test_a_coin_is_consistent_no_more_than_chance() -> None:
    rng = np.random.default_rng(0)
    pairs = [(float(a), float(b)) for a, b in rng.random((4000, 2)) ** 0.5]
    found = position(pairs, [str(n) for n in range(4000)], ["de"] * 4000)
    assert found.above_chance == pytest.approx(0, abs=3)
    assert found.consistency is not None
    assert found.consistency > 55
    assert not found.swamps


def test_a_lean_that_leaves_nothing_else_swamps() -> None:
    ids, codes = [str(n) for n in range(16)], ["de"] * 16
    firm = [(0.9, None) if n % 2 else (None, 0.15) for n in range(16)]
    assert position(firm, ids, codes).swamps
    good = [(0.99 if n % 4 == 1 else 0.1, None) if n % 2 else (None, 0.02 if n % 4 else 0.9) for n in range(16)]
    assert not position(good, ids, codes).swamps
    assert not position([(0.5, 0.5)] * 16, ids, codes).swamps
    assert not position(firm[:6], ids[:6], codes[:6]).swamps, "three verdicts in each order may be chance"
    assert not position(firm[:6] * 2, ids[:6] * 2, codes[:6] * 2).swamps, "nor does a second judge on the same add any"
    won = [(0.99, None)] * 16
    assert not position(won, ids, codes).swamps, "one order alone shows no lean"


def test_figures_over_languages_are_the_means_of_theirs() -> None:
    pairs = [(0.9, 0.9), (0.9, 0.1), (0.9, 0.1), (0.9, 0.1)]
    assert position(pairs, [*"abcd"], ["fi", "de", "de", "de"]).consistency == 50
    assert position([], [], []).first_rate is None
