"""Evaluate cross-lingual open-ended generation: win rates and language fidelity.

The names in `__all__` are loaded when first used, so that a command line starts without numpy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xl_alpacaeval_metric.errors import MissingExtra, ModelUnavailable, UserError
    from xl_alpacaeval_metric.judge.pairwise import Judge
    from xl_alpacaeval_metric.languages.fidelity import language_fidelity
    from xl_alpacaeval_metric.leaderboard.places import Ranking
    from xl_alpacaeval_metric.leaderboard.ranking import rank
    from xl_alpacaeval_metric.records.judgements import Comparison, Verdict
    from xl_alpacaeval_metric.records.result import Fidelity, Result, Scores, Taste, Usage, WinRate
    from xl_alpacaeval_metric.scoring import score
    from xl_alpacaeval_metric.stats.anchoring import AnchoredWinRate, anchored_win_rate
    from xl_alpacaeval_metric.stats.differences import Difference, paired_difference
    from xl_alpacaeval_metric.stats.intervals import win_rate_interval
    from xl_alpacaeval_metric.stats.length_control import length_controlled_win_rate
    from xl_alpacaeval_metric.stats.win_rates import win_rate

__version__ = "0.2.0"

__all__ = [
    "AnchoredWinRate",
    "Comparison",
    "Difference",
    "Fidelity",
    "Judge",
    "MissingExtra",
    "ModelUnavailable",
    "Ranking",
    "Result",
    "Scores",
    "Taste",
    "Usage",
    "UserError",
    "Verdict",
    "WinRate",
    "__version__",
    "anchored_win_rate",
    "language_fidelity",
    "length_controlled_win_rate",
    "paired_difference",
    "rank",
    "score",
    "win_rate",
    "win_rate_interval",
]

# No module here may have the name of one of these functions: importing it would replace the
# function by the module.
_HOMES = {
    "errors": ("ModelUnavailable", "MissingExtra", "UserError"),
    "judge.pairwise": ("Judge",),
    "languages.fidelity": ("language_fidelity",),
    "leaderboard.places": ("Ranking",),
    "leaderboard.ranking": ("rank",),
    "records.judgements": ("Comparison", "Verdict"),
    "records.result": ("Fidelity", "Result", "Scores", "Taste", "Usage", "WinRate"),
    "scoring": ("score",),
    "stats.anchoring": ("AnchoredWinRate", "anchored_win_rate"),
    "stats.differences": ("Difference", "paired_difference"),
    "stats.intervals": ("win_rate_interval",),
    "stats.length_control": ("length_controlled_win_rate",),
    "stats.win_rates": ("win_rate",),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
