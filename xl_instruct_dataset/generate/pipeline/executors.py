"""What the executors on this machine, on Ray and under Slurm have in common.

Each is datatrove's; a task that it has finished is not done again.
"""

from typing import Any

from xl_instruct_dataset.generate.config.work_folder import LOGS
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline.phases import Phase
from xl_instruct_dataset.generate.process import task_process


def common(job: Job, phase: Phase) -> dict[str, Any]:
    """The arguments that all executors take."""
    return {"tasks": phase.tasks(job), "logging_dir": logging_dir(job, phase)}


def logging_dir(job: Job, phase: Phase) -> str:
    """Where datatrove keeps the logs of a phase, and which tasks are finished."""
    return str(job.work / LOGS / phase.name)


def gpus(job: Job, phase: Phase) -> int:
    """The GPUs that a task of the phase needs: those of the server that it starts."""
    return 0 if phase.model is None or phase.model.served else job.settings.gpus


class TaskProcessMixin:
    """For an executor whose tasks run in processes of their own.

    To be named before datatrove's class among the bases.
    """

    def _run_for_rank(self, *arguments: Any, **named: Any) -> Any:
        with task_process():
            return super()._run_for_rank(*arguments, **named)  # type: ignore[misc]
