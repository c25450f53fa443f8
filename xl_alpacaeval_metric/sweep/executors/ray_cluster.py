"""The tasks of a sweep on a Ray cluster, whose nodes see the sweep's folder."""

import os
from collections.abc import Callable
from typing import Any

from xl_alpacaeval_metric.machine import ray_cluster
from xl_alpacaeval_metric.sweep.executors.local import ended_line
from xl_alpacaeval_metric.sweep.plan import Plan
from xl_alpacaeval_metric.sweep.settings import PlaceSettings
from xl_alpacaeval_metric.sweep.tasks import PACKAGES, Task, TaskFolder
from xl_alpacaeval_metric.sweep.tasks import run as run_here

SECONDS_BETWEEN_LOOKS = 1.0


def run(plan: Plan, folder: TaskFolder, place: PlaceSettings, say: Callable[[str], None]) -> None:
    """Run the tasks of a plan; leaving by an exception cancels those that run.

    Raises UserError without Ray or its cluster.
    """
    paths = os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH", ""), str(PACKAGES))))
    ray = ray_cluster.connected(place.ray_address, runtime_env={"env_vars": {"PYTHONPATH": paths}})
    has_gpus = ray.cluster_resources().get("GPU", 0) > 0

    def submit(task: Task, cpus: float) -> Any:
        options = {"num_cpus": cpus, "num_gpus": task.gpus if has_gpus else 0, "max_retries": 0}
        say(f"{task.name}: submitted; log {folder.log(task.name)}")
        return ray.remote(_run).options(**options).remote(task, folder, os.getcwd())

    try:
        # What waits for answers takes no CPU: it must not keep them from being made.
        asking = {submit(plan.ask, 0): plan.ask.name} if plan.ask is not None else {}
        left = {submit(task, 1): task.name for task in plan.answers}
        _wait(ray, {**left, **asking}, folder, say)
        if plan.finish is not None:
            _wait(ray, {submit(plan.finish, 1): plan.finish.name}, folder, say)
    finally:
        ray.shutdown()


def _wait(ray: Any, left: dict[Any, str], folder: TaskFolder, say: Callable[[str], None]) -> None:
    while left:
        done, _ = ray.wait(list(left), timeout=SECONDS_BETWEEN_LOOKS)
        for one in done:
            name = left.pop(one)
            try:
                ray.get(one)
            except ray.exceptions.RayError as error:
                record = folder.record(name)
                known = {} if record is None else {"host": record.host, "started": record.started}
                folder.write(name, "failed", **known, reason=f"Ray: {type(error).__name__}")
            say(ended_line(name, folder.record(name)))


def _run(task: Task, folder: TaskFolder, cwd: str) -> None:
    """Run a task in a worker of Ray's."""
    run_here(task, folder, cwd=cwd)
