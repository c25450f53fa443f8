"""Length-controlled win rate: what the win rate would be if no answer were longer than the other."""

from collections.abc import Sequence
from math import nan, sqrt

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records import WinRate
from xl_alpacaeval_metric.stats.win_rates import Floats, as_floats, as_preferences, win_rate

TASTE = 1.25
"""Prior mean of the judge's taste for length (log-odds at full length difference): what length control removes."""

CONFOUNDING = 0.65
"""Prior mean of the part of the slope that is no taste: what length control leaves in."""

SPREAD = 0.2
"""Prior standard deviation of each of the two."""

LEAST_SCALE = 0.1
"""Length differences are never measured in units below this share of the mean length."""

_DECIDED = 1e-12
"""So close to 0 or 1 a mean preference leaves no room for length to matter."""


def length_controlled_win_rate(
    preferences: Sequence[float | None] | Floats,
    candidate_lengths: Sequence[float | None] | Floats,
    reference_lengths: Sequence[float | None] | Floats,
) -> WinRate:
    """Win rate with the judge's taste for long answers removed, from these answers alone.

    `preferences` as in `win_rate`; lengths in characters, item by item. A pair without preference or without one of
    its lengths is missing: left out and counted in `n_missing`. `wins`, `losses` and `ties` count the raw preferences
    of the pairs that are left.

    **Model.** Dubois et al. 2024 (arXiv 2404.04475) fit, for one model, a logistic regression of the preference on
    t = tanh(d / s), d = candidate length - reference length and s the standard deviation of d (ddof = 1), beside an
    intercept and each instruction's difficulty. The difficulties are a table made for AlpacaEval's 805 prompts. Without
    it the slope on t also takes in what merely goes along with length: a reference is long where the task is
    demanding, and there a weak model loses anyhow. So the slope here is a sum of two parts,

        logit p = a + (taste + confounding) * t,    taste ~ N(1.25, 0.2^2),    confounding ~ N(0.65, 0.2^2),

    and the value is the mean of 100 * sigmoid(a + confounding * t): the taste set to zero, the tasks as hard as they
    are. The data see only the sum, so the maximum a posteriori fit has two parameters, the intercept and a slope with
    prior N(1.9, 2 * 0.2^2); of what the slope departs from 1.9, half goes to either part.

    **The numbers.** 1.25, 0.65 and 0.2 are round values within 0.02 points of the least mean distance to the
    length-controlled win rates that AlpacaEval 2 publishes, over 28 models with win rates from 2% to 70%: 0.76 points.
    The minimum is flat: chosen without one model at a time they stay in 1.05..1.4, 0.5..0.8 and 0.2..0.4, and the mean
    distance to the model left out is 0.83. On 28 further models, seen for the form of the model only, it is 0.56.
    s is never taken below a tenth of the mean length: answers that differ by a handful of characters would else be
    corrected as if one were twice as long, and constant lengths and n = 1 need no rule of their own this way. On the
    models above s was 0.3 to 1.2 times the mean length, so nothing changes there.

    **Properties.** Swapping the two sides (1 - p, lengths swapped) gives 100 minus the value. With equal lengths in
    every pair, value and standard error are the win rate's. Without any win the value is 0, without any loss 100, and
    without any pair nan. The standard error is the delta method's on the sandwich covariance of the fit, and counts the
    lengths as sampled too; it does not count that a judge's taste may be another. It is nan for n < 2.

    Raises UserError for sequences of different lengths, preferences outside [0, 1], lengths below 0 or infinite.
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
    """tanh of the length difference in standard deviations: -1..1, positive where the candidate is longer."""
    difference = candidate - reference
    scale = float(difference.std(ddof=1)) if difference.size > 1 else 0.0
    scale = max(scale, LEAST_SCALE * float((candidate + reference).mean()) / 2)
    return np.tanh(difference / scale) if scale else np.zeros_like(difference)


def _control(p: Floats, t: Floats) -> tuple[float, float]:
    """Value and standard error, in percent, from preferences (mean not 0 or 1) and scaled length differences."""
    a, slope = _fit(p, t)
    controlled = _sigmoid(a + (CONFOUNDING + (slope - TASTE - CONFOUNDING) / 2) * t)
    value = 100 * float(controlled.mean())
    if p.size < 2:
        return value, nan
    # Influence of each pair on the value: a point of the mean, and through the fit (gradient, inverse Hessian, score).
    fitted = _sigmoid(a + slope * t)
    spread = controlled * (1 - controlled)
    per_a, per_b = _solve(fitted, t, float(spread.mean()), float((spread * t).mean()) / 2)
    influence = controlled + p.size * (p - fitted) * (per_a + per_b * t)
    return value, 100 * float(influence.std(ddof=1)) / sqrt(p.size)


def _fit(p: Floats, t: Floats) -> tuple[float, float]:
    """Intercept and slope of largest posterior density, by Newton's method with step halving (it is convex)."""
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
