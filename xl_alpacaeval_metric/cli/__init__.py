"""`xl-alpacaeval`: translates the command line into calls, and errors into one line and an exit code (see `exit_codes`).

Nothing heavy is imported before a command needs it.
"""

import sys

from xl_alpacaeval_metric.cli import analysis, exit_codes, prepare  # noqa: F401  (they register their commands)
from xl_alpacaeval_metric.cli.evaluate import app

__all__ = ["app", "main"]


def main() -> None:
    """The console command."""
    sys.exit(exit_codes.run(app, "xl-alpacaeval"))
