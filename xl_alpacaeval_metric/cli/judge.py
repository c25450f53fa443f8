"""The command `judge`: it takes answers from a file."""

from pathlib import Path
from typing import Annotated

import typer

from xl_alpacaeval_metric.cli.arguments import AllowRandomWeights, Gpus
from xl_alpacaeval_metric.cli.evaluate import AssumeTaste, app, finish
from xl_alpacaeval_metric.cli.options import (
    Batch,
    BothOrders,
    Cache,
    Concurrency,
    Criteria,
    CriteriaFile,
    Device,
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
    estimate_shown,
    judge_from,
    rubric_from,
)
from xl_alpacaeval_metric.cli.progress import ProgressLine


@app.command("judge")
def judge_pairs(
    pairs_file: Annotated[
        Path,
        typer.Argument(
            metavar="PAIRS", help="JSONL or Parquet: instruction, prediction, reference, language, optional id"
        ),
    ],
    output: Annotated[Path, typer.Option(help="Run folder")],
    judge: JudgeSpec = None,
    judge_base_url: JudgeUrl = None,
    judge_args: JudgeArgs = "",
    judge_thinking: JudgeThinking = "auto",
    judge_thinking_tokens: JudgeThinkingTokens = 4096,
    judge_prompt: JudgePrompt = None,
    judge_check: JudgeCheck = True,
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
        Path | None,
        typer.Option(
            metavar="FILE|RUN",
            help="References in place of those in PAIRS: a file with id, language, reference, or a run's answers",
        ),
    ] = None,
    keep_thinking: Annotated[
        bool, typer.Option("--keep-thinking", help="Judge thoughts such as <think>...</think> as part of the answer")
    ] = False,
    device: Device = None,
    gpus: Gpus = "auto",
    allow_random_weights: AllowRandomWeights = False,
    concurrency: Concurrency = 64,
    seed: Seed = 0,
    max_missing: MaxMissing = 0.01,
) -> None:
    """Judge answers that were generated elsewhere, and print the win rates."""
    from xl_alpacaeval_metric.judge import judging_task
    from xl_alpacaeval_metric.leaderboard import stopping
    from xl_alpacaeval_metric.runs import evaluate as runs
    from xl_alpacaeval_metric.runs import pairs

    given = pairs.References.read(reference) if reference else None
    comparisons, notes = pairs.read_against(pairs_file, given)
    judging_task.check(comparisons)
    if not keep_thinking:
        comparisons, thoughts = pairs.without_thoughts(comparisons)
        notes += thoughts
    asked = judge_thinking, judge_thinking_tokens, judge_prompt, judge_votes, gpus, allow_random_weights
    with judge_from(judge, judge_base_url, judge_args, concurrency, device, both_orders, seed, *asked) as the_judge:
        rubric = rubric_from(criteria, criteria_file, the_judge)
        rule = stopping.rule_of(precision, until_decided, comparisons, the_judge, rubric)
        with ProgressLine(output) as progress:
            ask_through(the_judge, batch, cache, output, progress)
            if the_judge is not None:
                the_judge.client.preflight()
            result = runs.judge_pairs(
                comparisons,
                the_judge,
                output,
                progress,
                rubric,
                estimate_shown(max_requests),
                notes,
                given.name if given and given.of_run else "given",
                rule,
                judge_check,
                assume_gpt4_taste,
            )
    finish(result, pairs_file.name, output, max_missing)
