"""The figures of a check, and what they say: passed, doubtful, or no judge."""

from collections.abc import Sequence
from math import isnan

from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.judge_check.pairs import KINDS, WORSE
from xl_alpacaeval_metric.judge_check.taste import Tastes
from xl_alpacaeval_metric.records.judge_check import CheckFigures, Finding, KindFigures
from xl_alpacaeval_metric.stats.intervals import mean_interval
from xl_alpacaeval_metric.terminal import counted

PASSED_ACCURACY, CHANCE, LEAST_ACCURACY = 80.0, 50.0, 75.0
"""A judge passes whose accuracy, in percent, has a lower bound above the first.

It is none where the lower bound is chance or less, and the accuracy itself below the last: on a
handful of pairs the lower bound of a perfect judge is chance, too.
"""
PASSED_RESOLUTION, LEAST_RESOLUTION = 75.0, 55.0
"""The resolution, in percent, from which on a judge passes, and below which it is none.

With a resolution of r, answers that are all plainly worse get a win rate of 100 - r and answers
that are all plainly better one of r: at 75 the number moves over half of the scale, at 55 over a
tenth of it.
"""


def figures(judged: Sequence[JudgedPair], tastes: Tastes | None) -> CheckFigures:
    """The figures of some pairs taken together, kinds and languages weighing the same."""
    worse = [one for one in judged if one.pair.kind in WORSE]
    strata = [(one.pair.kind, one.pair.language) for one in worse]
    credits = [one.credit for one in worse]
    accuracy = _macro(credits, strata)
    resolution = _macro([one.right for one in worse], strata)
    ci95 = None
    if accuracy is not None:
        low, high = mean_interval(credits, [one.pair.id for one in worse], strata, agreeing=0)
        ci95 = None if isnan(low) else (100 * float(low), 100 * float(high))
    verdict, reason = _verdict(accuracy, resolution, ci95)
    if 2 * (silent := sum(one.silent for one in worse)) > len(worse):
        verdict, reason = "no judge", f"gives no verdict on {silent} of {counted(len(worse), 'pair')}"
    length, markdown = (tastes.length, tastes.markdown) if tastes else (None, None)
    return CheckFigures(
        verdict=verdict,
        accuracy=accuracy,
        resolution=resolution,
        ci95=ci95,
        first_position_rate=_macro([one.first for one in worse], strata),
        length_taste=None if length is None else length.value,
        length_taste_stderr=None if length is None else length.standard_error,
        n=sum(credit is not None for credit in credits),
        n_missing=sum(credit is None for credit in credits),
        by_kind={
            kind: _kind(of, kind != "same")
            for kind in KINDS
            if (of := [one for one in judged if one.pair.kind == kind])
        },
        reason=reason,
        markdown_taste=None if markdown is None else markdown.value,
        markdown_taste_stderr=None if markdown is None else markdown.standard_error,
    )


def _kind(judged: Sequence[JudgedPair], two_answers: bool) -> KindFigures:
    codes = [one.pair.language for one in judged]
    right = [one.right for one in judged]
    known = sum(value is not None for value in right)
    return KindFigures(
        accuracy=_macro([one.credit for one in judged], codes) if two_answers else None,
        resolution=_macro(right, codes) if two_answers else None,
        first_position_rate=_macro([one.first for one in judged], codes),
        n=known,
        n_missing=len(judged) - known,
    )


def _verdict(
    accuracy: float | None, resolution: float | None, ci95: tuple[float, float] | None
) -> tuple[Finding, str | None]:
    """The verdict and, unless it is passed, the reason."""
    if accuracy is None or resolution is None:
        return "unchecked", "gave no verdict"
    low = 0.0 if ci95 is None else ci95[0]
    if resolution < LEAST_RESOLUTION:
        return "no judge", f"gives the right answer a mean probability of {resolution:.1f}%"
    if low <= CHANCE and accuracy < LEAST_ACCURACY:
        return "no judge", f"is right on {accuracy:.0f}% of the pairs, which may be chance"
    if low <= PASSED_ACCURACY:
        return "doubtful", f"is right on {accuracy:.0f}% of the pairs, {low:.0f}% at least"
    if resolution < PASSED_RESOLUTION:
        return "doubtful", f"gives the right answer a mean probability of {resolution:.0f}% only"
    return "passed", None


def _macro(found: Sequence[float | None], strata: Sequence[object]) -> float | None:
    """The mean, in percent, of the means of the strata that have a value."""
    groups: dict[object, list[float]] = {}
    for value, stratum in zip(found, strata, strict=True):
        if value is not None:
            groups.setdefault(stratum, []).append(value)
    if not groups:
        return None
    return 100.0 * sum(sum(group) / len(group) for group in groups.values()) / len(groups)
