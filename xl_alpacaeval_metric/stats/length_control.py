"""Length-controlled win rate: an estimate of the win rate if both answers were equally long."""

from collections.abc import Hashable, Sequence
from math import nan, sqrt

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records.result import WinRate
from xl_alpacaeval_metric.stats.clusters import Clusters, as_clusters
from xl_alpacaeval_metric.stats.missing import Floats, as_floats, as_preferences
from xl_alpacaeval_metric.stats.win_rates import win_rate

TASTE = 1.25
"""Prior mean of the judge's taste for length, in log-odds at full length difference.

This is the part of the slope that length control removes.
"""

CONFOUNDING = 0.65
"""Prior mean of the part of the slope that is no taste for length and is kept."""

SPREAD = 0.2
"""Prior standard deviation of each of the two parts."""

LEAST_SCALE = 0.1
"""Least unit of length differences, as a share of the mean length."""

_DECIDED = 1e-12
"""A mean preference this close to 0 or 1 leaves no room for an effect of length."""


def length_controlled_win_rate(
    preferences: Sequence[float | None] | Floats,
    candidate_lengths: Sequence[float | None] | Floats,
    reference_lengths: Sequence[float | None] | Floats,
) -> WinRate:
    """Win rate with the judge's taste for long answers removed, from these answers alone.

    `preferences` as in `win_rate`; lengths in characters, item by item. An item without preference
    or without one of its lengths is missing: left out and counted in `n_missing`. `wins`, `losses`
    and `ties` count the raw preferences of the other items.

    **Model.** Dubois et al. 2024 (arXiv 2404.04475) fit, for one model, a logistic regression of
    the preference on t = tanh(d / s), d = candidate length - reference length and s the standard
    deviation of d (ddof = 1), beside an intercept and each instruction's difficulty. The
    difficulties are a table made for AlpacaEval's 805 prompts. Without that table, the slope on t
    also contains what is merely correlated with length: a reference is long where the task is
    demanding, and there a weak model loses for other reasons. So the slope here is a sum of two
    parts,

        logit p = a + (taste + confounding) * t,
        taste ~ N(1.25, 0.2^2),    confounding ~ N(0.65, 0.2^2),

    and the value is the mean of 100 * sigmoid(a + confounding * t): the taste is set to zero, the
    difficulty of the tasks is kept. The data determine only the sum, so the maximum a posteriori
    fit has two parameters, the intercept and a slope with prior N(1.9, 2 * 0.2^2); of the slope's
    distance from 1.9, half goes to either part.

    **Constants.** 1.25, 0.65 and 0.2 are round values within 0.02 points of the least mean distance
    to the length-controlled win rates that AlpacaEval 2 publishes, over 28 models with win rates
    from 2% to 70%: 0.76 points. The minimum is flat: fitted with one model left out at a time, the
    values stay in 1.05..1.4, 0.5..0.8 and 0.2..0.4, and the mean distance to the model left out is
    0.83. On 28 further models, seen for the form of the model only, it is 0.56. s is never below a
    tenth of the mean length: otherwise answers that differ by a handful of characters would be
    corrected as if one were twice as long; this also covers constant lengths and n = 1. On the
    models above s was 0.3 to 1.2 times the mean length, so the limit changes nothing there.

    **Properties.** Swapping the two sides (1 - p, lengths swapped) gives 100 minus the value. With
    equal lengths in every item, value and standard error are the win rate's. Without any win the
    value is 0, without any loss 100, and without any item nan. The standard error is the delta
    method's on the sandwich covariance of the fit. It takes the lengths as sampled, too; it does
    not include the uncertainty of the judge's taste. It is nan for n < 2.

    Raises UserError for sequences of different lengths, preferences outside [0, 1], lengths below 0
    or infinite.
    """
    p = as_preferences(preferences)
    candidate = _as_lengths(candidate_lengths, "candidate length", p.size)
    reference = _as_lengths(reference_lengths, "reference length", p.size)
    known = ~(np.isnan(p) | np.isnan(candidate) | np.isnan(reference))
    p, candidate, reference = p[known], candidate[known], reference[known]
    raw = win_rate(p)
    value, standard_error = raw.value, raw.standard_error
    if p.size and _DECIDED < p.mean() < 1 - _DECIDED:
        value, standard_error = _control(p, _scaled_difference(candidate, reference))
    return WinRate(value, standard_error, raw.wins, raw.losses, raw.ties, raw.n, n_missing=known.size - raw.n)


def overall_length_controlled_win_rate(
    preferences: Sequence[float | None] | Floats,
    candidate_lengths: Sequence[float | None] | Floats,
    reference_lengths: Sequence[float | None] | Floats,
    languages: Clusters | Sequence[Hashable],
) -> WinRate:
    """The mean of the languages' length-controlled win rates, weighted by their preferences.

    `languages`: the language of each item; the rest as in `length_controlled_win_rate`. Lengths are
    compared within a language only: a Chinese answer has a third of the characters of a Finnish
    one. The standard error takes the languages' estimates as independent. With one language this is
    its length-controlled win rate; value and standard error are nan without a preference.

    Raises UserError as `length_controlled_win_rate` does.
    """
    columns = (
        as_preferences(preferences),
        as_floats(candidate_lengths, "candidate length"),
        as_floats(reference_lengths, "reference length"),
    )
    groups = as_clusters(languages)
    if any(column.size != len(groups) for column in columns):
        sizes = ", ".join(str(column.size) for column in columns)
        raise UserError(f"{sizes} preferences and lengths for {len(groups)} languages; need one of each for each item")
    every = [length_controlled_win_rate(*(column[members] for column in columns)) for members in groups.members()]
    rates = [rate for rate in every if rate.n]
    n = sum(rate.n for rate in rates)
    return WinRate(
        value=sum(rate.n * rate.value for rate in rates) / n if n else nan,
        standard_error=sqrt(sum((rate.n * rate.standard_error) ** 2 for rate in rates)) / n if n else nan,
        wins=sum(rate.wins for rate in rates),
        losses=sum(rate.losses for rate in rates),
        ties=sum(rate.ties for rate in rates),
        n=n,
        n_missing=sum(rate.n_missing for rate in every),
    )


def _as_lengths(values: Sequence[float | None] | Floats, name: str, n: int) -> Floats:
    lengths = as_floats(values, name)
    if lengths.size != n:
        raise UserError(f"{name}s: {lengths.size} for {n} preferences; need one for each")
    bad = np.flatnonzero((lengths < 0) | np.isinf(lengths))
    if bad.size:
        i = int(bad[0])
        raise UserError(f"{name} {i} is {lengths[i]}; need a number of characters, 0 or more")
    return lengths


def _scaled_difference(candidate: Floats, reference: Floats) -> Floats:
    """tanh of the length difference in standard deviations; positive for a longer candidate."""
    difference = candidate - reference
    scale = float(difference.std(ddof=1)) if difference.size > 1 else 0.0
    scale = max(scale, LEAST_SCALE * float((candidate + reference).mean()) / 2)
    return np.tanh(difference / scale) if scale else np.zeros_like(difference)


def _control(p: Floats, t: Floats) -> tuple[float, float]:
    """Value and standard error in percent.

    `p`: preferences whose mean is not 0 or 1; `t`: their scaled length differences.
    """
    a, slope = _fit(p, t)
    controlled = _sigmoid(a + (CONFOUNDING + (slope - TASTE - CONFOUNDING) / 2) * t)
    value = 100 * float(controlled.mean())
    if p.size < 2:
        return value, nan
    # Influence of each item on the value: as a term of the mean, and through the fit (gradient,
    # inverse Hessian, score).
    fitted = _sigmoid(a + slope * t)
    spread = controlled * (1 - controlled)
    per_a, per_b = _solve(fitted, t, float(spread.mean()), float((spread * t).mean()) / 2)
    influence = controlled + p.size * (p - fitted) * (per_a + per_b * t)
    return value, 100 * float(influence.std(ddof=1)) / sqrt(p.size)


def _fit(p: Floats, t: Floats) -> tuple[float, float]:
    """Intercept and slope of largest posterior density.

    Newton's method with step halving; the negative log posterior is convex.
    """
    mean, precision = TASTE + CONFOUNDING, 1 / (2 * SPREAD**2)
    share = float(p.mean())
    a, b = float(np.log(share / (1 - share))), mean

    def loss(a: float, b: float) -> float:
        eta = a + b * t
        return float(np.logaddexp(0, eta).sum() - p @ eta) + precision * (b - mean) ** 2 / 2

    current = loss(a, b)
    for _ in range(100):
        q = _sigmoid(a + b * t)
        g_a, g_b = float((q - p).sum()), float((q - p) @ t) + precision * (b - mean)
        step_a, step_b = _solve(q, t, g_a, g_b)
        size = 1.0
        while (proposed := loss(a - size * step_a, b - size * step_b)) > current + 1e-12 * (1 + abs(current)):
            size /= 2
        a, b, current = a - size * step_a, b - size * step_b, proposed
        if abs(step_a) + abs(step_b) < 1e-10:
            break
    return a, b


def _solve(q: Floats, t: Floats, g_a: float, g_b: float) -> tuple[float, float]:
    """Inverse Hessian of the negative log posterior at fitted preferences `q`, times (g_a, g_b)."""
    weight = q * (1 - q)
    h_aa, h_ab, h_bb = float(weight.sum()), float(weight @ t), float(weight @ (t * t)) + 1 / (2 * SPREAD**2)
    determinant = h_aa * h_bb - h_ab * h_ab
    return (h_bb * g_a - h_ab * g_b) / determinant, (h_aa * g_b - h_ab * g_a) / determinant


def _sigmoid(x: Floats) -> Floats:
    # exp only of numbers <= 0: no overflow, and sigmoid(-x) is 1 - sigmoid(x) to the last digit.
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))
