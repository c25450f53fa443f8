"""The regression behind length control: preferences on what a judge may like beside quality."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot

import numpy as np

from xl_alpacaeval_metric.records.result import Taste
from xl_alpacaeval_metric.stats.missing import Floats

GPT4_TASTE = 1.25
"""Prior mean of GPT-4's taste for length, in log-odds at full length difference.

This is the part of the slope that length control removes.
"""

CONFOUNDING = 0.65
"""Prior mean of the part of the slope on length that is no taste and is kept."""

SPREAD = 0.2
"""Prior standard deviation of the confounding, and of GPT-4's taste."""

TRANSFER = 0.3
"""How far a measured taste may be from that for the answers at hand, in log-odds.

It is measured on answers that were padded, not on answers that are long by nature.
"""

LEAST_SCALE = 0.1
"""Least unit of differences, as a share of the mean: nobody sees a few characters more."""

HARD = 1e-6
"""A preference this close to 0 or 1 is taken for a verdict without a probability."""

MARKDOWN_UNIT = 4.0
"""Markdown elements that one answer has more than the other, as the unit of a measured taste."""

_STEP = 0.05
"""Log-odds by which a taste is moved to see how the value moves with it."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A feature's scaled differences, one for each item, and the prior of its slope's two parts.

    The `share` of the slope's distance from its prior mean belongs to the confounding.
    """

    t: Floats
    taste: float
    confounding: float
    taste_spread: float
    standard_error: float = 0.0

    @property
    def mean(self) -> float:
        return self.taste + self.confounding

    @property
    def variance(self) -> float:
        return self.taste_spread**2 + SPREAD**2

    @property
    def share(self) -> float:
        return SPREAD**2 / self.variance


def length_effect(t: Floats, taste: Taste | None) -> Effect:
    """The effect of length; without a measured taste it is GPT-4's."""
    if taste is None:
        return Effect(t, GPT4_TASTE, CONFOUNDING, SPREAD)
    return Effect(t, taste.value, CONFOUNDING, hypot(TRANSFER, taste.standard_error), taste.standard_error)


def markdown_effect(t: Floats, taste: Taste) -> Effect:
    """The effect of Markdown, of which no confounding is known."""
    return Effect(t, taste.value, 0.0, hypot(TRANSFER, taste.standard_error), taste.standard_error)


def scaled_difference(candidate: Floats, reference: Floats) -> Floats:
    """tanh of the difference in standard deviations (ddof = 1); more for the candidate is positive.

    The unit is at least a tenth of the mean of both sides.
    """
    difference = candidate - reference
    scale = float(difference.std(ddof=1)) if difference.size > 1 else 0.0
    scale = max(scale, LEAST_SCALE * float((candidate + reference).mean()) / 2)
    return np.tanh(difference / scale) if scale else np.zeros_like(difference)


def has_probabilities(p: Floats) -> bool:
    """Whether more than half of the preferences say how sure the judge is."""
    return bool(2 * ((p > HARD) & (p < 1 - HARD)).sum() > p.size)


def without(p: Floats, features: Sequence[Floats], tastes: Sequence[Taste]) -> tuple[Floats, float]:
    """The preferences without tastes for these features, and how unsure their mean is.

    A taste that was measured on answers of the same content moves the log-odds of each pair by
    taste * t; so it is taken from the log-odds of each. Verdicts of 0 or 1 stay what they are. The
    second number is the change of the mean with each taste, times its error and TRANSFER.
    """
    odds = np.log(np.clip(p, HARD, 1 - HARD)) - np.log1p(-np.clip(p, HARD, 1 - HARD))
    odds -= sum(taste.value * t for taste, t in zip(tastes, features, strict=True))
    known = (p > HARD) & (p < 1 - HARD)
    kept = np.where(known, sigmoid(odds), p)
    spread = np.where(known, kept * (1 - kept), 0.0)
    errors = [
        float((spread * t).mean()) * hypot(TRANSFER, taste.standard_error)
        for taste, t in zip(tastes, features, strict=True)
    ]
    return kept, hypot(*errors)


def controlled(p: Floats, effects: Sequence[Effect]) -> tuple[Floats, float]:
    """The part of each item in the win rate without the tastes, and what their errors add to it.

    `p`: preferences whose mean is not 0 or 1. The mean of the parts is the value, from 0 to 1;
    their variance is that of the value, since each holds the item's influence on the fit, too. The
    second number is the change of the value with the tastes, times their standard errors.
    """
    x = np.column_stack([np.ones_like(p), *(effect.t for effect in effects)])
    value, parts = _controlled(p, x, effects)
    unsure = 0.0
    for number, effect in enumerate(effects):
        if effect.standard_error:
            values = []
            for step in (-_STEP, _STEP):
                moved = list(effects)
                moved[number] = Effect(effect.t, effect.taste + step, effect.confounding, effect.taste_spread)
                values.append(_controlled(p, x, moved)[0])
            unsure = hypot(unsure, (values[1] - values[0]) / (2 * _STEP) * effect.standard_error)
    return parts + (value - parts.mean()), unsure


def _controlled(p: Floats, x: Floats, effects: Sequence[Effect]) -> tuple[float, Floats]:
    """Value, and each item's influence on it."""
    means = np.array([effect.mean for effect in effects])
    precisions = np.array([0.0, *(1 / effect.variance for effect in effects)])
    shares = np.array([effect.share for effect in effects])
    fit = _fit(p, x, means, precisions)
    kept = np.array([effect.confounding for effect in effects]) + (fit[1:] - means) * shares
    without = sigmoid(x @ np.concatenate([fit[:1], kept]))
    # Influence of each item on the value: as a term of the mean, and through the fit (gradient,
    # inverse Hessian, score).
    fitted, spread = sigmoid(x @ fit), without * (1 - without)
    gradient = (spread[:, None] * x).mean(axis=0) * np.array([1.0, *shares])
    through = np.linalg.solve(_hessian(fitted, x, precisions), gradient)
    return float(without.mean()), without + p.size * (p - fitted) * (x @ through)


def _fit(p: Floats, x: Floats, means: Floats, precisions: Floats) -> Floats:
    """Intercept and slopes of largest posterior density.

    Newton's method with step halving; the negative log posterior is convex.
    """
    share = float(p.mean())
    prior = np.array([0.0, *means])
    b = np.array([np.log(share / (1 - share)), *means])

    def loss(b: Floats) -> float:
        eta = x @ b
        return float(np.logaddexp(0, eta).sum() - p @ eta + precisions @ (b - prior) ** 2 / 2)

    current = loss(b)
    for _ in range(100):
        q = sigmoid(x @ b)
        gradient = (q - p) @ x + precisions * (b - prior)
        step = np.linalg.solve(_hessian(q, x, precisions), gradient)
        size = 1.0
        while (proposed := loss(b - size * step)) > current + 1e-12 * (1 + abs(current)):
            size /= 2
        b, current = b - size * step, proposed
        if np.abs(step).sum() < 1e-10:
            break
    return b


def _hessian(q: Floats, x: Floats, precisions: Floats) -> Floats:
    """Of the negative log posterior, at fitted preferences `q`."""
    found: Floats = (x * (q * (1 - q))[:, None]).T @ x + np.diag(precisions)
    return found


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x))."""
    # exp only of numbers <= 0: no overflow, and sigmoid(-x) is 1 - sigmoid(x) to the last digit.
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))
