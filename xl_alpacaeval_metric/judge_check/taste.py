"""The judge's tastes for length and for Markdown, from answers that are padded without content."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from xl_alpacaeval_metric.judge_check.judged import JudgedPair
from xl_alpacaeval_metric.stats.length_control.markdown_elements import markdown_counts
from xl_alpacaeval_metric.stats.length_control.taste_model import MARKDOWN_UNIT
from xl_alpacaeval_metric.stats.missing import Floats

PRIOR_SD = 4.0
"""Standard deviation of a prior on a taste that keeps it finite where one side always wins."""
HARD, LEAST_PRIOR = 1e-3, 0.02
"""A probability this close to 0 or 1 is a plain verdict; the least weight of the prior."""
LEAST_MARKDOWN = 3
"""Pairs of a language with another number of Markdown elements that its taste for it takes."""


@dataclass(frozen=True, slots=True)
class MeasuredTaste:
    """Log-odds at full difference, and their standard error."""

    value: float
    standard_error: float


@dataclass(frozen=True, slots=True)
class Tastes:
    """The tastes for length and for Markdown, each None where it was not measured."""

    length: MeasuredTaste | None = None
    markdown: MeasuredTaste | None = None


def measure(judged: Sequence[JudgedPair]) -> tuple[Tastes, dict[str, Tastes]]:
    """The tastes over all languages, and in each, from the pairs of the kind `padded`.

    **Model.** logit P(padded) = tau_l * t + mu_l * u. t = tanh(d / s), the scale of
    `stats.length_control`: d is the difference in characters and s the standard deviation of d over
    the pairs of a language, each counted with both signs because it is judged in both orders. u is
    tanh(Markdown elements more / 4): half of the answers are padded with a list. tau_l and mu_l are
    fitted by maximum quasi-likelihood, their variances are sandwich estimates. Priors N(0, 4^2)
    keep them finite; these are as much weaker as fewer verdicts are plain 0 or 1. The languages'
    tastes are then pooled, tau_l ~ N(tau, omega^2), with omega^2 by DerSimonian & Laird 1986; a
    language's figure is its posterior mean, shrunk towards tau.

    None where no padded pair has its verdicts, and where a single one has.
    """
    by_language: dict[str, list[JudgedPair]] = defaultdict(list)
    for one in judged:
        if one.pair.kind == "padded" and one.right is not None:
            by_language[one.pair.language].append(one)
    fitted = {code: _fit(found) for code, found in by_language.items() if len(found) > 1}
    length, lengths = _pool({code: one.length for code, one in fitted.items() if one.length})
    markdown, markdowns = _pool({code: one.markdown for code, one in fitted.items() if one.markdown})
    return Tastes(length, markdown), {code: Tastes(lengths.get(code), markdowns.get(code)) for code in fitted}


def _fit(judged: Sequence[JudgedPair]) -> Tastes:
    padded = np.array([1.0 - one.right for one in judged if one.right is not None])
    features = [_scaled(np.array([float(len(one.pair.wrong) - len(one.pair.right)) for one in judged]))]
    elements = [markdown_counts([getattr(one.pair, side) for one in judged]) for side in ("wrong", "right")]
    difference = np.array(elements[0], dtype=np.float64) - np.array(elements[1])
    if (difference != 0).sum() >= LEAST_MARKDOWN:
        features.append(np.tanh(difference / MARKDOWN_UNIT))
    x = np.column_stack(features)
    hard = float(((padded < HARD) | (padded > 1 - HARD)).mean())
    tau, precision = np.zeros(x.shape[1]), max(LEAST_PRIOR, hard) * PRIOR_SD**-2
    for _ in range(50):  # Newton's method; the step is bounded, since the start may be far away.
        q = 1 / (1 + np.exp(-x @ tau))
        hessian = (x * (q * (1 - q))[:, None]).T @ x + precision * np.eye(tau.size)
        tau += np.clip(np.linalg.solve(hessian, x.T @ (padded - q) - precision * tau), -1.0, 1.0)
    residual = x * (padded - q)[:, None]
    inverse = np.linalg.inv(hessian)
    variance = inverse @ (residual.T @ residual) @ inverse * padded.size / max(1, padded.size - tau.size)
    found = [MeasuredTaste(float(value), sqrt(error)) for value, error in zip(tau, np.diag(variance), strict=True)]
    return Tastes(*found)


def _scaled(difference: Floats) -> Floats:
    """tanh of the difference in standard deviations, each difference counted with both signs."""
    scale = sqrt(2 * float((difference**2).sum()) / (2 * difference.size - 1))
    return np.tanh(difference / scale)


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
