"""The plan of a job as a chain of Slurm jobs; each starts when the one before has ended well."""

import shutil
from collections.abc import Iterator
from itertools import chain
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import read_json, write_json
from xl_alpacaeval_metric.files.lock import FolderLock
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.slurm import options, queue
from xl_alpacaeval_metric.terminal import counted
from xl_instruct_dataset.generate.config.work_folder import LOGS
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline import shards
from xl_instruct_dataset.generate.pipeline.compare_phase import ComparePhase
from xl_instruct_dataset.generate.pipeline.phases import ShardPhase
from xl_instruct_dataset.generate.pipeline.plan import AnyPhase, Plan, plan
from xl_instruct_dataset.generate.pipeline.slurm_cluster import SlurmExecutor, phase_script
from xl_instruct_dataset.generate.seeds import sources
from xl_instruct_dataset.generate.seeds.prepare import prepare_seeds

JOBS = "slurm-jobs.json"
"""The file, among the logs, with the ids of the jobs that were submitted last, by phase."""


def submit(job: Job, dry_run: bool) -> Iterator[str]:
    """Make the seeds and submit the chain; yields lines to print, with `dry_run` the scripts alone.

    A dry run of a new job leaves no work folder, which would hold the next call to its settings.
    Raises UserError without sbatch, where Slurm refuses a job, where jobs of the folder are in the
    queue already, and as `prepare_seeds` does.
    """
    site = options.site(job.settings.slurm)
    if "time" not in site.options:
        raise UserError("--executor slurm needs --slurm time=..., the time limit of a job, as in time=10:00:00")
    sources.check(job.settings)
    if not dry_run and not queue.available():
        raise UserError(
            "--executor slurm: there is no sbatch here; run it on a login node, or add --dry-run to see the scripts"
        )
    hub_folder.check_replaceable(job.output)
    is_new = not job.work.exists()
    largest_array = queue.largest_array()
    if not dry_run:
        _check(job, site)
    try:
        with FolderLock(job.work):
            prepare_seeds(job)
        phases = plan(job)
        yield from _forget_stale(job, phases)
        executors = {
            phase.name: SlurmExecutor(job, phase, site, largest_array) for phase in phases if not _needless(job, phase)
        }
        yield from _scripts(executors) if dry_run else _submitted(job, executors)
    finally:
        if dry_run and is_new:
            shutil.rmtree(job.work, ignore_errors=True)


def _check(job: Job, site: options.Site) -> None:
    """Have Slurm look at a script of each phase, and at the queue, before the seeds are made."""
    file = job.work / LOGS / JOBS
    before: dict[str, Any] = read_json(file) if file.exists() else {}
    if waiting := queue.unfinished(chain(*before.values())):
        raise UserError(
            f"{job.work}: jobs {', '.join(waiting)} of an earlier call wait or run; "
            f"let them end, or cancel them with: scancel {' '.join(waiting)}"
        )
    for phase in plan(job):
        queue.check(phase_script(job, phase, site, tasks=1))


def _scripts(executors: dict[str, SlurmExecutor]) -> Iterator[str]:
    before = ""
    for name, executor in executors.items():
        tasks = counted(executor.tasks, "task")
        after = f", once {before} has ended well (--dependency=afterok)" if before else ""
        yield f"# {name}: {tasks}{after}\n{executor.script(min(executor.tasks, executor.max_array_size))}"
        before = name


def _submitted(job: Job, executors: dict[str, SlurmExecutor]) -> Iterator[str]:
    jobs: dict[str, list[str]] = {}
    last: list[str] = []
    try:
        for name, executor in executors.items():
            if submitted := executor.submit(last):
                jobs[name] = last = submitted
                write_json(job.work / LOGS / JOBS, jobs)
    except BaseException:
        queue.cancel(list(chain(*jobs.values())))
        raise
    if not jobs:
        yield f"nothing is left to do; report.md is in {job.work}"
        return
    ids = list(chain(*jobs.values()))
    yield f"submitted {counted(len(ids), 'job')} ({', '.join(ids)}); logs, and in the end report.md, in {job.work}"


def _needless(job: Job, phase: AnyPhase) -> bool:
    """Whether it serves a phase that is finished."""
    return isinstance(phase, ComparePhase) and shards.completion(job.work, phase.serves.name, 0).exists()


def _forget_stale(job: Job, phases: Plan) -> Iterator[str]:
    """Have tasks done again whose input is not finished, or comes from other seeds.

    And those whose shard was damaged since, with a line about each.
    """
    first, every = phases.answers[0], set(range(job.shards))
    shards.refresh(job.work, first.name, first.reads, job.shards)
    unfinished: set[int] = set()
    for phase in phases:
        if isinstance(phase, ShardPhase):
            yield from shards.forget_damaged(job.work, phase.name, job.shards)
            for rank in every:
                file = shards.completion(job.work, phase.name, rank)
                if rank in unfinished:
                    file.unlink(missing_ok=True)
                elif not file.exists():
                    unfinished.add(rank)
        elif isinstance(phase, ComparePhase):
            shards.forget(job.work, phase.name)
        else:
            file = shards.completion(job.work, phase.name, 0)
            damaged = list(phase.damaged(job)) if file.exists() else []
            yield from damaged
            if unfinished or damaged:
                file.unlink(missing_ok=True)
            if not file.exists():
                unfinished = every
