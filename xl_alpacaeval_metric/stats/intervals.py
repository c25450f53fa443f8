"""Intervals of win rates and of other bounded figures, which hold with few prompts, too."""

from collections.abc import Sequence
from math import inf, isinf, nan, sqrt

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.missing import Floats, as_floats, as_preferences
from xl_alpacaeval_metric.stats.strata import Labels, Strata
from xl_alpacaeval_metric.stats.student_t import critical_value

CORRELATION = 0.2
"""Correlation of a prompt's verdicts in two languages that is assumed at least.

With few prompts the variance in the sample is too uncertain to show that there is less.
"""

MANY_PROMPTS = 400
"""From here on the sample's own variance counts more and more."""

SAFETY = 1.25
"""A design effect in a sample of few prompts may be too small by this factor."""

NO_VARIANCE = 1e-12
"""A smaller variance of preferences is what rounding leaves, which differs for p and 1 - p."""


def win_rate_interval(
    preferences: Sequence[float | None] | Floats,
    prompts: Labels,
    languages: Labels | None = None,
    *,
    orders: Labels | None = None,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """The interval of a win rate, in percent.

    `preferences`: probabilities in [0, 1]; None and nan are missing and left out. `prompts`: the
    prompt of each. Verdicts on one prompt, in several languages or designs, are correlated, so
    whole prompts are the observations. `languages`: the language of each; the interval is then that
    of the mean of the languages' win rates. Without it all preferences are of one language.
    `orders`: which answer the judge saw first in each; its lean is then no variance (`Strata.of`).

    One language: a t interval over prompts after adding one prompt that is all won and one that is
    all lost (Agresti & Coull 1998 for proportions). Several: Wilson's interval with the effective
    sample size n* = min(p (1 - p) / v, L^2 / sum(1 / n_l) / (1 + 0.2 (L - 1))), v the variance of
    the mean over prompts (`Strata.variance`), and with a t quantile of `Strata.degrees` (Korn &
    Graubard 1998; Dean & Pagano 2015); at least as wide as the interval after adding two prompts,
    of as many as the verdicts' correlation between the languages leaves. Both were chosen by
    simulation (perf/coverage.py): they cover the true rate at least as often as they say from 8
    prompts on, where percentile bootstraps and plain t intervals of low rates do not.

    (nan, nan) with fewer than two prompts. Raises UserError for sequences of different lengths,
    preferences outside [0, 1], and a confidence that is not between 0 and 1.
    """
    low, high = mean_interval(as_preferences(preferences), prompts, languages, orders=orders, confidence=confidence)
    return 100 * low, 100 * high


def mean_interval(
    values: Sequence[float | None] | Floats,
    prompts: Labels,
    languages: Labels | None = None,
    *,
    orders: Labels | None = None,
    bounds: tuple[float, float] = (0.0, 1.0),
    confidence: float = 0.95,
) -> tuple[float, float]:
    """The interval of the mean of any figure that cannot leave `bounds`, in the figure's own unit.

    Levels 1..5, shares and agreement, as well as preferences: all as in `win_rate_interval`. Raises
    UserError for a value outside the bounds, and as that does.
    """
    check_confidence(confidence)
    least, most = bounds
    array = as_floats(values, "value")
    outside = np.flatnonzero((array < least) | (array > most))
    if outside.size:
        raise UserError(f"value {outside[0]} is {array[outside[0]]}; need a number from {least:g} to {most:g}, or None")
    strata = Strata.of((array - least) / (most - least), prompts, languages, orders)
    if strata.n_prompts < 2:
        return nan, nan
    low, high = plus_one(strata, confidence) if strata.n_languages == 1 else _several(strata, confidence)
    low, high = max(0.0, min(low, strata.mean)), min(1.0, max(high, strata.mean))
    return least + (most - least) * low, least + (most - least) * high


def check_confidence(confidence: float) -> None:
    """Raises UserError unless the confidence is between 0 and 1."""
    if not 0 < confidence < 1:
        raise UserError(f"confidence is {confidence}; need a number between 0 and 1, such as 0.95")


def plus_one(strata: Strata, confidence: float, independent: float | None = None) -> tuple[float, float]:
    """The t interval with one observation of 0 and one of 1 more, for values in [0, 1].

    An observation is a prompt of one language. With several languages it is as much as they say
    together at the least correlation, which is more than a prompt of one and less than one of each;
    or the `independent` observations that there are. It is not cut to [0, 1]; (-inf, inf) with a
    single prompt.
    """
    if strata.n_prompts < 2:
        return -inf, inf
    t = critical_value(strata.degrees + 2, confidence)
    n = independent or _most_independent(strata)
    p = (n * strata.mean + 1) / (n + 2)
    variance = (n / (n + 2)) ** 2 * strata.variance + (p**2 + (1 - p) ** 2) / (n + 2) ** 2
    half = t * sqrt(variance)
    return p - half, p + half


def _several(strata: Strata, confidence: float) -> tuple[float, float]:
    """The hull of Wilson's interval and of plus-one's, for several languages.

    The second is the wider one where the languages agree and few prompts were won, so that the
    variance is uncertain. Its observations are as many as the verdicts' own correlation leaves.
    """
    most = strata.n_languages**2 / float((1 / strata.n_by_language).sum())
    effect = min(float(strata.n_languages), max(most / _most_independent(strata), SAFETY * strata.design_effect))
    one, other = _wilson(strata, confidence), plus_one(strata, confidence, most / effect)
    return min(one[0], other[0]), max(one[1], other[1])


def _wilson(strata: Strata, confidence: float) -> tuple[float, float]:
    """Wilson's interval with the effective number of independent verdicts."""
    t = critical_value(strata.degrees, confidence)
    if isinf(t):
        return 0.0, 1.0
    p, variance, most = strata.mean, strata.variance, _most_independent(strata)
    n = min(p * (1 - p) / variance, most) if variance > NO_VARIANCE else most
    width = 1 + t * t / n
    half = t * sqrt(p * (1 - p) / n + t * t / (4 * n * n)) / width
    middle = (p + t * t / (2 * n)) / width
    return middle - half, middle + half


def _most_independent(strata: Strata) -> float:
    """The number of independent verdicts that these are worth at the most.

    The languages' harmonic mean counts, since each language weighs the same.
    """
    n_languages, n = strata.n_languages, strata.n_by_language
    if n_languages == 1:
        return strata.n_prompts
    correlation = CORRELATION * min(1.0, MANY_PROMPTS / strata.n_prompts)
    return float(n_languages**2 / (1 / n).sum() / (1 + correlation * (n_languages - 1)))
