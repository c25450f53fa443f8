"""`xl-instruct`: the command for the training data.

Nothing heavy is imported before a command needs it.
"""

import sys

from xl_alpacaeval_metric.cli import exit_codes
from xl_instruct_dataset.cli import generate, train  # noqa: F401  (they register their commands)
from xl_instruct_dataset.cli.hub import app

__all__ = ["app", "main"]


def main() -> None:
    """The console command."""
    sys.exit(exit_codes.run(app, "xl-instruct"))
