"""The commands for fine-tuning: train a model, and the loop around it."""

import inspect
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import Exit

from xl_alpacaeval_metric.cli.options import (
    BatchSize,
    BenchmarkPath,
    BothOrders,
    Concurrency,
    JudgeArgs,
    JudgeSpec,
    JudgeUrl,
    MaxMissing,
    codes,
    judge_from,
)
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.cli.hub import app
from xl_instruct_dataset.train import settings as train_settings

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from xl_alpacaeval_metric.judge.pairwise import Judge

_GROUP = "Settings (also keys of --config)"

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Hub id or folder of the model to fine-tune")]
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="YAML file of settings; options go before it")]


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for every setting; its last parameter takes those that were given, by name."""
    own = list(inspect.signature(command).parameters.values())[:-1]
    taken = {parameter.name for parameter in own}
    added = [_option(name) for name in train_settings.defaults() if name not in taken]

    def translated(**given: Any) -> None:
        settings = {parameter.name: given.pop(parameter.name) for parameter in added}
        command(**given, **{"settings": settings})

    translated.__doc__, translated.__name__ = command.__doc__, command.__name__
    parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own, *added)]
    translated.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    translated.__annotations__ = {one.name: one.annotation for one in parameters}
    return translated


def _option(name: str) -> inspect.Parameter:
    kind = next(kind for kind in train_settings.kinds(name) if kind is not type(None))
    default = train_settings.defaults()[name]
    shown = str(default).lower() if isinstance(default, bool) else str(default)
    about = train_settings.about(name)
    option = typer.Option(
        help=about + ("" if default is None else f" (default {shown})"),
        show_default=False,
        rich_help_panel=_GROUP,
        metavar=None if kind is bool else {int: "N", float: "X", str: "TEXT"}[kind],
    )
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, option]
    )


@app.command("train")
@with_settings
def train_model(
    model: Model,
    output: Annotated[Path, typer.Option(help="Folder for the model; the same command goes on in it")],
    config: Config = None,
    *,
    settings: dict[str, object],
) -> None:
    """Fine-tune MODEL on cross-lingual instructions with TRL: a LoRA adapter, or all weights.

    The same command again goes on from the last checkpoint. Several GPUs: accelerate launch -m xl_instruct_dataset.train MODEL ...
    """
    from xl_instruct_dataset.train.finetune import record, run

    resolved = train_settings.resolve(config, settings)
    with ProgressLine(output) as progress:
        found = run.train(model, resolved, output, progress, progress.notify)
    if _first_process():
        for line in record.lines(found)[len(found.notes) :]:
            print(line)
        print(f"{output}: {'model' if found.merged or resolved.full else 'adapter'}; xl-alpacaeval eval {output}")


@app.command("loop")
@with_settings
def run_loop(
    model: Model,
    output: Annotated[Path, typer.Option(help="Folder for everything; the same command goes on in it")],
    judge: JudgeSpec = None,
    benchmark: Annotated[str, typer.Option(metavar="mini,en,m", help="Benchmarks to evaluate on")] = "mini",
    languages: Annotated[
        str | None, typer.Option(metavar="fi,de,...", help="Languages to evaluate in (default: those of the data)")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The first N instructions a language")] = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="Length of an answer, at most")] = 1024,
    eval_batch_size: BatchSize = "auto",
    judge_base_url: JudgeUrl = None,
    judge_args: JudgeArgs = "",
    both_orders: BothOrders = False,
    concurrency: Concurrency = 64,
    reference: Annotated[
        Path | None, typer.Option(metavar="FILE", help="References for en and m: id, language, reference")
    ] = None,
    benchmark_path: BenchmarkPath = None,
    processes: Annotated[int, typer.Option(min=1, help="GPUs to train on, through accelerate launch")] = 1,
    max_missing: MaxMissing = 0.01,
    config: Config = None,
    *,
    settings: dict[str, object],
) -> None:
    """Show what fine-tuning MODEL does: evaluate, train, evaluate again, compare; one page of result with intervals.

    Stops before anything is trained where training rows overlap with a benchmark. The same command again goes on where it stopped.
    """
    from rich.console import Console

    from xl_instruct_dataset.train.finetune import model as models
    from xl_instruct_dataset.train.loop import page
    from xl_instruct_dataset.train.loop import run as loop_run
    from xl_instruct_dataset.train.loop.benchmarks import EvalPlan

    if settings["merge"] is False:
        raise UserError("--no-merge: the loop evaluates the merged model; leave it out")
    resolved = train_settings.resolve(config, {**settings, "merge": True})
    wanted = EvalPlan(
        benchmarks=tuple(filter(None, (name.strip() for name in benchmark.split(",")))),
        languages=tuple(codes(languages)) if languages is not None else None,
        limit=limit,
        benchmark_path=benchmark_path,
        reference=reference,
        max_tokens=max_tokens,
        eval_batch_size=eval_batch_size,
        processes=processes,
    )

    def open_judge() -> "AbstractContextManager[Judge | None]":
        return judge_from(judge, judge_base_url, judge_args, concurrency, resolved.device, both_orders, resolved.seed)

    with ProgressLine(output) as progress:

        def fine_tune(file: Path, folder: Path) -> None:
            progress.bar.stop()  # The training has a progress line of its own.
            code = subprocess.run(
                loop_run.training_command(model, file, folder, processes), stdout=sys.stderr
            ).returncode
            if code < 0:
                raise UserError(_killed(-code, models.turn_down(resolved)))
            if code:
                raise Exit(code)  # It has said why.
            progress.bar.start()

        found, missing = loop_run.run(
            model,
            resolved,
            wanted,
            open_judge,
            output,
            progress,
            fine_tune,
            shlex.join(_shown(["xl-instruct", *sys.argv[1:]])),
        )
    page.show(found, Console())
    print(f"{output / loop_run.TABLE}: the page; {output / loop_run.TUNED}: the model")
    if missing > max_missing:
        print(f"xl-instruct: {100 * missing:.1f}% of the verdicts of a run are missing", file=sys.stderr)
        raise Exit(1)


def _killed(by: int, advice: str) -> str:
    """A process that is killed cannot say why itself."""
    name = signal.Signals(by).name if by in set(signal.Signals) else f"signal {by}"
    why = f", most likely for memory; {advice}" if by == signal.SIGKILL else "; the same command goes on"
    return f"the training was killed by {name}{why}"


def _shown(arguments: Sequence[str]) -> list[str]:
    """The command line as it can be shown: no user, password, query or key of the judge."""
    from xl_alpacaeval_metric.clients.openai.endpoint import Endpoint
    from xl_alpacaeval_metric.runs.candidate import SECRETS

    keys = re.compile(rf"\b({'|'.join(sorted(SECRETS))})=[^,]*")
    hidden: dict[str, Callable[[str], str]] = {
        "--judge-base-url": lambda url: Endpoint.resolve(url, None).url,
        "--judge-args": lambda text: keys.sub(r"\1=***", text),
    }
    found = []
    for before, argument in pairwise(["", *arguments]):
        option, equals, value = argument.partition("=")
        if before in hidden:
            found.append(hidden[before](argument))
        elif equals and option in hidden:
            found.append(f"{option}={hidden[option](value)}")
        else:
            found.append(argument)
    return found


def _first_process() -> bool:
    return os.environ.get("RANK", "0") == "0"
