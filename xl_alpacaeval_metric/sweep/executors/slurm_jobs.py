"""The tasks of a sweep as jobs of Slurm."""

from collections.abc import Callable

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.sweep.plan import Plan
from xl_alpacaeval_metric.sweep.settings import PlaceSettings
from xl_alpacaeval_metric.sweep.tasks import TaskFolder


class Queue:
    """Whether jobs wait or run."""

    def __call__(self, job: str) -> bool:
        return True


def submit(plan: Plan, folder: TaskFolder, place: PlaceSettings, say: Callable[[str], None]) -> None:
    """Submit the tasks of a plan."""
    raise UserError("--executor slurm is not there yet")
