"""The command `sweep`: many models, benchmarks and languages from one file."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import Exit

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.evaluate import app
from xl_alpacaeval_metric.cli.options.arguments import candidate
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.terminal import counted, say

if TYPE_CHECKING:
    from xl_alpacaeval_metric.runs.answers.candidate import Candidate
    from xl_alpacaeval_metric.sweep.file import Sweep
    from xl_alpacaeval_metric.sweep.plan import Plan


@app.command()
def sweep(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.yaml", help="models, benchmarks, languages, judges, output, ...")
    ],
    executor: Annotated[
        str | None, typer.Option(metavar="local|slurm|ray", help="Where the tasks run  [default: the file's, local]")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing")] = False,
    status: Annotated[bool, typer.Option("--status", help="Show what runs, what failed and what is missing")] = False,
    task: Annotated[str | None, typer.Option(hidden=True)] = None,
) -> None:
    """Answer, judge and rank: every model in FILE on every benchmark, each judge opened once.

    The same command again does what is missing.
    """
    from xl_alpacaeval_metric.sweep import file as sweep_file
    from xl_alpacaeval_metric.sweep import run

    found = sweep_file.read(file, executor)
    if task is not None:
        with ProgressLine(found.output) as progress:
            run.do_task(found, task, progress, progress.notify)
        return
    if status:
        if not _show_status(found):
            raise Exit(1)
        return
    if dry_run:
        _show_plan(found, run.planned(found, check_arguments))
        return
    try:
        plan = run.start(found, file, check_arguments, say)
    except KeyboardInterrupt:
        say(f"interrupted; what is finished is in {found.output}, and the same command goes on from there", error=True)
        raise
    if found.place.executor == "slurm" and plan.tasks:
        say(f"xl-alpacaeval sweep {shlex.quote(str(file))} --status says how far they are")
    elif not _show_status(found):
        raise Exit(1)


def check_arguments(arguments: Sequence[str]) -> "Candidate":
    """Have the command line of `eval` read the arguments; returns what they describe.

    Nothing is done; raises as the command line does.
    """
    name, *rest = arguments
    group = typer.main.get_command(app)
    command = group.commands[name]  # type: ignore[attr-defined]
    with command.make_context(name, list(rest)) as context:
        return candidate(context.params)


def _show_plan(found: "Sweep", plan: "Plan") -> None:
    from xl_alpacaeval_metric.sweep.executors import slurm_jobs
    from xl_alpacaeval_metric.sweep.tasks import TaskFolder

    complete = sum(one.is_complete for one in plan.held.values())
    say(
        f"{counted(len(plan.held), 'run')}, {complete} of them complete; "
        f"{counted(len(plan.tasks), 'task')} on {found.place.executor}"
    )
    for one in plan.tasks:
        gpus = f" ({counted(one.gpus, 'GPU')})" if one.gpus else ""
        say(f"{one.name}{gpus}: xl-alpacaeval {shlex.join(one.arguments)}")
    if found.place.executor == "slurm":
        for one, script in slurm_jobs.scripts(plan, TaskFolder(found.output), found.place):
            say(f"\n# {one.name}\n{script}")


def _show_status(found: "Sweep") -> bool:
    """Print a table of the runs; returns whether all are complete."""
    from xl_alpacaeval_metric.sweep import run, status, status_table
    from xl_alpacaeval_metric.sweep.executors import slurm_jobs
    from xl_alpacaeval_metric.sweep.judging import judges
    from xl_alpacaeval_metric.sweep.missing import Missing
    from xl_alpacaeval_metric.sweep.tasks import TaskFolder

    with judges.opened(found, asked=False) as opened:
        missing = Missing(found.judging)
        changed = run.changed(found, opened, missing, check_arguments)
        lines = list(status.lines(found, opened, missing, TaskFolder(found.output), slurm_jobs.Queue(), changed))
    return status_table.show_status(lines, found.output, terminal.console())
