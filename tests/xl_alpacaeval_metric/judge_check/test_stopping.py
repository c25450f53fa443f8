"""A check stops early where the judge is certainly none, and goes on where it may be one."""

from dataclasses import replace

import numpy as np
import pytest

from tests.xl_alpacaeval_metric.judge_check.simulated import Simulated, judged, right, sure
from xl_alpacaeval_metric.judge_check.check import LOOKS
from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.judge_check.pairs import SMALL, WORSE
from xl_alpacaeval_metric.judge_check.stopping import without_judge

KINDS = [kind for kind in SMALL if kind in WORSE]
LANGUAGES = ("de", "fi")
SEEDS = range(300)


def first_answer(generator: np.random.Generator, *_: object) -> tuple[float, float]:
    """Takes the answer shown first with a probability that varies, as SmolLM2 does."""
    wrong_first, right_first = generator.uniform(0.8, 1.0, 2).tolist()
    return 1.0 - wrong_first, right_first


def soft(mean: float) -> Simulated:
    """Gives the right answer this probability on average, more on some pairs than on others."""
    return lambda generator, *_: tuple(np.clip(generator.normal(mean, 0.15, 2), 0.0, 1.0).tolist())


def silenced(pairs: list[JudgedPair], generator: np.random.Generator, share: float) -> list[JudgedPair]:
    """The pairs, so many of them without a verdict."""
    return [
        replace(one, wrong_first=None, right_first=None, silent=True) if generator.random() < share else one
        for one in pairs
    ]


def left_after(look: int, judge: Simulated, silent: float = 0.0) -> float:
    """The share of checks that are over after a look of so many prompts."""
    over = 0
    for seed in SEEDS:
        generator = np.random.default_rng(seed)
        pairs = silenced(judged(judge, generator, LANGUAGES, KINDS, look), generator, silent)
        over += without_judge(pairs, LANGUAGES) == set(LANGUAGES)
    return over / len(SEEDS)


@pytest.mark.parametrize("silent", [0.0, 0.4, 1.0])
def test_a_judge_that_takes_the_first_answer_is_left_after_two_prompts(silent: float) -> None:
    assert left_after(LOOKS[0], first_answer, silent) > 0.5
    assert left_after(LOOKS[1], first_answer, silent) > 0.9


def test_a_judge_that_gives_one_half_is_left_at_once() -> None:
    assert left_after(LOOKS[0], sure(0.5)) == 1.0


@pytest.mark.parametrize("judge", [right(0.9), right(0.8), soft(0.7), sure(0.6)], ids=["90%", "80%", "soft", "60%"])
def test_what_may_be_a_judge_is_asked_on(judge: Simulated) -> None:
    left = 0
    for seed in SEEDS:
        generator = np.random.default_rng(seed)
        left += any(without_judge(judged(judge, generator, LANGUAGES, KINDS, look), LANGUAGES) for look in LOOKS)
    assert left / len(SEEDS) < 0.01
