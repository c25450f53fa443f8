"""The command that says what judging will take, before or after there are answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.benchmark import BenchmarkPath, Exclusion, Languages, Limit, codes
from xl_alpacaeval_metric.cli.options.judge import JudgingOptions
from xl_alpacaeval_metric.cli.options.output import Output, write
from xl_alpacaeval_metric.cli.options.prices import PriceInput, PriceOutput, prices_of
from xl_alpacaeval_metric.cli.options.records import with_options
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import counted, counted_of, say

if TYPE_CHECKING:
    from xl_alpacaeval_metric.runs.answers_file import Answers


@app.command("estimate")
@with_options(JudgingOptions, "asked")
def estimate_costs(
    answers: Annotated[
        Path | None, typer.Argument(metavar="[PAIRS|RUN]", help="As for judge; or --benchmark, without answers")
    ] = None,
    benchmark: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE|FOLDER|HUB_ID", help="As for eval: answers are taken to be as long as the references"
        ),
    ] = None,
    languages: Languages = None,
    limit: Limit = None,
    benchmark_path: BenchmarkPath = None,
    exclusion: Exclusion = "strict",
    *,
    asked: JudgingOptions,
    models: Annotated[int, typer.Option(min=1, metavar="N", help="Models that are to be judged so")] = 1,
    reference: Annotated[
        Path | None, typer.Option(metavar="FILE|RUN", help="References in place of those in PAIRS, as for judge")
    ] = None,
    pilot: Annotated[int, typer.Option(min=0, metavar="N", help="Send N of the requests, to measure tokens")] = 0,
    price_input: PriceInput = None,
    price_output: PriceOutput = None,
    output: Output = None,
) -> None:
    """Estimate the requests, tokens and money that judging will take."""
    from dataclasses import asdict, replace

    from xl_alpacaeval_metric import benchmark as benchmarks
    from xl_alpacaeval_metric.cli.options.judging import both_by_default
    from xl_alpacaeval_metric.judge import estimate as estimating
    from xl_alpacaeval_metric.judge import judging_task
    from xl_alpacaeval_metric.judge_check.checking import checking
    from xl_alpacaeval_metric.runs import answers_file, pairs, scored

    prices = prices_of(price_input, price_output)
    if (answers is None) == (benchmark is None):
        raise UserError("give PAIRS or RUN for answers that are there, or --benchmark for those to come; one of them")
    given: Answers
    if benchmark is not None:
        wanted = codes(languages) if languages is not None else None
        rows = benchmarks.load(
            benchmark, wanted, limit=limit, path=benchmark_path, seed=asked.seed, exclusion=exclusion
        )
        given = answers_file.expected(rows)
        if missing := sum(row.reference is None for row in rows.rows):
            say(
                f"{counted_of(missing, len(rows.rows), 'row', 'has', 'have')} no reference: these and the answers to them are taken to be "
                f"{answers_file.LONG} characters long; writing them takes a request each, once for all models",
                error=True,
            )
    else:
        assert answers is not None
        given = answers_file.read(answers, pairs.References.read(reference) if reference else None)
    run = answers if given.is_run and reference is None else None
    both = both_by_default(given.benchmark, run) if asked.both_orders is None else asked.both_orders
    with asked.opened(both, asked.seed, asked.device) as the_judge:
        if the_judge is None:
            raise UserError("judge none takes no requests; name the judge to estimate for")
        rubric = asked.rubric(the_judge)
        if pilot:
            the_judge.client.preflight()
        task = judging_task.JudgingTask.of(given.comparisons, the_judge, rubric=rubric, without=given.without_reference)
        everything = task
        if run is not None:
            task = scored.left_in(run, given.comparisons, scored.Judging(the_judge, rubric), given.without_reference)
        found = estimating.estimate(task, pilot, probed=bool(pilot))
        in_all = estimating.estimate(everything, probed=bool(pilot)).times(models)
        check = checking(the_judge, task.comparisons)
        found = found.times(models)
        found = found if check is None else replace(found, check=check.estimate())
    money = None if prices is None else found.price(*prices)
    write({**asdict(found), "price": money, "requests_in_all": in_all.requests}, output)
    say(f"{counted(models, 'model')}: {found.line()}" if models > 1 else found.line())
    if had := in_all.requests - found.requests:
        say(f"{counted_of(had, in_all.requests, 'request')} answered in {answers}, and not sent again")
    if found.check is not None and found.check.requests:
        say(f"the judge check before it, once for all runs: up to {found.check.line()}")
    if prices is not None and money is not None:
        most = money + found.thought_tokens * prices[1] / 1e6
        say(f"price: {money:.2f} (half with --batch)" + (f"; {most:.2f} at most" if found.thought_tokens else ""))
        if had:
            say(f"price of all {counted(in_all.requests, 'request')}: {in_all.price(*prices):.2f}")
