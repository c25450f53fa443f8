"""A sweep from its file to its rankings; run again, it does what is missing."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import destinations, yaml_file
from xl_alpacaeval_metric.files.lock import FolderLock
from xl_alpacaeval_metric.machine import ray_cluster
from xl_alpacaeval_metric.models import source
from xl_alpacaeval_metric.models.arguments import ENDPOINTS
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.runs.answers.candidate import Candidate, check_backend
from xl_alpacaeval_metric.slurm import options, queue
from xl_alpacaeval_metric.sweep import collecting, commands, needs
from xl_alpacaeval_metric.sweep import plan as planning
from xl_alpacaeval_metric.sweep.executors import local, slurm_jobs
from xl_alpacaeval_metric.sweep.file import Run, Sweep
from xl_alpacaeval_metric.sweep.judging import judged_runs, judges
from xl_alpacaeval_metric.sweep.missing import Missing
from xl_alpacaeval_metric.sweep.plan import ASK, FINISH, Plan
from xl_alpacaeval_metric.sweep.tasks import ENDED, TaskFolder
from xl_alpacaeval_metric.terminal import counted

SECONDS_FOR_OTHERS = 30.0
"""For the processes of a sweep that was killed, which end with it, to end."""
Say = Callable[[str], None]
Check = Callable[[Sequence[str]], Candidate]
"""The candidate that arguments of `eval` describe; raises where the command line would."""


def planned(sweep: Sweep, check: Check) -> Plan:
    """What is missing; raises UserError for a sweep that cannot be run, before anything is."""
    here = [one.name for one in needs.loaded(sweep) if not one.at_endpoint]
    for name in (*here, *(one.judge.partition("/")[2] for one in sweep.judges if not one.is_endpoint)):
        source.check_place(name)
    if sweep.place.executor == "slurm":
        options.site(sweep.place.slurm, "slurm:")
    destinations.writable_folder(sweep.output)
    with judges.opened(sweep, cached=False) as opened:
        missing = Missing(sweep.judging)
        if faults := changed(sweep, opened, missing, check):
            more = f" (and {counted(len(faults) - 1, 'more run')})" if len(faults) > 1 else ""
            raise UserError(f"{next(iter(faults.values()))}{more}")
        plan = planning.plan(sweep, opened, missing)
    unanswered = {task.name for task in plan.answers}
    for model in (run.model for run in sweep.runs if run.name in unanswered and run.model.model in here):
        source.check_on_hub(model.model, model.model_args)
    return plan


def changed(sweep: Sweep, opened: judges.Judges, missing: Missing, check: Check) -> dict[str, str]:
    """The runs whose folders hold answers of other settings than the sweep's -> what differs.

    Raises UserError for a setting that `eval` would not take.
    """
    found = {}
    for run in sweep.runs:
        try:
            candidate = check(commands.answering(run, sweep.judging))
            candidate.check_settings()
            check_backend(candidate.backend)
            # On a cluster `auto` may choose another backend than here.
            if sweep.place.executor == "local" or not candidate.chosen or candidate.backend in ENDPOINTS:
                candidate.check_arguments()
        except UserError as error:
            raise UserError(f"model {run.model.model}: {error}") from None
        try:
            missing.refuse_changed(run, candidate, opened.settings(run.benchmark))
        except UserError as error:
            found[run.name] = str(error)
    return found


def start(sweep: Sweep, file: Path, check: Check, say: Say) -> Plan:
    """Do, or submit, what is missing; returns the plan.

    Raises UserError as `planned`, where the sweep's judges at endpoints do not answer, and where
    another process works on the sweep.
    """
    found = planned(sweep, check)
    if not found.tasks:
        return found
    folder = TaskFolder(sweep.output)
    _check_place(sweep, found, folder)
    with FolderLock(folder.path):
        if sweep.place.executor != "slurm":
            _wait_for_others(folder, [task.name for task in found.tasks])
        content = {**yaml_file.read_mapping(file), "output": str(sweep.output), "executor": sweep.place.executor}
        planning.write_copy(file, content, sweep.output)
        planning.note_answered(found, folder)
        if sweep.place.executor == "slurm":
            slurm_jobs.submit(found, folder, sweep.place, say)
            return found
        planning.note_waiting(found, folder)
        if sweep.place.executor == "ray":
            from xl_alpacaeval_metric.sweep.executors import ray_cluster as ray_executor

            ray_executor.run(found, folder, sweep.place, say)
        else:
            local.run(found, folder, sweep.place.workers, say)
    return found


def _check_place(sweep: Sweep, found: Plan, folder: TaskFolder) -> None:
    """Raise UserError where the executor or an endpoint's judge is not there, before OUTPUT is."""
    if sweep.place.executor == "slurm":  # Its nodes may reach a judge that this machine does not.
        slurm_jobs.check(found, folder, sweep.place)
        return
    if sweep.place.executor == "ray":
        ray_cluster.check(sweep.place.ray_address)
    if not all(one.is_complete for one in found.held.values()):
        with judges.opened(sweep, cached=False) as opened:
            opened.preflight(endpoints_alone=True)
        with judges.opened(sweep):  # Raises where the cache cannot be made.
            pass


def do_task(sweep: Sweep, name: str, progress: Progress, say: Say) -> None:
    """Do one of the tasks that judge, here.

    Raises UserError where there is no such task, and where a run could not be judged.
    """
    if name not in (ASK, FINISH):
        raise UserError(f"there is no task {name!r}; there are {ASK} and {FINISH}")
    missing, folder = Missing(sweep.judging), TaskFolder(sweep.output)
    with judges.opened(sweep) as opened:
        if name == ASK:
            faults = judged_runs.ask_endpoints(sweep, opened, missing, _is_over(folder), progress, say)
        else:
            faults = judged_runs.judge_answered(sweep, opened, missing, progress, say) if sweep.judges else {}
            collecting.collect(sweep, list(sweep.runs), say)
    if faults:
        name, why = next(iter(faults.items()))
        more = f" (and {counted(len(faults) - 1, 'more run')})" if len(faults) > 1 else ""
        raise UserError(f"{name}: {why}{more}")


def _is_over(folder: TaskFolder) -> Callable[[Run], bool]:
    """Whether the task that makes a run's answers has ended, or was never needed."""
    in_queue = slurm_jobs.Queue()

    def is_over(run: Run) -> bool:
        record = folder.record(run.name)
        if record is None or record.state in ("done", "failed"):
            return True
        if record.job:  # One that was stopped may be back in the queue.
            return not in_queue(record.job)
        # One that was killed after its last answer is in no plan again, and stays "running".
        return record.state in ENDED or folder.is_dead(run.name)

    return is_over


def _wait_for_others(folder: TaskFolder, names: Sequence[str]) -> None:
    """Wait for the tasks of a sweep that was killed; raises UserError where jobs are in a queue."""
    jobs = {name: record.job for name in names if (record := folder.record(name)) and record.job}
    in_queue = slurm_jobs.Queue()
    if jobs and queue.available() and (waits := [name for name, job in jobs.items() if in_queue(job)]):
        raise UserError(
            f"{folder.path}: task {waits[0]} is job {jobs[waits[0]]} in Slurm's queue; wait for it, or cancel it"
        )
    end = time.monotonic() + SECONDS_FOR_OTHERS
    while alive := [name for name in names if folder.is_alive(name)]:
        if time.monotonic() > end:
            raise UserError(
                f"{folder.path}: task {alive[0]} of an earlier sweep still runs here; end it, or wait for it"
            )
        time.sleep(0.2)
