"""The command that says what runs will take before there is anything."""

from collections.abc import Collection
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.arguments import MaxTokens, ModelArgs, arguments
from xl_alpacaeval_metric.cli.options.benchmark import BenchmarkNames, BenchmarkPath, Exclusion, Languages, Limit, codes
from xl_alpacaeval_metric.cli.options.judge import (
    BothOrders,
    Criteria,
    CriteriaFile,
    JudgeCheck,
    JudgePrompt,
    JudgeSpec,
    JudgeThinking,
    JudgeThinkingTokens,
    JudgeVotes,
)
from xl_alpacaeval_metric.cli.options.output import Output, write
from xl_alpacaeval_metric.errors import UserError

if TYPE_CHECKING:
    from xl_alpacaeval_metric.planning.steps import Planned


_BESIDE_SWEEP = frozenset(
    [
        "reference",
        "labels",
        "answer_tokens",
        "price",
        "currency",
        "write_rate",
        "read_rate",
        "gpu_hour",
        "label_minutes",
        "sweep",
        "output",
    ]
)
"""Parameters that do not stand in a sweep's file."""


@app.command("plan")
def plan(
    context: typer.Context,
    models: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL", help="As for eval; or --models N, or --sweep FILE")
    ] = None,
    number: Annotated[
        int | None, typer.Option("--models", min=1, metavar="N", help="So many models whose names do not matter yet")
    ] = None,
    backend: Annotated[str, typer.Option(help="Of the models, as for eval")] = "auto",
    model_args: ModelArgs = "",
    benchmark: BenchmarkNames = None,
    languages: Languages = None,
    limit: Limit = None,
    benchmark_path: BenchmarkPath = None,
    exclusion: Exclusion = "strict",
    judge: JudgeSpec = None,
    judge_thinking: JudgeThinking = "auto",
    judge_thinking_tokens: JudgeThinkingTokens = 4096,
    judge_prompt: JudgePrompt = None,
    judge_votes: JudgeVotes = 1,
    both_orders: BothOrders = None,
    criteria: Criteria = False,
    criteria_file: CriteriaFile = None,
    judge_check: JudgeCheck = True,
    reference: Annotated[
        str | None, typer.Option(metavar="SPEC", help="The model that writes references where there are none")
    ] = None,
    labels: Annotated[
        int, typer.Option(min=0, metavar="N", help="Items that people label in each language of each run")
    ] = 0,
    max_tokens: MaxTokens = 1024,
    answer_tokens: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Of an answer in English  [default: as the references]")
    ] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL=PROMPT/COMPLETION",
            help="Prices of a million tokens, e.g. openai/gpt-4o=2.5/10; several times",
        ),
    ] = None,
    currency: Annotated[str, typer.Option(metavar="CODE", help="Of all prices, e.g. EUR")] = "",
    write_rate: Annotated[
        float | None, typer.Option(min=1e-3, help="Tokens a second that a GPU writes  [default: as measured]")
    ] = None,
    read_rate: Annotated[
        float | None, typer.Option(min=1e-3, help="Prompt tokens a second that a GPU reads  [default: as measured]")
    ] = None,
    gpu_hour: Annotated[float | None, typer.Option(min=0, metavar="PRICE", help="What a GPU's hour costs")] = None,
    label_minutes: Annotated[float, typer.Option(min=0, help="Minutes that a label takes")] = 2.0,
    sweep: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A sweep's file, in the place of models, benchmarks and judges")
    ] = None,
    output: Output = None,
) -> None:
    """Say what runs will take: requests, tokens, money, GPU hours; nothing needs to be here yet."""
    from xl_alpacaeval_metric.clients.base import Thinking
    from xl_alpacaeval_metric.judge import rubric_file
    from xl_alpacaeval_metric.planning import costs as costing
    from xl_alpacaeval_metric.planning import notes, rows, steps
    from xl_alpacaeval_metric.planning.named_judge import NamedJudges
    from xl_alpacaeval_metric.prefetch.needs import Loaded
    from xl_alpacaeval_metric.report import plan as report

    for option, value in (
        ("--write-rate", write_rate),
        ("--read-rate", read_rate),
        ("--gpu-hour", gpu_hour),
        ("--label-minutes", label_minutes),
    ):
        costing.check_number(option, value)
    prices = costing.prices_of(price or ())
    if (prices or gpu_hour is not None) and not currency.strip():
        raise UserError("prices are given without their currency; give --currency, such as EUR")
    costs = costing.Costs(prices, currency, costing.rates_of(write_rate, read_rate), gpu_hour, label_minutes)
    if sweep is not None:
        if of_file := _given(context, but=_BESIDE_SWEEP):
            raise UserError(
                "--sweep FILE says which models, benchmarks and judges there are, and how they are asked; "
                f"leave out {', '.join(of_file)}"
            )
        asked = replace(_of_sweep(sweep), author=reference, labels=labels, answer_tokens=answer_tokens)
    else:
        if models and number is not None:
            raise UserError("MODEL and --models N are two ways to say which models; give one of them")
        wanted = codes(languages) if languages is not None else None
        several = f"{number} models" if number and number > 1 else "a model"
        loaded = [Loaded(name, backend, arguments(model_args)) for name in models or [several]]
        for one in loaded:
            one.check(named=bool(models))
        asked = steps.Planned(
            [steps.PlannedModel(one.name, one.at_endpoint, max_tokens, 1 if models else number or 1) for one in loaded],
            [
                rows.planned(name, wanted, limit=limit, path=benchmark_path, exclusion=exclusion)
                for name in benchmark or ["mini"]
            ],
            NamedJudges(
                tuple(judge or ()),
                both_orders,
                judge_votes,
                judge_prompt,
                Thinking(judge_thinking, judge_thinking_tokens),
            ),
            rubric_file.load(criteria_file) if criteria or criteria_file else None,
            reference,
            judge_check,
            labels,
            answer_tokens,
        )
    costing.check_priced(prices, asked.names)
    found = steps.steps_of(asked)
    each = [costing.cost_of(step, costs, at_endpoint=step.model in asked.at_endpoints) for step in found]
    taken = [{**asdict(step), **asdict(cost)} for step, cost in zip(found, each, strict=True)]
    write({"currency": currency or None, "steps": taken}, output)
    report.show(found, each, currency, notes.notes(asked, found, each, costs), terminal.console())


def _given(context: typer.Context, but: Collection[str]) -> list[str]:
    """The options on the command line, not in the environment; `but` are parameters left out."""
    sources = {param: context.get_parameter_source(str(param.name)) for param in context.command.params}
    # By its name, since typer has a click of its own in some versions.
    given = [param for param, source in sources.items() if source is not None and source.name == "COMMANDLINE"]
    return [
        str(param.metavar if param.param_type_name == "argument" else param.opts[0])
        for param in given
        if param.name not in but
    ]


def _of_sweep(file: Path) -> "Planned":
    from xl_alpacaeval_metric.sweep import file as sweep_file
    from xl_alpacaeval_metric.sweep import needs

    return needs.planned(sweep_file.read(file))
