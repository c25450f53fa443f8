"""The commands for fine-tuning: train a model, and the loop around it."""

import shlex
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import Exit

from xl_alpacaeval_metric import credentials, terminal
from xl_alpacaeval_metric.cli.options.arguments import BatchSize
from xl_alpacaeval_metric.cli.options.benchmark import BenchmarkPath, Limit, codes
from xl_alpacaeval_metric.cli.options.judge import BothOrders, JudgeOptions, MaxMissing
from xl_alpacaeval_metric.cli.options.output import writable_folder
from xl_alpacaeval_metric.cli.options.records import with_options
from xl_alpacaeval_metric.cli.options.settings import with_settings
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.processes import child, signals
from xl_alpacaeval_metric.terminal import say
from xl_instruct_dataset.cli.hub import app
from xl_instruct_dataset.train.settings import Settings, resolve

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from xl_alpacaeval_metric.judge.pairwise import Judge

_GROUP = "Settings (also keys of --config)"

Model = Annotated[str, typer.Argument(metavar="MODEL", help="Hub id or folder of the model to fine-tune")]
Config = Annotated[Path | None, typer.Option(metavar="FILE", help="YAML file of settings; options go before it")]


@app.command("train")
@with_settings(Settings, _GROUP)
def train_model(
    model: Model,
    output: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", callback=writable_folder, help="Folder for the model; the same command goes on in it"
        ),
    ],
    config: Config = None,
    prepared: Annotated[Path | None, typer.Option(hidden=True, help="What `loop` has prepared")] = None,
    *,
    settings: dict[str, object],
) -> None:
    """Fine-tune MODEL on cross-lingual instructions with TRL: a LoRA adapter, or all weights.

    The same command again goes on from the last checkpoint. Several GPUs:
    accelerate launch -m xl_instruct_dataset.train MODEL ...
    """
    from xl_instruct_dataset.train.finetune import model as models
    from xl_instruct_dataset.train.finetune import process, record, run

    if prepared is not None:
        child.end_with_parent()
    resolved = resolve(config, settings)
    with ProgressLine(output) as progress:
        process.quiet_libraries()
        if models.device_kind(resolved.device) == "cpu":
            process.keep_memory()
        found = run.train(model, resolved, output, progress, progress.notify, prepared)
    if process.is_first():
        for line in record.lines(found):
            say(line)
        say(f"{output}: {'model' if found.merged or resolved.full else 'adapter'}; xl-alpacaeval eval {output}")


@app.command("loop")
@with_options(JudgeOptions, "asked")
@with_settings(Settings, _GROUP)
def run_loop(
    model: Model,
    output: Annotated[
        Path,
        typer.Option(
            metavar="FOLDER", callback=writable_folder, help="Folder for everything; the same command goes on in it"
        ),
    ],
    asked: JudgeOptions,
    benchmark: Annotated[str, typer.Option(metavar="mini,en,m", help="Benchmarks to evaluate on")] = "mini",
    languages: Annotated[
        str | None, typer.Option(metavar="fi,de,...", help="Languages to evaluate in (default: those of the data)")
    ] = None,
    limit: Limit = None,
    max_tokens: Annotated[int, typer.Option(min=1, help="Length of an answer, at most")] = 1024,
    eval_batch_size: BatchSize = "auto",
    both_orders: BothOrders = None,
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
    """Show what fine-tuning MODEL does: evaluate, train, evaluate again, compare.

    The result is one page, with intervals. Stops before anything is trained where training rows
    overlap with a benchmark. The same command again goes on where it stopped.
    """
    from xl_alpacaeval_metric.judge.answer_order import both_by_default
    from xl_instruct_dataset.train.finetune import failures, process
    from xl_instruct_dataset.train.loop import page
    from xl_instruct_dataset.train.loop import run as loop_run
    from xl_instruct_dataset.train.loop.benchmarks import EvalPlan

    if settings.get("merge") is False:
        raise UserError("--no-merge: the loop evaluates the merged model; leave it out")
    resolved = resolve(config, {**settings, "merge": True})
    plan = EvalPlan(
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
        both = both_by_default(plan.benchmarks) if both_orders is None else both_orders
        return asked.opened(both, resolved.seed, resolved.device)

    with ProgressLine(output) as progress:

        def fine_tune(file: Path, folder: Path, prepared: Path) -> None:
            progress.bar.stop()  # The training has a progress line of its own.
            command = loop_run.training_command(model, file, folder, prepared, processes)
            with child.running(command, stdout=sys.stderr, environment=loop_run.environment()) as training:
                code = training.wait()
            if code < 0:
                raise UserError(_killed(-code, failures.memory_savings(resolved)))
            if code:
                raise Exit(code)  # The training has printed the reason.
            progress.bar.start()

        process.quiet_libraries()
        found, missing = loop_run.run(
            model,
            resolved,
            plan,
            open_judge,
            output,
            progress,
            fine_tune,
            shlex.join(_shown(["xl-instruct", *sys.argv[1:]])),
        )
    page.show(found, terminal.console())
    say(f"{output / loop_run.TABLE}: the page; {output / loop_run.TUNED}: the model")
    if missing > max_missing:
        say(f"xl-instruct: {100 * missing:.1f}% of the verdicts of a run are missing", error=True)
        raise Exit(1)


def _killed(by: int, savings: str) -> str:
    """The error of a training that a signal ended; `savings` is what takes less memory."""
    why = f", most likely for memory; {savings}" if by == signals.KILL else "; the same command goes on"
    return f"the training was killed by {signals.name_of(by)}{why}"


def _shown(arguments: Sequence[str]) -> list[str]:
    """The command line without credentials: no user, password, query or key of the judge."""
    from xl_alpacaeval_metric.clients.openai.endpoint import Endpoint

    hidden: dict[str, Callable[[str], str]] = {
        "--judge-base-url": lambda url: Endpoint.resolve(url, None).url,
        "--judge-args": lambda text: ",".join(map(credentials.public_argument, text.split(","))),
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
