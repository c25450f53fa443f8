"""A leaning judge's figures: the same numbers by halves everywhere, and intervals that hold."""

import numpy as np
import pytest

from xl_alpacaeval_metric.sequential import rules
from xl_alpacaeval_metric.stats.anchoring import anchored_win_rate
from xl_alpacaeval_metric.stats.differences import paired_difference
from xl_alpacaeval_metric.stats.lean import without_lean
from xl_alpacaeval_metric.stats.length_control import overall_length_controlled_win_rate
from xl_alpacaeval_metric.stats.missing import Floats
from xl_alpacaeval_metric.stats.strata import Strata

LEAN = 1.5
"""Log-odds that the judge gives to the answer shown first."""


def sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def halves(n: int, share: float = 0.5, languages: int = 1) -> Floats:
    """1 for candidate first, -1 for reference first: a share of each language, alternating."""
    first = np.where(np.arange(n) % 10 < 10 * share, 1.0, -1.0)
    return np.concatenate([first * (-1) ** code for code in range(languages)])


@pytest.mark.parametrize(("share", "languages"), [(0.5, 1), (0.5, 3), (0.9, 1), (0.2, 2)])
def test_mean_and_error_are_those_of_the_halves(share: float, languages: int) -> None:
    rng = np.random.default_rng(4)
    n = 200
    orders = halves(n, share, languages)
    values = sigmoid(rng.normal(-1, 1, n * languages) + LEAN * orders)
    values[::17] = np.nan
    prompts, codes = [*range(n)] * languages, np.repeat(range(languages), n).tolist()
    by_halves = Strata.of(values, prompts, codes, orders.tolist())
    plain = Strata.of(without_lean(values, prompts, codes, orders.tolist()), prompts, codes)
    assert plain.mean == pytest.approx(by_halves.mean, abs=1e-12)
    # Beside it the halves' variance holds what unequal shares may have moved.
    assert plain.variance == pytest.approx(by_halves.variance, rel=0.08)
    if share == 0.5:
        assert plain.variance < 0.8 * Strata.of(values, prompts, codes).variance


def test_without_two_orders_nothing_changes() -> None:
    values = np.array([0.1, np.nan, 0.9, 0.4])
    for orders in (["both"] * 4, ["a", "b", "b", "b"], ["a", "a", None, "a"]):
        np.testing.assert_array_equal(without_lean(values, range(4), None, orders), values)


@pytest.mark.parametrize(("prompts", "languages"), [(8, 1), (16, 1), (100, 1), (16, 4)])
def test_a_lean_that_one_run_has_more_of_is_no_difference(prompts: int, languages: int) -> None:
    """Run a's judge leans, run b's does not: found at 5%, in intervals that need not be wide."""
    rng = np.random.default_rng(prompts + languages)
    orders, names = halves(prompts, languages=languages), [*range(prompts)] * languages
    codes = np.repeat(range(languages), prompts).tolist()
    samples, false, covered, widths = 500, 0, 0, []
    for seed in range(samples):
        quality = np.tile(rng.normal(0, 1, prompts), languages)
        a = 0.5 + 0.25 * np.tanh(quality + rng.normal(0, 0.5, quality.size)) + 0.2 * orders
        b = 0.5 + 0.25 * np.tanh(quality + rng.normal(0, 0.5, quality.size))
        found = paired_difference(a, b, names, codes, orders=orders.tolist(), seed=seed, flips=500)
        plain = paired_difference(a, b, names, codes, seed=seed, flips=500)
        false += found.p_value <= 0.05
        covered += found.ci95[0] <= 0 <= found.ci95[1]
        widths.append((found.ci95[1] - found.ci95[0]) / (plain.ci95[1] - plain.ci95[0]))
    assert false <= samples * 0.05 + 2 * np.sqrt(samples * 0.05 * 0.95)
    assert covered >= samples - false
    # The orders of a prompt's languages alternate, so that the lean cancels in its mean.
    assert np.mean(widths) < (0.95 if languages == 1 else 1.03)


def test_a_leaning_judge_anchored_in_labels() -> None:
    """The lean is no part of the correction, wherever the labelled items happen to stand."""
    rng = np.random.default_rng(1)
    n, samples, covered = 200, 300, 0
    widths = []
    orders = halves(n)
    for _ in range(samples):
        latent = rng.normal(-0.3, 1, n)
        people = (latent + rng.normal(0, 0.3, n) > 0).astype(float)
        judge = sigmoid(2 * latent + 0.5 + LEAN * orders)
        labels = np.full(n, np.nan)
        chosen = rng.choice(n, 30, replace=False)
        labels[chosen] = people[chosen]
        found = anchored_win_rate(judge, labels, range(n), orders=orders.tolist())
        truth = 100 * 0.387  # P(N(-0.3, 1.09) > 0)
        covered += found.ci95[0] <= truth <= found.ci95[1]
        plain = anchored_win_rate(judge, labels, range(n))
        widths.append((found.ci95[1] - found.ci95[0]) / (plain.ci95[1] - plain.ci95[0]))
        assert found.judge_only == pytest.approx(100 * Strata.of(judge, range(n), None, orders.tolist()).mean)
    assert covered >= samples * 0.93
    assert np.mean(widths) < 0.95


@pytest.mark.parametrize("theirs", [1.0, -1.0])
def test_looks_at_two_equal_runs_by_a_leaning_judge(theirs: float) -> None:
    """Decided in at most 5%, also where the other run was judged in the other order."""
    rng = np.random.default_rng(2)
    n, samples, decided = 160, 400, 0
    for _ in range(samples):
        orders = halves(n)
        quality = rng.normal(-1, 1, n)
        a, b = (sigmoid(quality + rng.normal(0, 1, n) + LEAN * first) for first in (orders, theirs * orders))
        for k in range(1, 9):
            end = n * k // 8
            pairs = [*zip(orders[:end].tolist(), (theirs * orders[:end]).tolist(), strict=True)]
            if rules.look_at(a[:end] - b[:end], [str(i) for i in range(end)], None, k / 8, pairs).stops:
                decided += 1
                break
    assert decided <= samples * 0.05 + 2 * np.sqrt(samples * 0.05 * 0.95)


def test_length_control_by_halves() -> None:
    """Four fifths of the verdicts are candidate-first: the lean does not move the value."""
    rng = np.random.default_rng(5)
    n = 400
    orders = halves(n, 0.8)
    candidate, reference = rng.uniform(200, 900, n), rng.uniform(200, 900, n)
    base = rng.normal(-1, 1, n)
    values = [
        overall_length_controlled_win_rate(
            np.clip(sigmoid(base) + lean * orders, 0, 1), candidate, reference, orders=orders.tolist()
        ).value
        for lean in (0.0, 0.02)
    ]
    assert values[1] == pytest.approx(values[0], abs=0.3)
    plain = overall_length_controlled_win_rate(np.clip(sigmoid(base) + 0.02 * orders, 0, 1), candidate, reference)
    assert plain.value > values[0] + 0.5
