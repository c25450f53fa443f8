"""Intervals of win rates and of other bounded figures, which hold with few prompts, too."""

from collections.abc import Sequence
from math import inf, nan, sqrt

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.stats.missing import Floats, as_floats, as_preferences
from xl_alpacaeval_metric.stats.strata import Labels, Strata
from xl_alpacaeval_metric.stats.student_t import critical_value

ADDED = 1.5
"""The prompts that are added all won, and as many all lost."""

CORRELATION = 0.2
"""Correlation of a prompt's verdicts in two languages that is assumed at least."""

SAFETY = 1.25
"""A design effect in a sample may be too small by this factor."""

AGREEING = 2.0
"""Prompts that are taken to have the same verdict in all languages, beside those that vary."""


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

    A t interval over prompts (`Strata.variance`, `Strata.degrees`) after adding one and a half
    prompts that are all won and as many that are all lost (after Agresti & Coull 1998, who add two
    successes and two failures to a proportion's). A prompt of several languages is worth as many
    verdicts as its languages' correlation leaves: the design effect (Kish 1965) is the sample's,
    times SAFETY, or that of CORRELATION if it is larger, and is drawn to that of languages which
    all agree the more, the fewer prompts the variance comes from (`Strata.telling`). Where hardly
    any verdict was won, nothing else shows whether the languages agree. The numbers were chosen by
    simulation (perf/coverage.py): the interval covers the true rate in 93% of the samples or more
    from 8 prompts on, where percentile bootstraps and plain t intervals of low rates do not.

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
    agreeing: float = AGREEING,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """The interval of the mean of any figure that cannot leave `bounds`, in the figure's own unit.

    Levels 1..5, shares and agreement, as well as preferences: all as in `win_rate_interval`.
    `agreeing` is 0 where the strata of a prompt are different questions, so that one answer to all
    is not to be feared. Raises UserError for a value outside the bounds, and as that does.
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
    low, high = with_prompts_added(strata, confidence, agreeing)
    low, high = max(0.0, min(low, strata.mean)), min(1.0, max(high, strata.mean))
    return least + (most - least) * low, least + (most - least) * high


def check_confidence(confidence: float) -> None:
    """Raises UserError unless the confidence is between 0 and 1."""
    if not 0 < confidence < 1:
        raise UserError(f"confidence is {confidence}; need a number between 0 and 1, such as 0.95")


def with_prompts_added(strata: Strata, confidence: float, agreeing: float = AGREEING) -> tuple[float, float]:
    """The t interval with ADDED prompts of 0 and as many of 1 more, for values in [0, 1].

    `agreeing` as in `mean_interval`. It is not cut to [0, 1]; (-inf, inf) with a single prompt.
    """
    if strata.n_prompts < 2:
        return -inf, inf
    n = _independent(strata, agreeing)
    total = n + 2 * ADDED
    middle = (n * strata.mean + ADDED) / total
    variance = (n / total) ** 2 * strata.variance + ADDED * (middle**2 + (1 - middle) ** 2) / total**2
    half = critical_value(strata.degrees + 2, confidence) * sqrt(variance)
    return middle - half, middle + half


def _independent(strata: Strata, agreeing: float) -> float:
    """The number of independent verdicts that these are worth."""
    least, most = strata.independent
    agreed, telling = most / least, strata.telling
    effect = max(1 + CORRELATION * (agreed - 1), SAFETY * strata.design_effect)
    if agreeing:
        effect = (telling * effect + agreeing * agreed) / (telling + agreeing)
    return most / min(agreed, effect)
