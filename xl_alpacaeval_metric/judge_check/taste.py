"""The judge's taste for length, measured on answers that are padded without content."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.stats.missing import Floats

PRIOR_SD = 4.0
"""Standard deviation of a prior on the taste that keeps it finite where one side always wins."""


@dataclass(frozen=True, slots=True)
class MeasuredTaste:
    """Log-odds at full length difference, and their standard error."""

    value: float
    standard_error: float


def measure(judged: Sequence[JudgedPair]) -> tuple[MeasuredTaste | None, dict[str, MeasuredTaste]]:
    """The taste over all languages, and in each, from the pairs of the kind `padded`.

    **Model.** logit P(longer) = tau_l * t with t = tanh(d / s), the scale of
    `stats.length_control`: d is the difference in characters and s the standard deviation of d over
    the pairs of a language, each counted with both signs because it is judged in both orders. tau_l
    is fitted by maximum quasi-likelihood under a prior N(0, 4^2), its variance is the sandwich
    estimate. The languages' tastes are then pooled, tau_l ~ N(tau, omega^2), with omega^2 by
    DerSimonian & Laird 1986; a language's figure is its posterior mean, shrunk towards tau.

    None where no padded pair has its verdicts, and where a single one has.
    """
    by_language: dict[str, list[JudgedPair]] = defaultdict(list)
    for one in judged:
        if one.pair.kind == "padded" and one.right is not None:
            by_language[one.pair.language].append(one)
    fitted = {code: _fit(found) for code, found in by_language.items() if len(found) > 1}
    return _pool(fitted)


def _fit(judged: Sequence[JudgedPair]) -> MeasuredTaste:
    longer = np.array([1.0 - one.right for one in judged if one.right is not None])
    difference = np.array([float(len(one.pair.wrong) - len(one.pair.right)) for one in judged])
    scale = sqrt(2 * float((difference**2).sum()) / (2 * difference.size - 1))
    t: Floats = np.tanh(difference / scale)
    tau, precision = 0.0, PRIOR_SD**-2
    for _ in range(50):  # Newton's method; the step is bounded, since the start may be far away.
        q = 1 / (1 + np.exp(-tau * t))
        gradient = float(t @ (longer - q)) - precision * tau
        hessian = float((t * t) @ (q * (1 - q))) + precision
        tau += max(-1.0, min(1.0, gradient / hessian))
    residual = t * (longer - q)
    meat = float(residual @ residual) * longer.size / (longer.size - 1)
    return MeasuredTaste(tau, sqrt(meat) / hessian)


def _pool(fitted: Mapping[str, MeasuredTaste]) -> tuple[MeasuredTaste | None, dict[str, MeasuredTaste]]:
    if not fitted:
        return None, {}
    tau = np.array([one.value for one in fitted.values()])
    # A judge that gives the same probability every time has no error that could be seen.
    variance = np.maximum(np.array([one.standard_error for one in fitted.values()]), 0.05) ** 2
    weights = 1 / variance
    fixed = float(weights @ tau) / float(weights.sum())
    excess = float(weights @ (tau - fixed) ** 2) - (tau.size - 1)
    spread = float(weights.sum() - (weights**2).sum() / weights.sum())
    between = max(0.0, excess / spread) if tau.size > 1 else 0.0
    weights = 1 / (variance + between)
    mean, error = float(weights @ tau) / float(weights.sum()), 1 / sqrt(float(weights.sum()))
    shrunk = {}
    for code, own, own_variance in zip(fitted, tau, variance, strict=True):
        share = between / (between + own_variance) if tau.size > 1 else 1.0
        value = share * own + (1 - share) * mean
        shrunk[code] = MeasuredTaste(float(value), sqrt(share * own_variance + ((1 - share) * error) ** 2))
    return MeasuredTaste(mean, error), shrunk
