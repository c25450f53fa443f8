"""The executor on a Ray cluster."""

from datatrove.executor.ray import RayPipelineExecutor

from xl_alpacaeval_metric.machine import ray_cluster
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline.executors import TaskProcessMixin, common, gpus
from xl_instruct_dataset.generate.pipeline.phases import Phase


class RayExecutor(TaskProcessMixin, RayPipelineExecutor):  # type: ignore[misc]
    """datatrove's Ray executor."""


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
