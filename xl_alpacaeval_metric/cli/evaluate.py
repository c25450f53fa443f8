"""The command `eval`: it generates answers, and judges them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import Exit

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.arguments import (
    AllowRandomWeights,
    Backend,
    BatchSize,
    ChatTemplate,
    GenerationKwargs,
    Gpus,
    MaxTokens,
    Model,
    ModelArgs,
    Thinking,
    ThinkingTokens,
    arguments,
)
from xl_alpacaeval_metric.cli.exit_codes import Version
from xl_alpacaeval_metric.cli.options import (
    Batch,
    BenchmarkPath,
    BothOrders,
    Cache,
    Concurrency,
    Criteria,
    CriteriaFile,
    Device,
    Exclusion,
    JudgeArgs,
    JudgeCheck,
    JudgePrompt,
    JudgeSpec,
    JudgeThinking,
    JudgeThinkingTokens,
    JudgeUrl,
    JudgeVotes,
    MaxMissing,
    MaxRequests,
    Precision,
    Seed,
    UntilDecided,
    ask_through,
    codes,
    estimate_shown,
    judge_from,
    reference_author,
    rubric_from,
)
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.terminal import say

if TYPE_CHECKING:
    from xl_alpacaeval_metric.records.result import Result


app = typer.Typer(
    help="Evaluate cross-lingual open-ended generation: ask in one language, judge the answer in another.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(version: Version = False) -> None:
    """Evaluate cross-lingual generation: ask in one language, judge the answer in another."""


AssumeTaste = Annotated[
    bool, typer.Option("--assume-gpt4-taste", help="Control length by GPT-4's taste, whatever the judge's is")
]


@app.command("eval")
def evaluate(
    model: Model,
    backend: Backend = "auto",
    model_args: ModelArgs = "",
    benchmark: Annotated[str, typer.Option(help="xl, m, en, mini, context")] = "mini",
    languages: Annotated[
        str | None, typer.Option(metavar="fi,de,...", help="Response languages  [default: all of the benchmark's]")
    ] = None,
    judge: JudgeSpec = None,
    judge_base_url: JudgeUrl = None,
    judge_args: JudgeArgs = "",
    judge_thinking: JudgeThinking = "auto",
    judge_thinking_tokens: JudgeThinkingTokens = 4096,
    judge_check: JudgeCheck = True,
    judge_prompt: JudgePrompt = None,
    judge_votes: JudgeVotes = 1,
    both_orders: BothOrders = None,
    assume_gpt4_taste: AssumeTaste = False,
    batch: Batch = False,
    cache: Cache = None,
    max_requests: MaxRequests = None,
    precision: Precision = None,
    until_decided: UntilDecided = None,
    criteria: Criteria = False,
    criteria_file: CriteriaFile = None,
    reference: Annotated[
        str | None,
        typer.Option(
            metavar="SPEC|FILE|RUN",
            help="References: a model that writes them, a file with id, language, reference, or a run whose answers they are",
        ),
    ] = None,
    benchmark_path: BenchmarkPath = None,
    exclusion: Exclusion = "strict",
    limit: Annotated[int | None, typer.Option(min=1, help="The first N instructions a language")] = None,
    chat_template: ChatTemplate = True,
    max_tokens: MaxTokens = 1024,
    thinking: Thinking = "auto",
    thinking_tokens: ThinkingTokens = None,
    generation: GenerationKwargs = "",
    batch_size: BatchSize = "auto",
    device: Device = None,
    gpus: Gpus = "auto",
    allow_random_weights: AllowRandomWeights = False,
    concurrency: Concurrency = 64,
    seed: Seed = 0,
    max_missing: MaxMissing = 0.01,
    output: Annotated[
        Path | None, typer.Option(help="Run folder  [default: runs/ and a name made of the settings]")
    ] = None,
) -> None:
    """Generate answers with MODEL, judge them against references, and print the win rates.

    The same command again continues where it stopped.
    """
    from xl_alpacaeval_metric import benchmark as benchmarks
    from xl_alpacaeval_metric.benchmark import references
    from xl_alpacaeval_metric.judge.answer_order import both_by_default
    from xl_alpacaeval_metric.leaderboard import stopping
    from xl_alpacaeval_metric.runs import evaluate as runs
    from xl_alpacaeval_metric.runs import pairs
    from xl_alpacaeval_metric.runs.candidate import Candidate, with_backend

    candidate = Candidate(
        model,
        backend,
        arguments(model_args),
        chat_template,
        max_tokens,
        batch_size,
        device,
        concurrency,
        arguments(generation),
        thinking,
        thinking_tokens,
        gpus,
        allow_random_weights,
    )
    candidate = with_backend(candidate, output)
    candidate.check()
    asked = judge_thinking, judge_thinking_tokens, judge_prompt, judge_votes, gpus, allow_random_weights
    both = both_by_default([benchmark]) if both_orders is None else both_orders
    with judge_from(judge, judge_base_url, judge_args, concurrency, device, both, seed, *asked) as the_judge:
        rubric = rubric_from(criteria, criteria_file, the_judge)
        wanted = codes(languages) if languages is not None else None
        rows = benchmarks.load(benchmark, wanted, limit=limit, path=benchmark_path, seed=seed, exclusion=exclusion)
        author = reference_author(reference, concurrency, device)
        given = pairs.References.read(Path(reference)) if reference and author is None else None
        if given is not None and given.of_run:
            rows, left_out = given.rows_of(rows)
            for line in left_out:
                say(line, error=True)
        if (the_judge is not None or given) and author is None:
            rows = benchmarks.with_references(rows, given.texts if given else {}, given.name if given else "")
        folder = output or runs.default_folder(candidate, rows, the_judge)
        with ProgressLine(folder) as progress:
            ask_through(the_judge, batch, cache, folder, progress)
            if the_judge is not None:
                the_judge.client.preflight()
            if author is not None:
                rows = references.with_references_by(author, rows, folder.parent, progress, progress.notify)
            rule = stopping.rule_of(precision, until_decided, stopping.items_of(rows), the_judge, rubric)
            result = runs.evaluate_model(
                candidate,
                rows,
                the_judge,
                folder,
                progress,
                rubric,
                estimate_shown(max_requests),
                rule,
                judge_check,
                assume_gpt4_taste,
            )
    name = Path(model).expanduser().resolve().name if Path(model).expanduser().exists() else model
    finish(result, f"{name} on {benchmark}", folder, max_missing)


def finish(result: "Result", title: str, folder: Path, max_missing: float) -> None:
    """Print the result; exit code 1 where too many verdicts are missing."""
    from xl_alpacaeval_metric.report import results

    results.show(result, title, terminal.console())
    say(f"run folder: {folder}")
    if result.missing_share > max_missing:
        judgements = "verdicts or ratings" if result.overall.criteria else "verdicts"
        share = (
            f"{100 * result.missing_share:.1f}% of the {judgements} are missing (--max-missing {100 * max_missing:g}%)"
        )
        say(f"xl-alpacaeval: {share}; the same command asks again for these alone", error=True)
        raise Exit(1)
