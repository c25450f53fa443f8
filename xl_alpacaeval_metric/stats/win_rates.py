"""The win rate as AlpacaEval 2 defines it, in percent."""

from collections.abc import Sequence
from math import nan, sqrt

import numpy as np

from xl_alpacaeval_metric.records.result import WinRate
from xl_alpacaeval_metric.stats.missing import Floats, as_preferences


def win_rate(preferences: Sequence[float | None] | Floats) -> WinRate:
    """The mean preference, as AlpacaEval 2 defines the win rate, with standard error and counts.

    `preferences`: probabilities in [0, 1] that the candidate is better. None and nan are missing:
    left out and counted in `n_missing`. A win is a preference > 0.5, a loss < 0.5, a tie exactly
    0.5. The standard error is that of the mean, 100 * sd / sqrt(n) with ddof = 1. It assumes
    independent items; where prompts repeat, use `win_rate_interval`. The value is nan for n = 0,
    the standard error for n < 2.

    Raises UserError for a preference that is not a number in [0, 1].
    """
    array = as_preferences(preferences)
    known = array[~np.isnan(array)]
    n = known.size
    return WinRate(
        value=100 * float(known.mean()) if n else nan,
        standard_error=100 * float(known.std(ddof=1)) / sqrt(n) if n > 1 else nan,
        wins=int((known > 0.5).sum()),
        losses=int((known < 0.5).sum()),
        ties=int((known == 0.5).sum()),
        n=n,
        n_missing=array.size - n,
    )
