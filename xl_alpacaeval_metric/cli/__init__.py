"""The command line of `xl-alpacaeval`.

It translates options into calls, and errors into one line and an exit code (see `exit_codes`).
Heavy libraries are imported only by the commands that need them.
"""

import sys

from xl_alpacaeval_metric.cli import (  # noqa: F401  # They register their commands.
    analysis,
    check,
    estimate,
    exit_codes,
    judge,
    labels,
    leaderboard,
    prepare,
    publish,
    show,
)
from xl_alpacaeval_metric.cli.cluster import plan, prefetch, sweep  # noqa: F401
from xl_alpacaeval_metric.cli.evaluate import app

__all__ = ["app", "main"]


def main() -> None:
    """The console command."""
    sys.exit(exit_codes.run(app, "xl-alpacaeval"))
