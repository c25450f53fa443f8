"""The command that generates data."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from typer.exceptions import Exit

from xl_alpacaeval_metric import terminal
from xl_alpacaeval_metric.cli.options.settings import with_settings
from xl_alpacaeval_metric.cli.progress import ProgressLine
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.terminal import say
from xl_instruct_dataset.cli.hub import app
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.process import stderr_into, tuned_interpreter


@app.command("generate")
@with_settings(Settings)
@tuned_interpreter()
def generate(
    settings: dict[str, object],
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="All of this as YAML; flags go over it")] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Say what it would take, and ask no model")] = False,
    rate: Annotated[
        float | None, typer.Option(min=0.1, help="Completion tokens a second, for --estimate's hours")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Under Slurm: print the scripts, submit nothing")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit code 1 where a language has fewer rows than --per-language")
    ] = False,
) -> None:
    """Make cross-lingual instruction data: passages in, a Hub folder out.

    The same command goes on where it stopped.
    """
    from xl_alpacaeval_metric.files import destinations
    from xl_instruct_dataset.generate import check
    from xl_instruct_dataset.generate.config import file as settings_file
    from xl_instruct_dataset.generate.config import work_folder

    check()
    resolved = settings_file.load(config, settings)
    on_slurm = resolved.executor == "slurm"
    for flag, useless, needs in (
        ("--dry-run", dry_run and not on_slurm, "--executor slurm; --estimate says what a job takes"),
        ("--slurm", "slurm" in settings and not on_slurm, "--executor slurm"),
        ("--rate", rate is not None and not estimate, "--estimate"),
    ):
        if useless:
            raise UserError(f"{flag} does nothing without {needs}")
    folder = Path(resolved.output)
    if estimate:
        _estimate(resolved, rate)
        return
    destinations.writable_folder(work_folder.of(destinations.writable_folder(folder)))
    if on_slurm:
        _slurm(resolved, folder, dry_run)
    else:
        _run(resolved, folder, strict)


def _run(settings: Settings, output: Path, strict: bool) -> None:
    from xl_alpacaeval_metric.hub import folder as hub_folder
    from xl_instruct_dataset.generate import page, report, run
    from xl_instruct_dataset.generate.config import work_folder

    work = work_folder.of(output)
    hub_folder.check_replaceable(output)
    with (
        work_folder.log(output) as file,
        stderr_into(file) as shown,
        ProgressLine(work, stream=shown) as progress,
    ):
        outcome = run.run(settings, output, progress, progress.notify)
    report.show(outcome, terminal.console())
    say(f"report: {report.file(work)}")
    say(f"page: {page.file(work)}")
    say(f"rejects: {work / work_folder.REJECTS}")
    if not outcome.written:
        say(f"xl-instruct: no row was kept, so there is no {output}; the rejects say why", error=True)
        raise Exit(1)
    first = next(iter(outcome.written))
    say(f'{output}: load_dataset("{output}", "{first}")')
    if outcome.short and strict:
        short = ", ".join(f"{target} has {count}" for target, count in outcome.short.items())
        say(f"xl-instruct: fewer rows than the {settings.wanted_rows} wanted: {short}", error=True)
        raise Exit(1)


def _estimate(settings: Settings, rate: float | None) -> None:
    from xl_instruct_dataset.generate import estimate, report
    from xl_instruct_dataset.generate.seeds import producer, sources

    for line in sources.notes(settings):
        _warn(line)
    with TemporaryDirectory(prefix="xl-estimate-") as folder:
        count = producer.produce(settings, Path(folder)).count
        report.show_estimate(estimate.estimate(settings, Path(folder), count), count, rate, terminal.console())


def _slurm(settings: Settings, output: Path, dry_run: bool) -> None:
    from xl_instruct_dataset.generate import slurm_chain
    from xl_instruct_dataset.generate.job import Job

    for line in slurm_chain.submit(Job(settings, output, notify=_warn), dry_run):
        say(line)


def _warn(line: str) -> None:
    say(line, error=True)
