"""The command that downloads what runs need, or says what of it is missing."""

import os
from pathlib import Path
from typing import Annotated

import typer

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.arguments import Base, ModelArgs, arguments
from xl_alpacaeval_metric.cli.options.benchmark import BenchmarkNames, BenchmarkPath, Languages, codes
from xl_alpacaeval_metric.cli.options.judge import JudgeArgs, JudgeSpec
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import say


@app.command("prefetch")
def prefetch(
    models: Annotated[
        list[str] | None, typer.Argument(metavar="MODEL", help="As for eval: Hub ids, adapters, folders")
    ] = None,
    backend: Annotated[str, typer.Option(help="Of the models, as for eval")] = "auto",
    model_args: ModelArgs = "",
    base: Base = None,
    benchmark: BenchmarkNames = None,
    languages: Languages = None,
    benchmark_path: BenchmarkPath = None,
    judge: JudgeSpec = None,
    judge_args: JudgeArgs = "",
    reference: Annotated[
        list[str] | None,
        typer.Option(metavar="SPEC|FILE|RUN", help="As for eval: who writes references, or their file"),
    ] = None,
    translator: Annotated[
        list[str] | None, typer.Option(metavar="SPEC", help="Models that translate, or write training data")
    ] = None,
    comet: Annotated[
        str | None, typer.Option(metavar="HUB_ID", help="A COMET model, for xl-instruct generate --select cometkiwi")
    ] = None,
    lid: Annotated[
        str | None, typer.Option(metavar="FILE|ORG/NAME[/FILE]", help="A language identifier, as for fidelity")
    ] = None,
    sweep: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A sweep's file: all that its runs need, beside what else is named"),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Download nothing and ask nobody: list what is missing here")
    ] = False,
) -> None:
    """Download what runs will need into the Hub's cache; or, with --check, list what is missing.

    Exit code 2 if something is missing, or cannot be had.
    """
    if check:  # Before huggingface_hub is loaded, which reads it once.
        os.environ["HF_HUB_OFFLINE"] = "1"
    from xl_alpacaeval_metric.prefetch import fetch, found, needs
    from xl_alpacaeval_metric.report import prefetch as report
    from xl_alpacaeval_metric.sweep import file as sweep_file
    from xl_alpacaeval_metric.sweep import needs as sweep_needs

    for option, given, what, named_by in (
        ("--languages", languages, "--benchmark", benchmark),
        ("--model-args", model_args, "MODEL", models),
        ("--base", base, "MODEL", models),
        ("--backend", backend != "auto", "MODEL", models),
        ("--judge-args", judge_args, "--judge", judge),
    ):
        if given and not named_by:
            raise UserError(f"{option} goes with {what}, and none is named; give {what}, or leave {option} out")
    of_sweep = sweep_needs.needs_of(sweep_file.read(sweep)) if sweep else []
    wanted_languages = codes(languages) if languages is not None else []
    named = needs.needs_of(
        [needs.Loaded(model, backend, arguments(model_args), base) for model in models or ()],
        [(spec, arguments(judge_args)) for spec in judge or ()],
        [(name, benchmark_path, wanted_languages) for name in benchmark or ()],
        reference or (),
        translator or (),
        lid,
        comet,
    )
    wanted = needs.once([*of_sweep, *named])
    if not wanted:
        raise UserError(
            "nothing is named; give MODEL, --judge, --benchmark, --sweep or another of the options (--help)"
        )
    seen = found.check(wanted) if check else fetch.fetch(wanted, lambda line: say(line, error=True))
    report.show(seen, terminal.console())
    missing = [line for one in seen for line in one.lines]
    if missing:
        how = "xl-alpacaeval prefetch without --check, where there is internet, downloads them"
        on_hub = any(not one.is_here and one.need.source not in fetch.OURS for one in seen)
        raise UserError(f"{len(missing)} missing, listed above" + (f"; {how}" if check and on_hub else ""))
    say("all is here; on machines without internet set HF_HUB_OFFLINE=1, so that no run waits for the Hub")
