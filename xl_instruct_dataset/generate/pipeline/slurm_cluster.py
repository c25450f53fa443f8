"""The executor under Slurm, and its arguments."""

import re
import sys
from inspect import signature
from pathlib import Path
from typing import Any

from datatrove.executor.slurm import SlurmPipelineExecutor

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.job import Job
from xl_instruct_dataset.generate.pipeline.executors import TaskProcessMixin, common, gpus, logging_dir
from xl_instruct_dataset.generate.pipeline.phases import Phase

REQUIRED = ("partition", "time")
_TIME = re.compile(r"\d+(?::\d{1,2}){0,2}|\d+-\d{1,2}(?::\d{1,2}){0,2}|infinite|unlimited", re.IGNORECASE)
OURS = {"pipeline", "tasks", "logging_dir", "workers", "job_name", "gpus_per_task", "depends", "depends_job_id"}
OURS |= {"slurm_logs_folder", "skip_completed"}
"""Arguments of datatrove's Slurm executor that this project sets."""


class SlurmExecutor(TaskProcessMixin, SlurmPipelineExecutor):  # type: ignore[misc]
    """datatrove's Slurm executor."""


def executor(job: Job, phase: Phase, depends: SlurmExecutor | None) -> SlurmExecutor:
    """The executor of a phase, which starts once `depends` has ended well."""
    given = arguments(job.settings)
    return SlurmExecutor(
        pipeline=phase.steps(job),
        workers=job.settings.workers,
        job_name=f"xl-{phase.name}",
        gpus_per_task=gpus(job, phase),
        depends=depends,
        env_command=given.pop("env_command", None) or f"export PATH={Path(sys.executable).parent}:$PATH",
        slurm_logs_folder=f"{logging_dir(job, phase)}/slurm",
        mail_user=given.pop("mail_user", None),
        **common(job, phase),
        **given,
    )


def arguments(settings: Settings) -> dict[str, Any]:
    """The settings' `slurm` as datatrove's executor takes it.

    Raises UserError for what is missing or unknown.
    """
    given = {name: value for name, value in settings.slurm.items() if name != "gpus"}
    if missing := [name for name in REQUIRED if not given.get(name)]:
        raise UserError(f"--executor slurm needs {', '.join(f'--slurm {name}=...' for name in missing)}")
    if not _TIME.fullmatch(str(given["time"])):
        raise UserError(f"--slurm time={given['time']} is no time limit; write HH:MM:SS or DAYS-HH:MM:SS")
    known = [name for name in signature(SlurmPipelineExecutor).parameters if name not in OURS]
    if unknown := [name for name in given if name not in known]:
        raise UserError(f"--slurm {unknown[0]} is unknown; there are gpus, {', '.join(known)}")
    return given


def script(executor: SlurmExecutor) -> str:
    """The sbatch script of an executor."""
    pickled = executor.logging_dir.resolve_paths("executor.pik")
    command = f"srun -l launch_pickled_pipeline {pickled}"
    return str(executor.get_launch_file_contents(executor.get_sbatch_args(executor.tasks), command))
