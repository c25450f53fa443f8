"""Judged pairs of simulated judges."""

from collections.abc import Callable, Sequence

import numpy as np

from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.judge_check.pairs import ControlPair, Kind

Simulated = Callable[[np.random.Generator, Kind, str], tuple[float, float]]
"""Generator, kind, language -> probability given to the right answer with either one first."""


def judged(
    judge: Simulated, generator: np.random.Generator, languages: Sequence[str], kinds: Sequence[Kind], n: int
) -> list[JudgedPair]:
    """The pairs of these kinds on `n` prompts in each language."""
    return [
        JudgedPair(
            ControlPair(
                kind, f"p{number}", code, "", "x" * (150 + 50 * (number % 2) if kind == "padded" else 100), "x" * 100
            ),
            *judge(generator, kind, code),
        )
        for code in languages
        for number in range(n)
        for kind in kinds
    ]


def right(share: float) -> Simulated:
    """Right in so many of the verdicts, which are 0 or 1; padding makes no difference."""
    return lambda generator, kind, code: tuple(
        (generator.random(2) < (0.5 if kind == "padded" else share)).astype(float).tolist()
    )


def sure(probability: float) -> Simulated:
    """Gives the right answer this probability."""
    return lambda generator, kind, code: (probability, probability)


def but(judge: Simulated, kind: Kind, fault: Simulated, language: str | None = None) -> Simulated:
    """As `judge`, but on one kind (in one language)."""
    return lambda generator, of, code: (
        fault(generator, of, code) if of == kind and language in (None, code) else judge(generator, of, code)
    )
