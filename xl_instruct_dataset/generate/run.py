"""The plan of a job, carried out on this machine or on Ray; what is finished is not done again."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from datatrove.executor.base import PipelineExecutor

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.lock import FolderLock
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.languages import identify
from xl_alpacaeval_metric.machine import ray_cluster
from xl_alpacaeval_metric.progress import Notify, Progress, unheard
from xl_alpacaeval_metric.terminal import counted_of
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.inference import comet, task_progress
from xl_instruct_dataset.generate.inference.errors import reason_of
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline import executors, local_machine, shards
from xl_instruct_dataset.generate.pipeline.compare_phase import ComparePhase
from xl_instruct_dataset.generate.pipeline.phases import AskPhase, Phase, ShardPhase
from xl_instruct_dataset.generate.pipeline.plan import AnyPhase, plan
from xl_instruct_dataset.generate.preflight import preflight
from xl_instruct_dataset.generate.seeds import sources
from xl_instruct_dataset.generate.seeds.prepare import load_counts, prepare_seeds, stream_seeds
from xl_instruct_dataset.generate.selection.tally import Outcome
from xl_instruct_dataset.quality.minhash import SignatureCache

BACKGROUND_DELAY = 1.0
"""Seconds after which the first requests are on their way, and other things can be loaded."""


def run(settings: Settings, output: Path, progress: Progress, notify: Notify = unheard) -> Outcome:
    """Generate the Hub folder `output` on the local or the Ray executor.

    Killed at any point, the same call continues; what was damaged meanwhile is made again, and
    `notify` is told a line about it. Raises UserError where the models do not answer,
    the seeds cannot be read, the work folder is another job's, or documents are left unanswered;
    what is done is kept.
    """
    in_process = local_machine.can_stream(settings)
    job = Job(settings, output, progress, notify, signatures=SignatureCache() if in_process else None)
    _check(job)
    with ThreadPoolExecutor(1) as loader:
        # While the endpoints are waited for.
        index = loader.submit(lambda: job.index)
        loader.submit(_load_first, job)
        if not work_folder.finished(settings, job.work):
            job.capabilities = preflight(job)
        index.result()
    with FolderLock(job.work), _loading_later(job), _closing_comet(job):
        return _carry_out(job, in_process)


def _check(job: Job) -> None:
    hub_folder.check_replaceable(job.output)
    if job.settings.executor == "ray":
        ray_cluster.check(job.settings.ray_address)
    sources.check(job.settings)


def _carry_out(job: Job, in_process: bool) -> Outcome:
    phases = plan(job)
    if in_process and work_folder.new(job.work):
        _stream(job, phases.answers[0])
    else:
        prepare_seeds(job)
    for phase in phases.before_export:
        _run_phase(job, phase)
    job.progress(phases.export.activity, 0, 1)
    outcome = phases.export.run(job)
    job.progress(phases.export.activity, 1, 1)
    return outcome


def _stream(job: Job, phase: AskPhase) -> None:
    """Run the first phase over the seeds while they are found."""
    with stream_seeds(job) as seeds:
        _execute(job, phase, local_machine.streaming_executor(job, phase, seeds), job.settings.wanted_passages)


def _run_phase(job: Job, phase: AnyPhase) -> None:
    """Run a phase to its end."""
    if isinstance(phase, ShardPhase):
        shards.refresh(job.work, phase.name, phase.reads, job.shards)
        for line in shards.forget_damaged(job.work, phase.name, job.shards):
            job.notify(line)
        _execute(job, phase, _executor(job, phase), load_counts(job).count)
    elif isinstance(phase, ComparePhase):
        shards.forget(job.work, phase.name)
        _execute(job, phase, _executor(job, phase), phase.parts(job))
    else:
        for line in phase.damaged(job):
            job.notify(line)
        job.progress(phase.activity, 0, 1)
        phase.run(job)
        job.progress(phase.activity, 1, 1)


def _executor(job: Job, phase: Phase) -> PipelineExecutor:
    if job.settings.executor == "ray":
        from xl_instruct_dataset.generate.pipeline import ray_cluster as ray_executor

        return ray_executor.executor(job, phase)
    return local_machine.executor(job, phase)


def _execute(job: Job, phase: Phase, executor: PipelineExecutor, count: int) -> None:
    """Run the tasks of a phase over `count` documents.

    Raises UserError in one line for what went wrong in a task.
    """
    progress = job.work / work_folder.PROGRESS
    with task_progress.watched(progress, phase.name, count, job.progress):
        try:
            executor.run()
        except UserError as error:
            raise UserError(f"{phase.name}: {error}") from None
        except Exception as error:
            logs = executors.logging_dir(job, phase)
            raise UserError(f"{phase.name}: {reason_of(error)}; see {logs}") from None
    left = executor.get_incomplete_ranks(skip_completed=True)
    if left and (problem := task_progress.problem(progress, phase.name)):
        raise UserError(f"{phase.name}: {problem}")
    if left:
        raise UserError(
            f"{phase.name}: {counted_of(len(left), executor.world_size, 'task')} not finished; "
            f"{job.work / work_folder.LOG} says why, the same command goes on"
        )


def _load_first(job: Job) -> None:
    """Load what looking at the first passage needs."""
    import datasketch  # noqa: F401

    identify.matches(["A few words, to have the models loaded."], job.settings.source)


@contextmanager
def _loading_later(job: Job) -> Iterator[None]:
    """Load in the background what later phases need, since it takes seconds.

    Not before the first requests are on their way.
    """

    def load() -> None:
        import datasets  # noqa: F401
        import pyarrow.parquet  # noqa: F401

        job.index.prepare()

    later = threading.Timer(BACKGROUND_DELAY, load)
    later.daemon = True
    later.start()
    try:
        yield
    finally:
        later.cancel()


@contextmanager
def _closing_comet(job: Job) -> Iterator[None]:
    """Stop this process's CometKiwi, where the job has one, at the end of the block."""
    try:
        yield
    finally:
        if job.settings.select == "cometkiwi":
            comet.process_scorer(job.settings.comet_python, job.settings.comet_model).close()
