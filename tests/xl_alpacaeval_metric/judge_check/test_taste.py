"""The taste for length is recovered from simulated judges that have it."""

import numpy as np
import pytest

from tests.xl_alpacaeval_metric.judge_check.simulated import judged
from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.judge_check.taste import measure


def with_taste(tau: float, languages: list[str], n: int, hard: bool, seed: int) -> list[JudgedPair]:
    """Pairs judged by logit P(longer) = tau * tanh(d / s), in soft or in 0/1 verdicts."""
    generator = np.random.default_rng(seed)
    bare = judged(lambda *_: (0.5, 0.5), generator, languages, ("padded",), n)
    differences = np.array([len(one.pair.wrong) - len(one.pair.right) for one in bare], dtype=float)
    scale = np.concatenate([differences, -differences]).std(ddof=1)
    found = []
    for one, difference in zip(bare, differences, strict=True):
        longer = 1 / (1 + np.exp(-tau * np.tanh(difference / scale)))
        both = (generator.random(2) < longer).astype(float) if hard else np.array([longer, longer])
        found.append(JudgedPair(one.pair, *(1 - both).tolist()))
    return found


@pytest.mark.parametrize("tau", [-1.25, 0.0, 0.625, 1.25, 2.5])
def test_the_taste_is_recovered(tau: float) -> None:
    taste, by_language = measure(with_taste(tau, ["de", "fi"], 50, hard=False, seed=0))
    assert taste is not None
    assert taste.value == pytest.approx(tau, abs=0.06)
    assert by_language["fi"].value == pytest.approx(tau, abs=0.06)


@pytest.mark.parametrize("tau", [0.0, 1.25])
def test_the_standard_error_is_honest(tau: float) -> None:
    found = [measure(with_taste(tau, ["de", "fi", "ga"], 16, hard=True, seed=seed))[0] for seed in range(150)]
    scores = np.array([(one.value - tau) / one.standard_error for one in found if one is not None])
    assert abs(scores.mean()) < 0.35
    assert 0.8 < scores.std() < 1.2


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_a_side_that_always_wins_gives_a_finite_taste(probability: float) -> None:
    pairs = judged(lambda *_: (probability, probability), np.random.default_rng(0), ["de"], ("padded",), 10)
    taste, _ = measure(pairs)
    assert taste is not None
    assert 3 < abs(taste.value) < 10


def test_languages_are_pooled_where_they_do_not_differ() -> None:
    pairs = with_taste(1.0, ["de", "fi", "ga", "zh"], 16, hard=True, seed=3)
    taste, by_language = measure(pairs)
    alone = {code: measure([one for one in pairs if one.pair.language == code])[0] for code in by_language}
    spread = np.std([one.value for one in alone.values() if one is not None])
    assert np.std([one.value for one in by_language.values()]) < 0.7 * spread
    assert taste is not None
    assert all(taste.standard_error < one.standard_error for one in alone.values() if one is not None)


def test_without_padded_pairs_there_is_none() -> None:
    assert measure(judged(lambda *_: (1.0, 1.0), np.random.default_rng(0), ["de"], ("cut",), 10)) == (None, {})
