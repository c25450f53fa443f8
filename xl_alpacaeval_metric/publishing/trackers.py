"""A run's figures in an experiment tracker: Weights & Biases, or Trackio."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.publishing.published_run import PublishedRun
from xl_alpacaeval_metric.signature import parse

TRACKERS = ("wandb", "trackio")
FIGURES = ("win_rate", "win_rate_stderr", "lc_win_rate", "win_rate_in_language", "line_pass_rate", "fidelity")
MORE = ("switch_rate", "avg_length", "n", "n_missing", "n_items")


def check(tracker: str) -> None:
    """Raises UserError for a tracker that there is not, or that is not installed."""
    if tracker not in TRACKERS:
        raise UserError(f"--track {tracker!r} is not one of {', '.join(TRACKERS)}")
    try:
        import_module(tracker)
    except ImportError:
        raise UserError(f"--track {tracker} needs the package {tracker}: pip install {tracker}") from None


def figures(run: PublishedRun) -> Mapping[str, float]:
    """The figures by name: `fi/win_rate`, `all/fidelity`.

    A win rate by a judge that was found to be none is left out.
    """
    found = {}
    for code, scores in run.scores():
        for name in (*FIGURES, *MORE):
            value = scores.get(name)
            judged = "win_rate" in name
            if isinstance(value, int | float) and (not judged or run.believed(scores)):
                found[f"{code}/{name}"] = float(value)
    return found


def log(run: PublishedRun, tracker: str, project: str) -> str:
    """Log the figures and the setting as one run of the project; returns the run's name.

    Raises UserError where the tracker refuses or cannot be reached.
    """
    module: Any = import_module(tracker)
    name = run.name
    config = {"model": run.model, "signature": run.signature, **parse(run.signature)}
    try:
        module.init(project=project, name=name, config=config)
        module.log(dict(figures(run)))
        module.finish()
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{tracker}: the run could not be logged ({type(error).__name__}: {reason})") from None
    return name
