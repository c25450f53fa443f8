"""The job as a chain of Slurm jobs: each phase starts when the one before it has ended well."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.lock import FolderLock
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.progress import silent
from xl_instruct_dataset.generate import job, preflight, report
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.pipeline import executors, phases, shards
from xl_instruct_dataset.generate.pipeline.phases import Phase
from xl_instruct_dataset.generate.seeds import sources
from xl_instruct_dataset.generate.selection import answers


@dataclass(frozen=True)
class ChooseStep:
    """Choosing, as the one task of a Slurm job."""

    settings: Settings
    work: Path
    shards: int

    def __call__(self, data: Any = None, rank: int = 0, world_size: int = 1) -> None:
        index = preflight.benchmark_index(self.settings)
        read, write = self.work / phases.answers(self.settings), self.work / phases.CHOSEN
        answers.choose(self.settings, read, write, self.shards, index)


@dataclass(frozen=True)
class FinishStep:
    """Filtering, the Hub folder and the report, as the one task of a Slurm job."""

    settings: Settings
    work: Path
    output: Path
    shards: int

    def __call__(self, data: Any = None, rank: int = 0, world_size: int = 1) -> None:
        index = preflight.benchmark_index(self.settings)
        _, unused = preflight.prepared(self.settings, self.work)
        outcome = job.finish(self.settings, self.work, self.output, self.shards, index, unused, silent)
        report.write(self.settings, outcome, self.output)


def submit(settings: Settings, output: Path, dry_run: bool) -> Iterator[str]:
    """Submit the chain, or with `dry_run` yield its scripts; the seeds are made here, first. Raises UserError without sbatch."""
    import shutil

    executors.slurm_arguments(settings)
    sources.check(settings)
    if not dry_run and shutil.which("sbatch") is None:
        raise UserError(
            "--executor slurm: there is no sbatch here; run it on a login node, or add --dry-run to see the scripts"
        )
    work, output = work_folder.of(output).resolve(), output.resolve()
    hub_folder.check_replaceable(output)
    with FolderLock(work):
        preflight.begun(settings, work)
    number = shards.total(work / phases.SEEDS)
    chain = [
        *((phase, number) for phase in phases.answer_phases(settings, {})),
        (_single("choose", ChooseStep(settings, work, number)), 1),
        *((phase, number) for phase in phases.translation_phases(settings, {})),
        (_single("finish", FinishStep(settings, work, output, number)), 1),
    ]
    before, earlier = None, ""
    _forget_stale(work, chain)
    for phase, tasks in chain:
        before = executors.executor(settings, work, phase, tasks, before)
        if dry_run:
            after = f", once {earlier} has ended well (--dependency=afterok)" if earlier else ""
            yield f"# {phase.name}: {tasks} task{'s' if tasks > 1 else ''}{after}\n{executors.script(before)}"
            earlier = phase.name
    if not dry_run and before is not None:
        before.run()
        yield f"submitted {len(chain)} jobs; logs, and in the end report.md, in {work}"


def _forget_stale(work: Path, chain: Sequence[tuple[Phase, int]]) -> None:
    """Have everything done again that stands behind something unfinished, or behind other seeds."""
    first, number = chain[0]
    shards.refresh(work, first.name, first.reads, number)
    missing: set[int] = set()
    for phase, tasks in chain:
        if tasks != number and missing:
            missing = set(range(number))
        for rank in range(tasks):
            file = shards.completion(work, phase.name, rank)
            if rank in missing:
                file.unlink(missing_ok=True)
            elif not file.exists():
                missing |= {rank} if tasks == number else set(range(number))


def _single(name: str, step: Callable[..., Any]) -> Phase:
    return Phase(name, "", lambda _folder: [step])
