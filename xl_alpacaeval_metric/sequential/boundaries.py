"""O'Brien-Fleming boundaries: how far a difference must be from 0 to stop at a look."""

from functools import lru_cache
from math import erfc, sqrt

import numpy as np

from xl_alpacaeval_metric.stats.missing import Floats
from xl_alpacaeval_metric.stats.student_t import critical_value

LOOKS = 8
ALPHA = 0.045
"""A little below 5%, since preferences have heavy tails and the boundaries assume normal means.

On real pairs of models 0.05 gives 3.9 to 5.3% of false decisions, this 3.6 to 4.9%
(`perf/sequential.py`).
"""
_CELLS = 2_000
"""Cells of the numerical integration between the boundaries: more change no constant by 1e-4."""


@lru_cache(maxsize=64)
def constant(looks: int, alpha: float = 0.05) -> float:
    """C such that |Z_k| >= C sqrt(K / k) at any of K equally spaced looks has probability alpha.

    Found by bisection over the probability that the sum of k standard normal steps leaves
    [-C sqrt(K), C sqrt(K)], integrated look by look (Armitage, McPherson & Rowe 1969). Source:
    O'Brien & Fleming 1979, doi:10.2307/2530245; Jennison & Turnbull 2000, table 2.3, has these
    constants.
    """
    low, high = 1.0, 6.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _leaves(middle * sqrt(looks), looks) > alpha else (low, middle)
    return high


def boundary(share: float, degrees: float, looks: int = LOOKS, alpha: float = ALPHA) -> float:
    """The |t| at which to stop when this share of all prompts is there.

    The normal boundary's tail probability, as a quantile of Student's t with `degrees` degrees of
    freedom, since the variance is estimated (Jennison & Turnbull 2000, section 4.4). Infinite
    without a degree of freedom.
    """
    z = constant(looks, alpha) / sqrt(share)
    return critical_value(degrees, 1 - erfc(z / sqrt(2))) if degrees > 0 else float("inf")


def _leaves(bound: float, looks: int) -> float:
    """The probability that a sum of standard normal steps is outside [-bound, bound] once."""
    width = 2 * bound / _CELLS
    middles = np.asarray(-bound + width * (np.arange(_CELLS) + 0.5), dtype=np.float64)
    # The mass in each cell stays between the bounds; what leaves is lost.
    mass: Floats = _normal_cells(middles, 0.0, bound)
    steps = _normal_cells(middles, float(middles[0]), bound)
    for _ in range(looks - 1):
        spread = np.convolve(mass, np.concatenate([steps[:0:-1], steps]))
        mass = np.asarray(spread[_CELLS - 1 : 2 * _CELLS - 1], dtype=np.float64)
    return 1.0 - float(mass.sum())


def _normal_cells(middles: Floats, mean: float, bound: float) -> Floats:
    width = 2 * bound / middles.size
    density: Floats = np.exp(-((middles - mean) ** 2) / 2) / sqrt(2 * np.pi)
    return density * width
