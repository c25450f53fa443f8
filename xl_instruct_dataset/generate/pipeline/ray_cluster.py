"""The executor on a Ray cluster."""

import tempfile
from typing import Any

from datatrove.executor.ray import RayPipelineExecutor

from xl_alpacaeval_metric.machine import ray_cluster
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline.executors import TaskProcessMixin, common, gpus
from xl_instruct_dataset.generate.pipeline.phases import Phase


class RayExecutor(TaskProcessMixin, RayPipelineExecutor):  # type: ignore[misc]
    """datatrove's Ray executor, with the logs of each running task in a folder of its own.

    datatrove keeps them in one folder of the machine until the task ends, which belongs to the
    first user who had it, and where jobs write into each other's files.
    """

    def _run_for_rank(self, *arguments: Any, **named: Any) -> Any:
        before = tempfile.tempdir
        with tempfile.TemporaryDirectory(prefix="xl-instruct-", ignore_cleanup_errors=True) as folder:
            tempfile.tempdir = folder
            try:
                return super()._run_for_rank(*arguments, **named)
            finally:
                tempfile.tempdir = before


def executor(job: Job, phase: Phase) -> RayExecutor:
    """The executor of a phase; connects to the cluster.

    Raises UserError without Ray or its cluster.
    """
    ray_cluster.connected(job.settings.ray_address)
    return RayExecutor(
        phase.steps(job),
        workers=job.settings.workers,
        cpus_per_task=1,
        mem_per_cpu_gb=1,
        gpus_per_task=gpus(job, phase),
        **common(job, phase),
    )
