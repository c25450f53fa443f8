"""The tasks of a sweep as jobs of Slurm, one each: what a job needs is what its task uses."""

import time
from collections.abc import Callable, Sequence

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.slurm import queue
from xl_alpacaeval_metric.slurm.options import Needs, Site, site
from xl_alpacaeval_metric.slurm.script import script
from xl_alpacaeval_metric.sweep import worker
from xl_alpacaeval_metric.sweep.plan import Plan
from xl_alpacaeval_metric.sweep.settings import PlaceSettings
from xl_alpacaeval_metric.sweep.tasks import Task, TaskFolder

SECONDS_BETWEEN_LOOKS = 15.0
LOGS = "slurm"
Say = Callable[[str], None]


class Queue:
    """Whether jobs wait or run; the queue is read at most every some seconds."""

    def __init__(self) -> None:
        self._asked: set[str] = set()
        self._unfinished: set[str] = set()
        self._read = -SECONDS_BETWEEN_LOOKS

    def __call__(self, job: str) -> bool:
        """Whether a job waits or runs; True where the queue cannot be read."""
        if job not in self._asked or time.monotonic() > self._read + SECONDS_BETWEEN_LOOKS:
            self._asked.add(job)
            try:
                self._unfinished = set(queue.unfinished(self._asked))
            except UserError:
                return True
            self._read = time.monotonic()
        return job in self._unfinished


def scripts(plan: Plan, folder: TaskFolder, place: PlaceSettings) -> list[tuple[Task, str]]:
    """The tasks of a plan, each with its script for sbatch; raises UserError for bad options."""
    where = site(place.slurm, "slurm:")
    return [(task, _script(task, folder, where)) for task in plan.tasks]


def check(plan: Plan, folder: TaskFolder, place: PlaceSettings) -> None:
    """Raises UserError where there is no Slurm, or it would refuse a job: with what it says."""
    if not queue.available():
        raise UserError("executor slurm: there is no sbatch here; run it on a login node, or add --dry-run")
    written = dict(scripts(plan, folder, place))
    for task in {task.gpus: task for task in plan.tasks}.values():
        queue.check(written[task])


def submit(plan: Plan, folder: TaskFolder, place: PlaceSettings, say: Say) -> None:
    """Submit the tasks of a plan that are not in the queue already.

    The judges at endpoints start when the first models do, the last task when all others have
    ended, well or not. Raises UserError where Slurm refuses a job; none is left in the queue then.
    """
    (folder.path / LOGS).mkdir(parents=True, exist_ok=True)
    written = dict(scripts(plan, folder, place))
    in_queue = _in_queue(plan, folder)
    submitted: list[str] = []

    def send(task: Task, after: Sequence[str] = (), when: queue.When = "afterok") -> str:
        folder.write(task.name, "waiting")
        job = queue.submit(written[task], after=after, when=when)
        submitted.append(job)
        if (record := folder.record(task.name)) is not None and record.state == "waiting":  # Not begun yet.
            folder.write(task.name, "waiting", job=job)
        say(f"{task.name}: job {job}; log {folder.log(task.name)}")
        return job

    try:
        new = [send(task) for task in plan.answers if task.name not in in_queue]
        # The last task asks endpoints, too: where no answers are to come, it is enough.
        asks = new or plan.finish is None or plan.finish.name not in in_queue
        if plan.ask is not None and plan.ask.name not in in_queue and asks:
            new.append(send(plan.ask, new[:1], "after"))
        if plan.finish is not None and (new or plan.finish.name not in in_queue):
            send(plan.finish, [*new, *in_queue.values()], "afterany")
    except BaseException:
        queue.cancel(submitted)
        raise
    if not submitted:
        say("all that is missing is in the queue already")


def _in_queue(plan: Plan, folder: TaskFolder) -> dict[str, str]:
    """The plan's tasks that wait or run, by name, with their jobs."""
    jobs = {task.name: record.job for task in plan.tasks if (record := folder.record(task.name)) and record.job}
    unfinished = set(queue.unfinished(jobs.values()))
    return {name: job for name, job in jobs.items() if job in unfinished}


def _script(task: Task, folder: TaskFolder, where: Site) -> str:
    command = [where.python, "-m", worker.__name__, str(folder.path.parent), task.name, *task.arguments]
    return script(where, Needs(gpus=task.gpus), command, name=f"xl-{task.name}", logs=folder.path / LOGS)
