"""`xl-alpacaeval`: translates the command line into calls, and errors into one line and an exit code (see `entry`).

Nothing heavy is imported before a command needs it.
"""

import sys

from xl_alpacaeval_metric.cli import analysis, entry, material  # noqa: F401  (they register their commands)
from xl_alpacaeval_metric.cli.commands import app

__all__ = ["app", "main"]


def main() -> None:
    """The console command."""
    sys.exit(entry.run(app, "xl-alpacaeval"))
