"""The taste for length is recovered from simulated judges that have it."""

import numpy as np
import pytest

from tests.xl_alpacaeval_metric.judge_check.simulated import judged
from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.judge_check.pairs import ControlPair
from xl_alpacaeval_metric.judge_check.taste import MeasuredTaste, Tastes, measure


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


def lengths(pairs: list[JudgedPair]) -> tuple[MeasuredTaste | None, dict[str, MeasuredTaste]]:
    """The tastes for length alone."""
    taste, by_language = measure(pairs)
    return taste.length, {code: one.length for code, one in by_language.items() if one.length}


@pytest.mark.parametrize("tau", [-1.25, 0.0, 0.625, 1.25, 2.5])
def test_the_taste_is_recovered(tau: float) -> None:
    taste, by_language = lengths(with_taste(tau, ["de", "fi"], 50, hard=False, seed=0))
    assert taste is not None
    assert taste.value == pytest.approx(tau, abs=0.06)
    assert by_language["fi"].value == pytest.approx(tau, abs=0.06)


@pytest.mark.parametrize("tau", [0.0, 1.25])
def test_the_standard_error_is_honest(tau: float) -> None:
    found = [lengths(with_taste(tau, ["de", "fi", "ga"], 16, hard=True, seed=seed))[0] for seed in range(150)]
    scores = np.array([(one.value - tau) / one.standard_error for one in found if one is not None])
    assert abs(scores.mean()) < 0.35
    assert 0.8 < scores.std() < 1.2


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_a_side_that_always_wins_gives_a_finite_taste(probability: float) -> None:
    pairs = judged(lambda *_: (probability, probability), np.random.default_rng(0), ["de"], ("padded",), 10)
    taste, _ = lengths(pairs)
    assert taste is not None
    assert 3 < abs(taste.value) < 10


def test_languages_are_pooled_where_they_do_not_differ() -> None:
    pairs = with_taste(1.0, ["de", "fi", "ga", "zh"], 16, hard=True, seed=3)
    taste, by_language = lengths(pairs)
    alone = {code: lengths([one for one in pairs if one.pair.language == code])[0] for code in by_language}
    spread = np.std([one.value for one in alone.values() if one is not None])
    assert np.std([one.value for one in by_language.values()]) < 0.7 * spread
    assert taste is not None
    assert all(taste.standard_error < one.standard_error for one in alone.values() if one is not None)


def test_without_padded_pairs_there_is_none() -> None:
    assert measure(judged(lambda *_: (1.0, 1.0), np.random.default_rng(0), ["de"], ("cut",), 10)) == (Tastes(), {})


def with_markdown(tau: float, mu: float, n: int, seed: int) -> list[JudgedPair]:
    """Pairs of which every second two are padded with a list, judged by both tastes, in 0/1."""
    generator = np.random.default_rng(seed)
    pairs = []
    for number in range(n):
        text = "A sentence of some length, as references have them. " * 6
        again = text[: len(text) // (1 + number % 2)]
        more = "\n".join(f"- {line}" for line in again.split(". ") if line.strip()) if number % 4 > 1 else again
        pairs.append(ControlPair("padded", f"p{number}", "fi", "", f"{text}\n\n{more}", text))
    elements = np.array([len(pair.wrong.split("\n- ")) - 1 for pair in pairs], dtype=float)
    lengths = np.array([len(pair.wrong) - len(pair.right) for pair in pairs], dtype=float)
    t, u = np.tanh(lengths / np.concatenate([lengths, -lengths]).std(ddof=1)), np.tanh(elements / 4)
    padded = 1 / (1 + np.exp(-tau * t - mu * u))
    return [
        JudgedPair(pair, *(1 - (generator.random(2) < p)).astype(float).tolist())
        for pair, p in zip(pairs, padded, strict=True)
    ]


@pytest.mark.parametrize(("tau", "mu"), [(0.0, 0.0), (1.25, 0.0), (0.0, 1.0), (1.25, 2.0), (0.5, -1.0)])
def test_length_and_markdown_are_told_apart(tau: float, mu: float) -> None:
    found = [measure(with_markdown(tau, mu, 40, seed))[0] for seed in range(60)]
    for truth, tastes in ((tau, [one.length for one in found]), (mu, [one.markdown for one in found])):
        values = np.array([(one.value, one.standard_error) for one in tastes if one is not None])
        assert values[:, 0].mean() == pytest.approx(truth, abs=0.2)
        assert 0.75 < ((values[:, 0] - truth) / values[:, 1]).std() < 1.3
