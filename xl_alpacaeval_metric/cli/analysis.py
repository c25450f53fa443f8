"""The commands that analyse runs and data.

Comparison, estimate, contamination and language fidelity.
"""

from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Exit

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.benchmark import BenchmarkPath, codes
from xl_alpacaeval_metric.cli.options.output import Output, writable_folder, write
from xl_alpacaeval_metric.terminal import counted, say

Form = Annotated[str, typer.Option("--format", metavar="table|md|csv|tex|json", help="What is printed")]


@app.command()
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN RUN...",
            help="Run folders or output folders of lm_eval, by the same judge in the same setting; files of answers",
        ),
    ],
    figure: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="What is compared: win_rate, win_rate_in_language, or, without a judge, line_pass_rate, fidelity, "
            "switch_rate or correct_rate",
        ),
    ] = "win_rate",
    form: Form = "table",
    output: Output = None,
) -> None:
    """Compare runs on the items that two have: the difference, its interval and p-value.

    Of more than two runs every pair is compared, and p-values are corrected for all pairs.
    """
    from xl_alpacaeval_metric.leaderboard import contrast_formats, contrasts, formats
    from xl_alpacaeval_metric.report import comparisons

    formats.check(form)
    found = contrasts.compare_all(contrasts.load_all(runs, figure))
    only = found.pairs[0] if len(found.pairs) == 1 else None
    write(found.as_dict() if only is None else only.as_dict(), output)
    if form != "table":
        say(contrast_formats.text(found, form, figure))
    elif only is not None:
        comparisons.show_comparison(only, terminal.console(), figure)
    else:
        comparisons.show_comparisons(found, terminal.console(), figure)


@app.command()
def contamination(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="Training data: a JSONL or Parquet file, or a folder of them")
    ],
    benchmark: Annotated[
        str, typer.Option(metavar="mini,xl,...", help="Benchmarks to look for; all: those available")
    ] = "all",
    languages: Annotated[
        str | None, typer.Option(metavar="fi,de,...", help="Response languages  [default: all of each benchmark's]")
    ] = None,
    benchmark_path: BenchmarkPath = None,
    ngram: Annotated[int, typer.Option(min=2, help="Words in a run (characters: twice as many)")] = 8,
    coverage: Annotated[
        float,
        typer.Option(min=0.01, max=1.0, help="Share of a benchmark's text in such runs from which on it overlaps"),
    ] = 0.5,
    output: Output = None,
) -> None:
    """List training rows that overlap with a benchmark's requests, contexts or references.

    Exit code 1 if there are any.
    """
    from dataclasses import asdict

    from xl_alpacaeval_metric.benchmark import contamination as looking
    from xl_alpacaeval_metric.files import tables
    from xl_alpacaeval_metric.report import analysis

    names = [name.strip() for name in benchmark.split(",") if name.strip()]
    wanted = codes(languages) if languages is not None else None
    index = looking.index_of(names, wanted, benchmark_path, ngram=ngram, coverage=coverage)
    files, left_out = tables.files_of(data)
    for line in left_out:
        say(line, error=True)
    found, rows = [], 0
    for overlap in looking.search(index, tables.rows_of(files)):
        rows += overlap is None
        if overlap is not None:
            found.append(overlap)
    looked_at = {"benchmarks": index.benchmarks, "not_looked_at": index.missing}
    write({"rows": rows, "texts": len(index), **looked_at, "overlaps": [asdict(overlap) for overlap in found]}, output)
    analysis.show_overlaps(
        found, rows, f"{data} against {', '.join(index.benchmarks)} ({counted(len(index), 'text')})", terminal.console()
    )
    for line in looking.not_checked(index):
        say(line, error=True)
    if found:
        raise Exit(1)


@app.command()
def fidelity(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE|RUN", help="JSONL or Parquet with the columns prediction, language; or a run folder"
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", callback=writable_folder, help="Write results.json and items.jsonl there"),
    ] = None,
    lid: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            help="Identify by this fastText model (GlotLID, OpenLID): a file, or ORG/NAME on the Hub",
        ),
    ] = None,
) -> None:
    """Measure how far outputs are in the requested language; no judge, no references."""
    from xl_alpacaeval_metric.hub import lid_model
    from xl_alpacaeval_metric.outputs import measured
    from xl_alpacaeval_metric.report import results

    with lid_model.in_use(lid):
        found = measured.measure(file)
        if output:
            measured.write(found, output)
        results.show_fidelity(found.fidelity, found.model or file.resolve().name, terminal.console())
    for line in found.notes:
        terminal.say(line)
    terminal.say(found.signature)
