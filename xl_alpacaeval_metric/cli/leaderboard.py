"""The commands that set runs side by side: as a ranking, as a page."""

from pathlib import Path
from typing import Annotated

import typer

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.analysis import Form
from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.output import Output, writable, writable_folder, write
from xl_alpacaeval_metric.cli.options.prices import PriceInput, PriceOutput, prices_of
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import counted, say


@app.command()
def rank(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="Run folders, output folders of lm_eval with --log_samples, or files of answers"
        ),
    ],
    form: Form = "table",
    figure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="win_rate, win_rate_in_language, line_pass_rate, fidelity, switch_rate, correct_rate or a criterion; "
            "several times for several  [default: those at hand]",
        ),
    ] = None,
    output: Output = None,
) -> None:
    """Rank runs, with the ranks that each may truly have and groups that are not told apart."""
    from xl_alpacaeval_metric.leaderboard import formats, ranking
    from xl_alpacaeval_metric.report.ranking import show_ranking

    formats.check(form)
    found = ranking.rank(runs, figures=figure)
    write(found.as_dict(), output)
    if form == "table":
        show_ranking(found, terminal.console())
    else:
        terminal.say(formats.text(found, form))


@app.command()
def report(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...",
            help="Run folders of eval or judge, files of answers, or output folders of lm_eval with --log_samples",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html",
            dir_okay=False,
            callback=writable,
            help="The page; it opens from a disk, without a network",
        ),
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", callback=writable_folder, help="Write each chart there, as SVG and as PDF"),
    ] = None,
    price_input: PriceInput = None,
    price_output: PriceOutput = None,
) -> None:
    """Show runs as one HTML page: charts, tables, and every answer to search, sort and filter."""
    from xl_alpacaeval_metric.pages import run_page, shown_run

    if output is None and figures is None:
        raise UserError("nothing to write; give --output FILE.html, --figures FOLDER, or both")
    if output is not None and output.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"{output}: a page needs a name that ends in .html")
    prices = prices_of(price_input, price_output)
    shown = shown_run.read(runs)
    if output is not None:
        count = run_page.write(shown, output, prices)
        names = ", ".join(run.name for run in shown) if len(shown) < 5 else f"{len(shown)} runs"
        say(f"{output}: {counted(count, 'answer')} of {names} ({output.stat().st_size / 1e6:.1f} MB)")
    if figures is not None:
        files = run_page.write_figures(shown, figures)
        say(f"{figures}: {', '.join(sorted({file.stem for file in files}))}, as SVG and PDF")
