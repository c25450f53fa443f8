"""The executors on this machine: in this process, or in worker processes."""

from collections.abc import Callable
from typing import Any

from datatrove.executor.local import LocalPipelineExecutor

from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline.executors import TaskProcessMixin, common, logging_dir
from xl_instruct_dataset.generate.pipeline.phases import AskPhase, Phase, Steps
from xl_instruct_dataset.generate.pipeline.worker_pool import run_in_workers
from xl_instruct_dataset.generate.seeds.producer import SeedProducer


def can_stream(settings: Settings) -> bool:
    """Whether the first phase can read seeds while they are found.

    It can where tasks run in this process, one after another.
    """
    return settings.executor == "local" and settings.workers == 1


def executor(job: Job, phase: Phase) -> LocalPipelineExecutor:
    """The executor of a phase."""
    if can_stream(job.settings):
        return SequentialExecutor(lambda: phase.steps(job), **common(job, phase))
    return PoolExecutor(phase.steps(job), workers=job.settings.workers, **common(job, phase))


def streaming_executor(job: Job, phase: AskPhase, seeds: SeedProducer) -> "StreamingExecutor":
    """The executor of the first phase over seeds that are still being found."""
    return StreamingExecutor(seeds, lambda: phase.streaming_steps(job, seeds), logging_dir=logging_dir(job, phase))


class PoolExecutor(TaskProcessMixin, LocalPipelineExecutor):  # type: ignore[misc]
    """Several tasks at a time, in worker processes.

    Without the pool of datatrove's own, which waits for a killed worker for ever, and the process
    in which it numbers the workers, which would outlive a killed command.
    """

    def run(self) -> None:
        """Run the tasks that are not finished; raises the first error of a task."""
        ranks = self.get_incomplete_ranks()
        if not ranks:
            return
        self.save_executor_as_json()
        run_in_workers(self._run_for_rank, ranks, self.workers, self.start_method)


class SequentialExecutor(LocalPipelineExecutor):  # type: ignore[misc]
    """One task at a time, in this process.

    Each task has steps of its own, since a step counts its documents.
    """

    def __init__(self, make_steps: Callable[[], Steps], **arguments: Any) -> None:
        super().__init__(make_steps(), **arguments)
        self._make_steps = make_steps

    def run(self) -> None:
        """Run the tasks that are not finished, in the order of their ranks."""
        ranks = self.get_incomplete_ranks()
        if ranks:
            self.save_executor_as_json()
        for rank in ranks:
            self._run_task(rank)

    def _run_task(self, rank: int) -> None:
        self.pipeline = self._make_steps()
        self._run_for_rank(rank)


class StreamingExecutor(SequentialExecutor):
    """One task after another over seeds that are still being found, until there are no more."""

    def __init__(self, seeds: SeedProducer, make_steps: Callable[[], Steps], **arguments: Any) -> None:
        # Finished tasks are not skipped: the task after a skipped one would get its shard.
        super().__init__(make_steps, tasks=1, skip_completed=False, **arguments)
        self.seeds = seeds

    def run(self) -> None:
        """Run a task for each shard; `tasks` is their number in the end."""
        self.save_executor_as_json()
        self.tasks = 0
        while self.seeds.more():
            self.tasks += 1
            self._run_task(self.tasks - 1)
