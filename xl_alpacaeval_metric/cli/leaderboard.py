"""The command that ranks runs."""

from pathlib import Path
from typing import Annotated

import typer

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.analysis import Output, write
from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.errors import UserError


@app.command()
def rank(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Run folders, or output folders of lm_eval with --log_samples"),
    ],
    form: Annotated[str, typer.Option("--format", metavar="table|md|csv|tex|json", help="What is printed")] = "table",
    figure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="win_rate, win_rate_in_language, line_pass_rate, fidelity, switch_rate or a criterion; several times "
            "for several  [default: those at hand]",
        ),
    ] = None,
    output: Output = None,
) -> None:
    """Rank runs, with the ranks that each may truly have and groups that are not told apart."""
    from xl_alpacaeval_metric.leaderboard import formats, ranking
    from xl_alpacaeval_metric.report.ranking import show_ranking

    if form not in formats.FORMATS:
        raise UserError(f"--format {form!r} is not one of {', '.join(formats.FORMATS)}")
    found = ranking.rank(runs, figures=figure)
    if form == "table":
        show_ranking(found, terminal.console())
    else:
        terminal.say(formats.text(found, form))
    write(found.as_dict(), output)
