"""The executor under Slurm: datatrove's tasks, as jobs that this project submits."""

import json
import os
from pathlib import Path
from typing import Any

import dill
from datatrove.executor.slurm import SlurmPipelineExecutor

from xl_alpacaeval_metric.slurm import queue
from xl_alpacaeval_metric.slurm.options import Needs, Site
from xl_alpacaeval_metric.slurm.script import script
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline.executors import TaskProcessMixin, common, gpus, logging_dir
from xl_instruct_dataset.generate.pipeline.phases import Phase

PICKLED = "executor.pik"
OFFSET = "RUN_OFFSET"
"""The variable by which datatrove's executor knows which job array of a phase it is in."""


class SlurmExecutor(TaskProcessMixin, SlurmPipelineExecutor):  # type: ignore[misc]
    """A phase as job arrays.

    datatrove's own scripts have no place for an account, a launcher or memory by node, and its
    second job for each phase, which adds up statistics, asks for the GPUs again.
    """

    def __init__(self, job: Job, phase: Phase, site: Site, largest_array: int) -> None:
        super().__init__(
            pipeline=phase.steps(job),
            workers=job.settings.workers,
            time="",
            partition="",
            max_array_size=largest_array,
            **common(job, phase),
        )
        self._job, self._phase, self._site = job, phase, site

    def script(self, tasks: int) -> str:
        """The script of a job array with so many tasks."""
        return phase_script(self._job, self._phase, self._site, tasks)

    def submit(self, after: list[str]) -> list[str]:
        """Submit the tasks that are not finished, to start once the jobs `after` have ended well.

        Returns the ids of the job arrays; there are none where nothing is left to do. Raises
        UserError where Slurm refuses, with no job of the phase left in the queue.
        """
        ranks = self.get_incomplete_ranks()
        if not ranks:
            return []
        logs(self._job, self._phase).mkdir(parents=True, exist_ok=True)
        with self.logging_dir.open(PICKLED, "wb") as file:
            dill.dump(self, file, fmode=dill.CONTENTS_FMODE)
        with self.logging_dir.open("ranks_to_run.json", "w") as file:
            json.dump(ranks, file)
        submitted: list[str] = []
        try:
            for first in range(0, len(ranks), self.max_array_size):
                tasks = min(self.max_array_size, len(ranks) - first)
                # Job arrays of one phase run after each other, so that `workers` holds for all.
                exports = {OFFSET: str(first // self.max_array_size)}
                submitted.append(queue.submit(self.script(tasks), after=[*after, *submitted[-1:]], exports=exports))
        except BaseException:
            queue.cancel(submitted)
            raise
        return submitted

    def get_distributed_env(self, node_rank: int = -1) -> Any:
        """As datatrove's, for one node, and without scontrol, which a container does not have."""
        needs = _needs(self._job, self._phase)
        return {
            "datatrove_node_ips": os.environ.get("SLURMD_NODENAME", "localhost"),
            "datatrove_cpus_per_task": needs.options()["cpus-per-task"],
            "datatrove_mem_per_cpu": "1",
            "datatrove_gpus_on_node": str(needs.gpus),
            "datatrove_executor": "SLURM",
        }


def phase_script(job: Job, phase: Phase, site: Site, tasks: int) -> str:
    """The script of a job array with so many of a phase's tasks."""
    pickled = f"{logging_dir(job, phase)}/{PICKLED}"
    return script(
        site,
        _needs(job, phase),
        [site.python, "-m", "datatrove.tools.launch_pickled_pipeline", pickled],
        name=f"xl-{phase.name}",
        logs=logs(job, phase),
        array=f"0-{tasks - 1}%{job.settings.workers}",
    )


def logs(job: Job, phase: Phase) -> Path:
    """The folder of what the jobs of a phase print."""
    return Path(logging_dir(job, phase)) / "slurm"


def _needs(job: Job, phase: Phase) -> Needs:
    return Needs(gpus=gpus(job, phase))
