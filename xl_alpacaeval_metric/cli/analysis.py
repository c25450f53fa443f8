"""The commands that analyse runs and data.

Comparison, estimate, contamination and language fidelity.
"""

import math
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import Exit

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.benchmark import BenchmarkPath, codes
from xl_alpacaeval_metric.cli.options.judge import JudgingOptions
from xl_alpacaeval_metric.cli.options.records import with_options
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import say

Output = Annotated[
    Path | None, typer.Option("--output", metavar="FILE", dir_okay=False, help="Write the figures there as JSON")
]

Form = Annotated[str, typer.Option("--format", metavar="table|md|csv|tex|json", help="What is printed")]


@app.command()
def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN RUN...", help="Run folders of eval or judge, by the same judge in the same setting"
        ),
    ],
    figure: Annotated[str, typer.Option(metavar="win_rate|line_pass_rate", help="What is compared")] = "win_rate",
    form: Form = "table",
    output: Output = None,
) -> None:
    """Compare runs on the items that two have: the difference, its interval and p-value.

    Of more than two runs every pair is compared, and p-values are corrected for all pairs.
    """
    from xl_alpacaeval_metric.leaderboard import contrast_formats, contrasts, formats
    from xl_alpacaeval_metric.report import comparisons

    formats.check(form)
    found = contrasts.compare_all([contrasts.load(run, figure) for run in runs])
    only = found.pairs[0] if len(found.pairs) == 1 else None
    if form != "table":
        say(contrast_formats.text(found, form, figure))
    elif only is not None:
        comparisons.show_comparison(only, terminal.console(), figure)
    else:
        comparisons.show_comparisons(found, terminal.console(), figure)
    write(found.as_dict() if only is None else only.as_dict(), output)


@app.command("estimate")
@with_options(JudgingOptions, "asked")
def estimate_costs(
    answers: Annotated[Path, typer.Argument(metavar="PAIRS|RUN", help="As for judge")],
    asked: JudgingOptions,
    reference: Annotated[
        Path | None, typer.Option(metavar="FILE|RUN", help="References in place of those in PAIRS, as for judge")
    ] = None,
    pilot: Annotated[int, typer.Option(min=0, metavar="N", help="Send N of the requests, to measure tokens")] = 0,
    price_input: Annotated[float | None, typer.Option(min=0, help="Price of a million prompt tokens")] = None,
    price_output: Annotated[float | None, typer.Option(min=0, help="Price of a million completion tokens")] = None,
    output: Output = None,
) -> None:
    """Estimate the requests, tokens and money that judging PAIRS will take."""
    from dataclasses import asdict, replace

    from xl_alpacaeval_metric.judge import estimate as estimating
    from xl_alpacaeval_metric.judge import judging_task
    from xl_alpacaeval_metric.judge.answer_order import both_by_default
    from xl_alpacaeval_metric.judge_check.checking import checking
    from xl_alpacaeval_metric.runs import answers_file, pairs

    if (price_input is None) != (price_output is None):
        raise UserError("give both --price-input and --price-output, or neither")
    if not all(map(math.isfinite, (price_input or 0.0, price_output or 0.0))):
        raise UserError("--price-input and --price-output: need the price of a million tokens, a finite number")
    given = answers_file.read(answers, pairs.References.read(reference) if reference else None)
    both = both_by_default([given.benchmark]) if asked.both_orders is None else asked.both_orders
    with asked.opened(both, asked.seed, asked.device) as the_judge:
        if the_judge is None:
            raise UserError("judge none takes no requests; name the judge to estimate for")
        rubric = asked.rubric(the_judge)
        if pilot:
            the_judge.client.preflight()
        task = judging_task.JudgingTask.of(given.comparisons, the_judge, rubric=rubric, without=given.without_reference)
        found = estimating.estimate(task, pilot, probed=bool(pilot))
        check = checking(the_judge, task.comparisons)
        found = found if check is None else replace(found, check=check.estimate())
    say(found.line())
    if found.check is not None and found.check.requests:
        say(f"the judge check before it, once for all runs: up to {found.check.line()}")
    money = None
    if price_input is not None and price_output is not None:
        money = found.price(price_input, price_output)
        most = money + found.thought_tokens * price_output / 1e6
        say(f"price: {money:.2f} (half with --batch)" + (f"; {most:.2f} at most" if found.thought_tokens else ""))
    write({**asdict(found), "price": money}, output)


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
    analysis.show_overlaps(
        found, rows, f"{data} against {', '.join(index.benchmarks)} ({len(index)} texts)", terminal.console()
    )
    for line in looking.not_checked(index):
        say(line, error=True)
    looked_at = {"benchmarks": index.benchmarks, "not_looked_at": index.missing}
    write({"rows": rows, "texts": len(index), **looked_at, "overlaps": [asdict(overlap) for overlap in found]}, output)
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
        Path | None, typer.Option(metavar="DIR", file_okay=False, help="Write results.json and items.jsonl there")
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
        results.show_fidelity(found.fidelity, file.name, terminal.console())
    for line in found.notes:
        terminal.say(line)
    terminal.say(found.signature)
    if output:
        measured.write(found, output)


def write(content: dict[str, object], output: Path | None) -> None:
    """Write figures as JSON, unless `output` is None; raises UserError if it cannot be written."""
    from xl_alpacaeval_metric.files import jsonl

    if output is None:
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        jsonl.write_json(output, content)
    except OSError as error:
        raise UserError(f"{output}: cannot be written ({error.strerror})") from None
