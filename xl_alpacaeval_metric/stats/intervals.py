"""Intervals of win rates and of other bounded figures, which hold with few prompts, too."""

from collections.abc import Sequence
from math import nan, sqrt

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.missing import Floats, as_floats, as_preferences
from xl_alpacaeval_metric.stats.strata import Labels, Strata
from xl_alpacaeval_metric.stats.student_t import critical_value

CORRELATION = 0.1
"""Correlation of a prompt's verdicts in two languages that an interval assumes at least."""


def win_rate_interval(
    preferences: Sequence[float | None] | Floats,
    prompts: Labels,
    languages: Labels | None = None,
    *,
    confidence: float = 0.95,
) -> tuple[float, float]:
    values = as_preferences(preferences)
    low, high = _interval(Strata.of(values, prompts, languages), confidence)
    return 100 * low, 100 * high


def mean_interval(values, bounds, prompts, languages=None, *, confidence=0.95):
    least, most = bounds
    array = as_floats(values, "value")
    low, high = _interval(Strata.of((array - least) / (most - least), prompts, languages), confidence)
    return least + (most - least) * low, least + (most - least) * high


def _interval(strata: Strata, confidence: float) -> tuple[float, float]:
    if not 0 < confidence < 1:
        raise UserError(f"confidence is {confidence}; need a number between 0 and 1, such as 0.95")
    if strata.n_prompts < 2:
        return nan, nan
    low, high = (_plus_one if strata.n_languages == 1 else _wilson)(strata, confidence)
    return max(0.0, min(low, strata.mean)), min(1.0, max(high, strata.mean))


def _plus_one(strata: Strata, confidence: float) -> tuple[float, float]:
    size = strata.n / strata.n_prompts
    more = Strata(np.append(strata.sums, [[0.0, size]], axis=1), np.append(strata.counts, [[size, size]], axis=1))
    half = critical_value(more.degrees, confidence) * more.standard_error()
    return more.mean - half, more.mean + half


def _wilson(strata: Strata, confidence: float) -> tuple[float, float]:
    p, v, n_languages = strata.mean, strata.variance, strata.n_languages
    most = n_languages**2 / (1 / strata.counts.sum(axis=1)).sum() / (1 + CORRELATION * (n_languages - 1))
    n = min(p * (1 - p) / v, most) if v > 0 else most
    t = critical_value(strata.degrees, confidence)
    if t == float("inf"):
        return 0.0, 1.0
    center = (p + t * t / (2 * n)) / (1 + t * t / n)
    half = t * sqrt(p * (1 - p) / n + t * t / (4 * n * n)) / (1 + t * t / n)
    return center - half, center + half
