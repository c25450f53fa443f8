"""The executor on a Ray cluster."""

import socket

from datatrove.executor.ray import RayPipelineExecutor

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline.executors import TaskProcessMixin, common, gpus
from xl_instruct_dataset.generate.pipeline.phases import Phase

PATIENCE = 10.0
"""Seconds for a Ray cluster to take a connection."""


class RayExecutor(TaskProcessMixin, RayPipelineExecutor):  # type: ignore[misc]
    """datatrove's Ray executor."""


def executor(job: Job, phase: Phase) -> RayExecutor:
    """The executor of a phase; connects to the cluster.

    Raises UserError without Ray or its cluster.
    """
    try:
        import ray
    except ModuleNotFoundError:
        raise UserError("--executor ray needs Ray; install it with pip install 'ray[default]'") from None
    address = job.settings.ray_address
    if not ray.is_initialized():
        try:
            ray.init(address=address or None, log_to_driver=False, ignore_reinit_error=True)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UserError(f"no Ray cluster at {address!r} ({type(error).__name__})") from None
    return RayExecutor(
        phase.steps(job),
        workers=job.settings.workers,
        cpus_per_task=1,
        mem_per_cpu_gb=1,
        gpus_per_task=gpus(job, phase),
        **common(job, phase),
    )


def check(settings: Settings) -> None:
    """Raises UserError where nothing listens at the address of the Ray cluster.

    Ray itself would try for minutes.
    """
    if settings.ray_address in ("", "auto", "local"):
        return
    host, colon, port = settings.ray_address.removeprefix("ray://").rpartition(":")
    try:
        if not (colon and host):
            raise ValueError
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except OSError as error:
        reason = error.strerror or str(error)
    except (ValueError, OverflowError):
        reason = "an address is HOST:PORT or ray://HOST:PORT"
    else:
        return
    raise UserError(f"no Ray cluster at {settings.ray_address!r} ({reason})")
