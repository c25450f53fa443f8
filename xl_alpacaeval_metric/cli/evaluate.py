"""The command `eval`: it generates answers, and judges them."""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import Exit

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.exit_codes import Version
from xl_alpacaeval_metric.cli.options import judging
from xl_alpacaeval_metric.cli.options.arguments import (
    Backend,
    Base,
    BatchSize,
    ChatTemplate,
    GenerationKwargs,
    MaxTokens,
    Model,
    ModelArgs,
    RetryRefused,
    Thinking,
    ThinkingTokens,
)
from xl_alpacaeval_metric.cli.options.arguments import candidate as candidate_of
from xl_alpacaeval_metric.cli.options.benchmark import BenchmarkName, BenchmarkPath, Exclusion, Languages, Limit, codes
from xl_alpacaeval_metric.cli.options.judge import RunOptions
from xl_alpacaeval_metric.cli.options.output import writable_folder
from xl_alpacaeval_metric.cli.options.records import with_options
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.terminal import say

if TYPE_CHECKING:
    from xl_alpacaeval_metric.records.result import Result


app = typer.Typer(
    help="Evaluate cross-lingual open-ended generation: ask in one language, judge the answer in another.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


NOT_JUDGED = (
    "language fidelity alone, and no judge is asked; `xl-alpacaeval references` writes references, "
    "--reference takes them"
)


@app.callback()
def options(version: Version = False) -> None:
    """Evaluate cross-lingual generation: ask in one language, judge the answer in another."""


@app.command("eval")
@with_options(RunOptions, "asked")
def evaluate(
    model: Model,
    backend: Backend = "auto",
    model_args: ModelArgs = "",
    base: Base = None,
    benchmark: BenchmarkName = "mini",
    languages: Languages = None,
    *,
    asked: RunOptions,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC|FILE|RUN",
            help="References: a model that writes them, a file with id, language, reference, or a run whose answers they are",
        ),
    ] = None,
    benchmark_path: BenchmarkPath = None,
    exclusion: Exclusion = "strict",
    limit: Limit = None,
    chat_template: ChatTemplate = True,
    max_tokens: MaxTokens = 1024,
    thinking: Thinking = "auto",
    thinking_tokens: ThinkingTokens = None,
    generation: GenerationKwargs = "",
    batch_size: BatchSize = "auto",
    retry_refused: RetryRefused = False,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            callback=writable_folder,
            help="Run folder  [default: runs/ and a name made of the settings]",
        ),
    ] = None,
) -> None:
    """Generate answers with MODEL, judge them against references, and print the win rates.

    The same command again continues where it stopped.
    """
    options = {**locals(), **{one.name: getattr(asked, one.name) for one in fields(asked)}}
    from xl_alpacaeval_metric import benchmark as benchmarks
    from xl_alpacaeval_metric.benchmark.written import references
    from xl_alpacaeval_metric.judge.answer_order import SMALL
    from xl_alpacaeval_metric.leaderboard import stopping
    from xl_alpacaeval_metric.runs import evaluate as runs
    from xl_alpacaeval_metric.runs import pairs
    from xl_alpacaeval_metric.runs.folder import RUN

    benchmarks.check_name(benchmark)
    wanted = codes(languages) if languages is not None else None
    candidate = candidate_of(options)
    candidate.check()
    with asked.opened_for(judging.both_by_default(benchmark, output)) as the_judge:
        rubric = asked.rubric(the_judge)
        rows = benchmarks.load(
            benchmark, wanted, limit=limit, path=benchmark_path, seed=asked.seed, exclusion=exclusion
        )
        author = judging.reference_author(reference, asked.concurrency, asked.device)
        given = pairs.References.read(Path(reference)) if reference and author is None else None
        if given is not None and given.of_run:
            rows, left_out = given.rows_of(rows)
            for line in left_out:
                say(line, error=True)
        if (the_judge is not None or given) and author is None:
            own = given.texts if given else {}
            some = benchmark in SMALL or any(row.reference for row in rows.rows)
            rows = benchmarks.with_references(rows, own, given.name if given else "", required=not some)
            if the_judge is not None and not any(row.reference for row in rows.rows):
                say(f"{benchmark} has no references in {languages}: {NOT_JUDGED}", error=True)
                the_judge = None
        folder = output or runs.default_folder(candidate, rows, the_judge, asked.seed)
        with ProgressLine(folder) as progress:
            judging.ask_through(the_judge, asked.batch, asked.cache, folder, progress)
            if not (folder / RUN).is_file():  # The answers there may be from a machine that has the model.
                candidate.check_known()
            if the_judge is not None:
                the_judge.client.preflight()
            if author is not None:
                rows = references.with_references_by(author, rows, folder.parent, progress, progress.notify)
            rule = stopping.rule_of(asked.precision, asked.until_decided, stopping.items_of(rows), the_judge, rubric)
            result = runs.evaluate_model(
                candidate, rows, judging.judging_of(asked, the_judge, rubric, rule, progress), folder, progress
            )
    name = Path(model).expanduser().resolve().name if Path(model).expanduser().exists() else model
    finish(result, f"{name} on {rows.name}", folder, asked.max_missing)


def finish(result: "Result", title: str, folder: Path, max_missing: float) -> None:
    """Print the result; exit code 1 where too many verdicts are missing."""
    from xl_alpacaeval_metric.report import results

    results.show(result, title, terminal.console())
    say(f"run folder: {folder}")
    share, judgements = result.most_missing
    if share > max_missing:
        say(
            f"xl-alpacaeval: {100 * share:.3g}% of the {judgements} are missing (--max-missing {100 * max_missing:g}%); "
            "the same command asks again for these alone",
            error=True,
        )
        raise Exit(1)
