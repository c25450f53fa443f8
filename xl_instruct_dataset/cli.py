"""`xl-instruct`: the command for the training data."""

from typing import Annotated

import typer

from xl_alpacaeval_metric.signature import package_version

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.callback(invoke_without_command=True)
def version(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version of xl-suite")] = False,
) -> None:
    """Cross-lingual instruction data. This version evaluates only (see xl-alpacaeval); it makes no data yet."""
    print(f"xl-suite {package_version()}" if version else context.get_help())


def main() -> None:
    """The console command."""
    app()
