"""Bradley-Terry strengths from head-to-heads: models that were compared with each other."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.ranking import sign_flips
from xl_alpacaeval_metric.ranking.pairs import PairTests
from xl_alpacaeval_metric.ranking.sign_flips import Signs
from xl_alpacaeval_metric.stats.clusters import Codes, as_clusters
from xl_alpacaeval_metric.stats.missing import Floats, as_preferences

_STEPS = 100
_CONVERGED = 1e-12
NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Strengths:
    """The models' strengths in log-odds, of mean 0, with standard errors and all pairs tested.

    The odds that model i is preferred to model j are exp(strength[i] - strength[j]). `win_rate` is
    the mean probability in percent of being preferred to each of the other models, with its 95%
    interval. `ties_added`: a model had won, or lost, everything, so that its strength would be
    infinite; one tie was added to every pair that met.
    """

    strength: Floats
    standard_error: Floats
    win_rate: Floats
    ci95: Floats
    n: Codes
    tests: PairTests
    ties_added: bool


def fit(
    first: Sequence[int] | Codes,
    second: Sequence[int] | Codes,
    preferences: Sequence[float | None] | Floats,
    prompts: Sequence[Hashable],
    languages: Sequence[Hashable] | None = None,
    *,
    names: Sequence[str],
    seed: int = 0,
) -> Strengths:
    """Maximum likelihood strengths of the models `names`, with errors clustered by prompt.

    Verdict v says that model `first[v]` is better than `second[v]` with probability
    `preferences[v]` (None: missing, left out). `languages` weigh the same in the likelihood.
    Standard errors are of the sandwich form, with one score for each prompt; all pairs are tested
    by sign flips of the prompts' influence, corrected as in `sign_flips.step_down`.

    Raises UserError where there is no verdict, and where two models are not linked by any chain of
    verdicts. Source: Bradley & Terry 1952, doi:10.1093/biomet/39.3-4.324; ties as half a win.
    """
    y = as_preferences(preferences)
    known = ~np.isnan(y)
    i, j, y = np.asarray(first)[known], np.asarray(second)[known], y[known]
    clusters = as_clusters([prompt for prompt, used in zip(prompts, known, strict=True) if used])
    if not y.size:
        raise UserError("head-to-heads: there is no verdict")
    weight = np.ones(y.size)
    if languages is not None:
        code = as_clusters([language for language, used in zip(languages, known, strict=True) if used])
        share = np.bincount(code.codes)
        weight = y.size / (share.size * share[code.codes])
    models = len(names)
    wins = np.zeros((models, models))
    np.add.at(wins, (i, j), weight * y)
    np.add.at(wins, (j, i), weight * (1 - y))
    apart = _not_reached(wins + wins.T)
    if apart is not None:
        raise UserError(f"head-to-heads: no chain of verdicts links {names[0]} and {names[apart]}")
    unbounded = _not_reached(wins) is not None or _not_reached(wins.T) is not None
    if unbounded:
        wins += 0.5 * (wins + wins.T > 0)
    strength, information = _maximum(wins)
    score = np.zeros((clusters.n_clusters, models))
    residual = weight * (y - _logistic(strength[i] - strength[j]))
    np.add.at(score, (clusters.codes, i), residual)
    np.add.at(score, (clusters.codes, j), -residual)
    influence = score @ np.linalg.pinv(information) * sign_flips.small_sample(clusters.n_clusters)
    rate, low, high = _win_rates(strength, influence)
    counts = np.bincount(i, minlength=models) + np.bincount(j, minlength=models)
    return Strengths(
        strength=strength,
        standard_error=sign_flips.root_of_squares(influence),
        win_rate=100 * rate,
        ci95=100 * np.stack([low, high], axis=1),
        n=counts,
        tests=_tests(strength, influence, np.bincount(i * models + j, minlength=models**2), seed),
        ties_added=unbounded,
    )


def _maximum(wins: Floats) -> tuple[Floats, Floats]:
    """The strengths, by Newton's method with step halving, and the information matrix there."""
    strength = np.zeros(len(wins))
    played = wins + wins.T

    def likelihood(at: Floats) -> float:
        return float(-(wins * np.logaddexp(0, at[None, :] - at[:, None])).sum())

    for _ in range(_STEPS):
        p = _logistic(strength[:, None] - strength[None, :])
        gradient = (wins - played * p).sum(axis=1)
        information = _information(played * p * (1 - p))
        step = np.linalg.pinv(information) @ gradient
        size, now = 1.0, likelihood(strength)
        while size > 1e-6 and likelihood(strength + size * step) < now:
            size /= 2
        strength = strength + size * step
        strength -= strength.mean()
        if np.abs(step).max() < _CONVERGED:
            break
    p = _logistic(strength[:, None] - strength[None, :])
    return strength, _information(played * p * (1 - p))


def _information(curvature: Floats) -> Floats:
    found: Floats = np.diag(curvature.sum(axis=1)) - curvature
    return found


def _win_rates(strength: Floats, influence: Floats) -> tuple[Floats, Floats, Floats]:
    """Each model's mean probability against the others, and its interval on the log-odds scale."""
    others = max(1, len(strength) - 1)
    p = _logistic(strength[:, None] - strength[None, :])
    np.fill_diagonal(p, 0.0)
    rate = p.sum(axis=1) / others
    slopes = p * (1 - p) / others
    np.fill_diagonal(slopes, 0.0)
    error = sign_flips.root_of_squares(influence * slopes.sum(axis=1) - influence @ slopes.T)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle, spread = np.log(rate / (1 - rate)), NORMAL_95 * error / (rate * (1 - rate))
        return rate, _logistic(middle - spread), _logistic(middle + spread)


def _tests(strength: Floats, influence: Floats, met: Codes, seed: int) -> PairTests:
    first, second = np.triu_indices(len(strength), 1)
    delta = influence[:, first] - influence[:, second]
    difference = strength[first] - strength[second]

    def flipped(columns: Codes, patterns: Signs) -> Signs:
        found: Signs = patterns @ delta[:, columns].astype(patterns.dtype)
        return found

    tested = sign_flips.step_down(
        difference,
        sign_flips.root_of_squares(delta),
        np.abs(delta).sum(axis=0),
        sign_flips.signs(len(influence), difference.size, seed=seed),
        flipped,
        centred=True,
    )
    counts = met.reshape(len(strength), -1)
    n = (counts + counts.T)[first, second]
    return PairTests(first, second, difference, n, tested.p_value, tested.p_adjusted)


def _not_reached(edges: Floats) -> int | None:
    """A model that no path along positive edges reaches from model 0; None if there is none."""
    reached = np.zeros(len(edges), dtype=bool)
    reached[0] = True
    while True:
        wider = reached | (edges[reached] > 0).any(axis=0)
        if (wider == reached).all():
            break
        reached = wider
    left = np.flatnonzero(~reached)
    return int(left[0]) if left.size else None


def _logistic(x: Floats) -> Floats:
    found: Floats = 0.5 * (1 + np.tanh(x / 2))
    return found
