"""The command `judge`: it takes answers from a file."""

from pathlib import Path
from typing import Annotated

import typer

from xl_alpacaeval_metric.cli.evaluate import app, finish
from xl_alpacaeval_metric.cli.options import judging
from xl_alpacaeval_metric.cli.options.judge import RunOptions
from xl_alpacaeval_metric.cli.options.output import writable_folder
from xl_alpacaeval_metric.cli.options.records import with_options
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.errors import UserError


@app.command("judge")
@with_options(RunOptions, "asked")
def judge_answers(
    answers: Annotated[
        Path,
        typer.Argument(
            metavar="PAIRS|RUN",
            help="A file with instruction, prediction, reference, language, optional id; a run folder; "
            "an output folder of lm_eval with --log_samples",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            callback=writable_folder,
            help="Run folder  [default: that of the answers, where they are in one]",
        ),
    ] = None,
    *,
    asked: RunOptions,
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
) -> None:
    """Judge answers that were generated before, and print the win rates.

    A run folder is judged in its place; further judges, orders and criteria ask what is missing.
    """
    from xl_alpacaeval_metric.leaderboard import stopping
    from xl_alpacaeval_metric.runs import answers_file, pairs
    from xl_alpacaeval_metric.runs import evaluate as runs

    given = pairs.References.read(reference) if reference else None
    found = answers_file.read(answers, given, keep_thinking=keep_thinking, judged=asked.judge != ["none"])
    in_place = found.is_run and (output is None or output.resolve() == answers.resolve())
    if output is None and not in_place:
        raise UserError(f"{answers}: is no run folder, so that it needs --output FOLDER for the verdicts")
    folder = answers if output is None or in_place else output
    both = judging.both_by_default(found.benchmark, folder)
    with asked.opened_for(both) as the_judge:
        rubric = asked.rubric(the_judge)
        rule = stopping.rule_of(asked.precision, asked.until_decided, found.comparisons, the_judge, rubric)
        with ProgressLine(folder) as progress:
            judging.ask_through(the_judge, asked.batch, asked.cache, folder, progress)
            if the_judge is not None:
                answers_file.check_references(found.comparisons, answers)
                the_judge.client.preflight()
            how = judging.judging_of(asked, the_judge, rubric, rule, progress)
            if in_place:
                result = runs.judge_run(folder, how, progress, given)
            else:
                references = given.name if given and given.of_run else "given"
                result = runs.judge_pairs(
                    found.comparisons,
                    how,
                    folder,
                    progress,
                    found.notes,
                    references,
                    found.about,
                    found.without_reference,
                )
    finish(result, found.title, folder, asked.max_missing)
