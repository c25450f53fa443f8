"""The plan of a job as a chain of Slurm jobs; each starts when the one before has ended well."""

import shutil
from collections.abc import Iterator

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.lock import FolderLock
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline import shards, slurm_cluster
from xl_instruct_dataset.generate.pipeline.phases import ShardPhase
from xl_instruct_dataset.generate.pipeline.plan import Plan, plan
from xl_instruct_dataset.generate.seeds import sources
from xl_instruct_dataset.generate.seeds.prepare import prepare_seeds


def submit(job: Job, dry_run: bool) -> Iterator[str]:
    """Make the seeds and submit the chain; yields lines to print, with `dry_run` the scripts alone.

    Raises UserError without sbatch, and as `prepare_seeds` does.
    """
    slurm_cluster.arguments(job.settings)
    sources.check(job.settings)
    if not dry_run and shutil.which("sbatch") is None:
        raise UserError(
            "--executor slurm: there is no sbatch here; run it on a login node, or add --dry-run to see the scripts"
        )
    hub_folder.check_replaceable(job.output)
    with FolderLock(job.work):
        prepare_seeds(job)
    chain = plan(job)
    yield from _forget_stale(job, chain)
    executor, before = None, ""
    for phase in chain:
        executor = slurm_cluster.executor(job, phase, depends=executor)
        if dry_run:
            tasks = f"{executor.tasks} task{'s' if executor.tasks > 1 else ''}"
            after = f", once {before} has ended well (--dependency=afterok)" if before else ""
            yield f"# {phase.name}: {tasks}{after}\n{slurm_cluster.script(executor)}"
        before = phase.name
    if not dry_run and executor is not None:
        executor.run()  # It submits those that it depends on first.
        yield f"submitted {len(list(chain))} jobs; logs, and in the end report.md, in {job.work}"


def _forget_stale(job: Job, chain: Plan) -> Iterator[str]:
    """Have tasks done again whose input is not finished, or comes from other seeds.

    And those whose shard was damaged since, with a line about each.
    """
    first, every = chain.answers[0], set(range(job.shards))
    shards.refresh(job.work, first.name, first.reads, job.shards)
    unfinished: set[int] = set()
    for phase in chain:
        if isinstance(phase, ShardPhase):
            yield from shards.forget_damaged(job.work, phase.name, job.shards)
            for rank in every:
                file = shards.completion(job.work, phase.name, rank)
                if rank in unfinished:
                    file.unlink(missing_ok=True)
                elif not file.exists():
                    unfinished.add(rank)
        else:
            file = shards.completion(job.work, phase.name, 0)
            damaged = list(phase.damaged(job)) if file.exists() else []
            yield from damaged
            if unfinished or damaged:
                file.unlink(missing_ok=True)
            if not file.exists():
                unfinished = every
