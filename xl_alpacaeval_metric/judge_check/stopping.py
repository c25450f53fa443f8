"""When a check stops early: a language in which the judge is certainly none is left."""

from collections.abc import Sequence
from math import sqrt

import numpy as np

from xl_alpacaeval_metric.judge_check.findings import LEAST_RESOLUTION
from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.judge_check.pairs import WORSE
from xl_alpacaeval_metric.stats.missing import Floats

CERTAIN, LIKELY = 5.0, 2.0
"""Standard errors by which the resolution must lie below its limit to be certain, or likely."""
CERTAINLY_LOST, LIKELY_LOST = 0.9, 0.7
"""The same for the share of pairs whose right answer does not win: tied, lost, or no verdict."""
CLOSE = 0.1
"""Of pairs whose right answer gets at most so much more than a half, the judge decides none."""
LEAST_PAIRS, LEAST_HARD_PAIRS = 5, 10
"""Pairs that are needed, and those where the verdicts are 0 or 1, which may agree by chance."""


def without_judge(judged: Sequence[JudgedPair], languages: Sequence[str]) -> set[str]:
    """The languages where the judge is certainly none: by resolution, or since right seldom wins.

    Certain of a language by its own pairs; and by those of all languages together, where its own
    agree.
    """
    pairs = {
        code: [one for one in judged if one.pair.language == code and one.pair.kind in WORSE] for code in languages
    }
    together = [one for of in pairs.values() for one in of]
    certain = _is_below(_right(together), CERTAIN, LEAST_HARD_PAIRS) or _decides_none(_right(together))
    limits = LIKELY if certain else CERTAIN
    share = LIKELY_LOST if _is_lost(together, CERTAINLY_LOST, LEAST_HARD_PAIRS) else CERTAINLY_LOST
    least = LEAST_PAIRS if limits == LIKELY else LEAST_HARD_PAIRS
    least_lost = LEAST_PAIRS if share == LIKELY_LOST else LEAST_HARD_PAIRS
    return {
        code
        for code, of in pairs.items()
        if _is_below(_right(of), limits, least) or _decides_none(_right(of)) or _is_lost(of, share, least_lost)
    }


def _right(judged: Sequence[JudgedPair]) -> Floats:
    """The probabilities of the right answers; 0.5 where the judge gave no verdict."""
    return np.array([0.5 if one.right is None else one.right for one in judged if one.silent or one.right is not None])


def _is_below(right: Floats, errors: float, least_hard: int) -> bool:
    """Whether the mean is below the least resolution by so many standard errors."""
    hard = bool(np.isin(right, (0.0, 0.5, 1.0)).all())
    if right.size < (least_hard if hard else LEAST_PAIRS):
        return False
    return bool(right.mean() + errors * right.std(ddof=1) / sqrt(right.size) < LEAST_RESOLUTION / 100)


def _decides_none(right: Floats) -> bool:
    """Whether nearly all pairs are near a half or below, and the mean is likely below its limit.

    So does a judge that takes the answer shown first, whose probabilities differ a little from
    pair to pair.
    """
    if right.size < LEAST_HARD_PAIRS or (right <= 0.5 + CLOSE).mean() < CERTAINLY_LOST:
        return False
    return bool(right.mean() + LIKELY * right.std(ddof=1) / sqrt(right.size) < LEAST_RESOLUTION / 100)


def _is_lost(judged: Sequence[JudgedPair], share: float, least: int) -> bool:
    """Whether the right answer seldom wins; pairs whose requests failed say nothing."""
    known = [one for one in judged if one.silent or one.right is not None]
    return len(known) >= least and sum(one.credit != 1.0 for one in known) >= share * len(known)
