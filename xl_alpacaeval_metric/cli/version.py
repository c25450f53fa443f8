"""The option --version, the same for both commands."""

from typing import Annotated

import typer

from xl_alpacaeval_metric import __version__
from xl_alpacaeval_metric.terminal import say


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"xl-suite {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version of xl-suite"),
]
