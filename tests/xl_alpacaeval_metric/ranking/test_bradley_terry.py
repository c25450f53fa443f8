"""Bradley-Terry strengths held to evalica, to a general optimiser and to simulations."""

import numpy as np
import pytest
from scipy.optimize import minimize

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.ranking import bradley_terry
from xl_alpacaeval_metric.stats.missing import Floats

EVALICA = [0.83336019, 0.42545621, 0.27938961, -0.13537556, -0.50883046, -0.89399999]
"""log of evalica 0.4.2's `bradley_terry` scores, less their mean, of the verdicts in `drawn`; made
with tolerance=1e-14, limit=100000. The test beside it runs evalica where it is installed."""


def drawn() -> tuple[list[int], list[int], list[float]]:
    chance = np.random.default_rng(1)
    strength = np.linspace(1, -1, 6)
    first = chance.integers(0, 6, 1500)
    second = (first + chance.integers(1, 6, 1500)) % 6
    p = 1 / (1 + np.exp(-(strength[first] - strength[second])))
    y = np.where(chance.random(1500) < 0.1, 0.5, (chance.random(1500) < p) * 1.0)
    return first.tolist(), second.tolist(), y.tolist()


def test_strengths_are_those_of_evalica() -> None:
    first, second, y = drawn()
    found = bradley_terry.fit(first, second, y, range(1500), names=list("abcdef"))
    assert found.strength == pytest.approx(EVALICA, abs=1e-7)


def test_strengths_are_those_of_evalica_today() -> None:
    evalica = pytest.importorskip("evalica")
    first, second, y = drawn()
    winners = {1.0: evalica.Winner.X, 0.0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}
    scores = evalica.bradley_terry(
        [str(k) for k in first], [str(k) for k in second], [winners[v] for v in y], tolerance=1e-14, limit=100_000
    ).scores.sort_index()
    found = bradley_terry.fit(first, second, y, range(1500), names=list("abcdef"))
    logs = np.log(scores.to_numpy())
    assert found.strength == pytest.approx(logs - logs.mean(), abs=1e-6)


def test_soft_verdicts_maximise_the_likelihood() -> None:
    chance = np.random.default_rng(2)
    first, second = chance.integers(0, 3, 90), chance.integers(3, 6, 90)
    y = chance.random(90)

    def loss(strength: Floats) -> float:
        delta = strength[first] - strength[second]
        return float(np.sum(y * np.logaddexp(0, -delta) + (1 - y) * np.logaddexp(0, delta)) + strength.sum() ** 2)

    best = minimize(loss, np.zeros(6), tol=1e-12).x
    # Three candidates meet three references only: linked, as every candidate meets every reference.
    found = bradley_terry.fit(first, second, y.tolist(), range(90), names=list("abcdef"))
    assert found.strength == pytest.approx(best - best.mean(), abs=1e-4)


def test_two_models_have_the_win_rate_and_its_clustered_error() -> None:
    """The strength is the logit of the mean preference, and the error that of a mean by prompt."""
    chance = np.random.default_rng(3)
    prompts = np.repeat(np.arange(50), 4)
    y = 1 / (1 + np.exp(-(chance.normal(0, 1, 50)[prompts] + chance.normal(0.3, 1, 200))))
    found = bradley_terry.fit([0] * 200, [1] * 200, y.tolist(), prompts.tolist(), names=["a", "b"])
    mean = y.mean()
    assert found.win_rate == pytest.approx([100 * mean, 100 - 100 * mean])
    sums = np.bincount(prompts, weights=y - mean)
    error = np.sqrt((sums @ sums) * 50 / 49) / 200
    assert found.standard_error[0] == pytest.approx(error / (mean * (1 - mean)) / 2, rel=1e-6)
    assert found.ci95[0, 0] < 100 * mean < found.ci95[0, 1]


def test_languages_weigh_the_same() -> None:
    first, second = [0] * 4, [1] * 4
    found = bradley_terry.fit(first, second, [0.8, 0.8, 0.8, 0.2], "abca", ["fi"] * 3 + ["de"], names=["x", "y"])
    assert found.strength == pytest.approx([0.0, 0.0], abs=1e-9)


def test_a_model_that_wins_everything_gets_a_finite_strength() -> None:
    found = bradley_terry.fit([0, 0, 1, 2], [1, 2, 2, 1], [1.0, 1.0, 1.0, 1.0], "abcd", names=["x", "y", "z"])
    assert found.ties_added
    assert np.isfinite(found.strength).all()
    assert found.strength[0] > found.strength[1]


def test_false_decisions_stay_below_five_percent() -> None:
    first, second = np.triu_indices(4, 1)
    strength = np.array([0.6, 0.0, 0.0, -0.6])
    wrong = 0
    for seed in range(200):
        chance = np.random.default_rng(seed)
        prompts = np.repeat(np.arange(40), 6)
        i, j = np.tile(first, 40), np.tile(second, 40)
        taste = chance.normal(0, 1, (40, 4))
        p = 1 / (1 + np.exp(-(strength[i] - strength[j] + taste[prompts, i] - taste[prompts, j])))
        y = (chance.random(p.size) < p) * 1.0
        found = bradley_terry.fit(i, j, y.tolist(), prompts.tolist(), names=list("abcd"))
        wrong += bool(found.tests.p_adjusted[(first == 1) & (second == 2)] <= 0.05)
    assert wrong <= 200 * 0.05 + 2 * np.sqrt(200 * 0.05 * 0.95)


def test_few_prompts_tell_nothing_apart() -> None:
    """With 5 prompts no test by sign flips can reach 0.05."""
    first, second = [0, 0, 1] * 5, [1, 2, 2] * 5
    prompts = [n for n in range(5) for _ in range(3)]
    y = [0.9 + n / 100 for n in range(15)]
    found = bradley_terry.fit(first, second, [min(1.0, v) for v in y], prompts, names=list("abc"))
    assert (found.tests.p_value >= 2 / 2**5).all()


def test_models_that_no_verdict_links_are_refused() -> None:
    with pytest.raises(UserError, match="no chain of verdicts links a and c"):
        bradley_terry.fit([0, 2], [1, 3], [0.5, 0.5], "ab", names=list("abcd"))
    with pytest.raises(UserError, match="there is no verdict"):
        bradley_terry.fit([0], [1], [None], "a", names=list("ab"))
