"""Whether a judge's probabilities mean what they say: held to people's labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xl_alpacaeval_metric.stats.intervals import mean_interval
from xl_alpacaeval_metric.stats.missing import none_if_undefined

BINS = 5
"""Of equal width from 0 to 1; the last one holds 1."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The `n` labels whose preference is from `low` up to `high`: mean preference, mean label.

    The means are in percent, None in an empty bin.
    """

    low: float
    high: float
    n: int
    preference: float | None
    label: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """A judge's preferences against labels (1, 0.5, 0 or between).

    `residual`: the mean of label - preference in percentage points, with its interval over prompts;
    above 0 people like the candidate more than the judge does. `brier`: the mean of its square, 0
    at best; `brier_constant`: that of a judge who always says the mean label, which is to be
    beaten. `bins` is the reliability table: of a calibrated judge, both columns are alike. Source:
    Brier 1950; Murphy 1973.
    """

    residual: float
    residual_ci95: tuple[float, float] | None
    brier: float
    brier_constant: float
    bins: tuple[Bin, ...]


def reliability(preferences: Sequence[float], labels: Sequence[float], prompts: Sequence[str]) -> Reliability:
    """The preference and the label of each pair, at least one, and its prompt."""
    judge, people = np.asarray(preferences, np.float64), np.asarray(labels, np.float64)
    residual = people - judge
    low, high = mean_interval(residual, prompts, bounds=(-1.0, 1.0))
    inside = np.minimum((judge * BINS).astype(int), BINS - 1)
    bins = []
    for number in range(BINS):
        here = inside == number
        some = bool(here.any())
        bins.append(
            Bin(
                low=number / BINS,
                high=(number + 1) / BINS,
                n=int(here.sum()),
                preference=100 * float(judge[here].mean()) if some else None,
                label=100 * float(people[here].mean()) if some else None,
            )
        )
    return Reliability(
        residual=100 * float(residual.mean()),
        residual_ci95=none_if_undefined((100 * low, 100 * high)),
        brier=float((residual**2).mean()),
        brier_constant=float(people.var()),
        bins=tuple(bins),
    )
