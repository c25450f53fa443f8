"""Where the tasks of a phase run: here, on a Ray cluster, or under Slurm; datatrove's executors in each case."""

import os
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache, partial
from inspect import signature
from pathlib import Path
from typing import Any, TextIO

from datatrove.executor.local import LocalPipelineExecutor

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.generate.pipeline.phases import Phase
from xl_instruct_dataset.generate.pipeline.shards import SeedReader, note
from xl_instruct_dataset.generate.seeds.producer import SeedProducer

SLURM_NEEDS = ("partition", "time")
_TIME = re.compile(r"\d+(?::\d{1,2}){0,2}|\d+-\d{1,2}(?::\d{1,2}){0,2}|infinite|unlimited", re.IGNORECASE)
PATIENCE = 10.0
"""Seconds for a Ray cluster to take a connection."""
OURS = {"pipeline", "tasks", "logging_dir", "workers", "job_name", "gpus_per_task", "depends", "depends_job_id"}
OURS |= {"slurm_logs_folder", "skip_completed"}
"""Arguments of datatrove's Slurm executor that this project sets."""


def executor(settings: Settings, folder: Path, phase: Phase, shards: int, depends: Any = None) -> Any:
    """datatrove's executor for one phase; a shard that it has finished is not done again.

    Raises UserError for settings that the executor lacks, and without Ray.
    """
    common = {"pipeline": phase.steps(folder), "tasks": shards, "logging_dir": str(folder / "logs" / phase.name)}
    gpus = settings.gpus if phase.model is not None and phase.model.backend != "openai" else 0
    match settings.executor:
        case "ray":
            return _ray(settings, common, gpus)
        case "slurm":
            return _slurm(settings, folder, phase, common, gpus, depends)
        case _:
            if flows(settings):
                return SequentialExecutor(**common)
            _tie_children()
            return LocalPipelineExecutor(**common, workers=settings.workers)


class SequentialExecutor(LocalPipelineExecutor):  # type: ignore[misc]
    """datatrove's local executor for one task at a time, without the process that numbers its workers.

    That process would outlive a killed command.
    """

    def run(self) -> None:
        """Run the tasks that are not finished, in the order of their ranks."""
        ranks = self.get_incomplete_ranks()
        if ranks:
            self.save_executor_as_json()
        for rank in ranks:
            deepcopy(self)._run_for_rank(rank)


class StreamingExecutor(SequentialExecutor):
    """The same over seeds that are still being made: a task for each shard, until there are no more passages."""

    def __init__(self, making: SeedProducer, **common: Any) -> None:
        # A task that is passed over would leave its shard to the next.
        super().__init__(**common, skip_completed=False)
        self.making = making

    def run(self) -> None:
        """Run the tasks of the shards in the order in which they are made; `tasks` is their number in the end."""
        self.save_executor_as_json()
        self.tasks = 0
        while self.making.more():
            self.tasks += 1
            deepcopy(self)._run_for_rank(self.tasks - 1)


def flows(settings: Settings) -> bool:
    """Whether the first phase can read seeds while they are made: where its tasks run in this process, one after the other."""
    return settings.executor == "local" and settings.workers == 1


def flowing(folder: Path, phase: Phase, making: SeedProducer) -> StreamingExecutor:
    """The executor for the first phase, where `flows`."""
    _, asking = phase.steps(folder)
    asking.failed = making.stop  # type: ignore[union-attr]
    reader = SeedReader(making, partial(note, folder, phase.name, phase.reads))
    return StreamingExecutor(making, pipeline=[reader, asking], tasks=1, logging_dir=str(folder / "logs" / phase.name))


@cache
def _tie_children() -> None:
    """Have forked processes, such as the one in which datatrove numbers its workers, end with this one, where the system can."""
    if sys.platform.startswith("linux"):
        import ctypes

        prctl, death, kill = ctypes.CDLL(None).prctl, 1, 9
        os.register_at_fork(after_in_child=lambda: prctl(death, kill))


def check(settings: Settings) -> None:
    """Raises UserError where nobody listens at the address of the Ray cluster: Ray itself would try for minutes."""
    host, colon, port = settings.ray_address.removeprefix("ray://").rpartition(":")
    if settings.executor != "ray" or settings.ray_address in ("", "auto", "local"):
        return
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


def _ray(settings: Settings, common: dict[str, Any], gpus: int) -> Any:
    try:
        import ray
    except ModuleNotFoundError:
        raise UserError("--executor ray needs Ray; install it with pip install 'ray[default]'") from None
    from datatrove.executor.ray import RayPipelineExecutor

    if not ray.is_initialized():
        try:
            ray.init(address=settings.ray_address or None, log_to_driver=False, ignore_reinit_error=True)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UserError(f"no Ray cluster at {settings.ray_address!r} ({type(error).__name__})") from None
    return RayPipelineExecutor(
        **common, workers=settings.workers, cpus_per_task=1, mem_per_cpu_gb=1, gpus_per_task=gpus
    )


def _slurm(settings: Settings, folder: Path, phase: Phase, common: dict[str, Any], gpus: int, depends: Any) -> Any:
    from datatrove.executor.slurm import SlurmPipelineExecutor

    given = slurm_arguments(settings)
    return SlurmPipelineExecutor(
        **common,
        workers=settings.workers,
        job_name=f"xl-{phase.name}",
        gpus_per_task=gpus,
        depends=depends,
        env_command=given.pop("env_command", None) or f"export PATH={Path(sys.executable).parent}:$PATH",
        slurm_logs_folder=str(folder / "logs" / phase.name / "slurm"),
        mail_user=given.pop("mail_user", None),
        **given,
    )


def slurm_arguments(settings: Settings) -> dict[str, Any]:
    """The settings' `slurm` as datatrove's executor takes it; raises UserError for what is missing or unknown."""
    from datatrove.executor.slurm import SlurmPipelineExecutor

    given = {name: value for name, value in settings.slurm.items() if name != "gpus"}
    if missing := [name for name in SLURM_NEEDS if not given.get(name)]:
        raise UserError(f"--executor slurm needs {', '.join(f'--slurm {name}=...' for name in missing)}")
    if not _TIME.fullmatch(str(given["time"])):
        raise UserError(f"--slurm time={given['time']} is no time limit; write HH:MM:SS or DAYS-HH:MM:SS")
    known = [name for name in signature(SlurmPipelineExecutor).parameters if name not in OURS]
    if unknown := [name for name in given if name not in known]:
        raise UserError(f"--slurm {unknown[0]} is unknown; there are gpus, {', '.join(known)}")
    return given


def script(made: Any) -> str:
    """The sbatch script of a Slurm executor."""
    folder = made.logging_dir.resolve_paths("executor.pik")
    return str(
        made.get_launch_file_contents(made.get_sbatch_args(made.tasks), f"srun -l launch_pickled_pipeline {folder}")
    )


@contextmanager
def stderr_into(file: Path) -> Iterator[TextIO]:
    """Have all that this process and those it starts write to standard error go into a file; yields the old standard error."""
    sys.stderr.flush()
    shown = os.fdopen(os.dup(2), "w", encoding="utf-8", errors="replace")
    file.parent.mkdir(parents=True, exist_ok=True)
    old = sys.stderr
    with file.open("a", encoding="utf-8") as log:
        os.dup2(log.fileno(), 2)
        sys.stderr = log
        try:
            yield shown
        finally:
            sys.stderr = old
            os.dup2(shown.fileno(), 2)
            shown.flush()
            # Not closed while a progress bar may still hold it: it goes with the last who does.
