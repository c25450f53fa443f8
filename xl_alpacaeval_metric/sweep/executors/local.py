"""The tasks of a sweep on this machine: some models at a time, judges at endpoints beside them."""

import time
from collections.abc import Callable
from contextlib import ExitStack

from xl_alpacaeval_metric.sweep.plan import Plan
from xl_alpacaeval_metric.sweep.tasks import Record, RunningTask, Task, TaskFolder, started

SECONDS_BETWEEN_LOOKS = 0.2
Say = Callable[[str], None]


def run(plan: Plan, folder: TaskFolder, workers: int, say: Say) -> None:
    """Run the tasks of a plan; leaving by an exception ends those that run.

    `workers` models answer at a time. A task that fails does not keep the others from running.
    """
    waiting = list(plan.answers)
    with ExitStack() as all_of_them:
        running: list[tuple[RunningTask, ExitStack]] = []

        def start(task: Task) -> None:
            stack = all_of_them.enter_context(ExitStack())
            running.append((_start(task, folder, stack, say), stack))

        if plan.ask is not None:
            start(plan.ask)
        while waiting or running:
            while waiting and sum(one.task != plan.ask for one, _ in running) < workers:
                start(waiting.pop(0))
            for one, stack in [pair for pair in running if pair[0].code() is not None]:
                _end(one, stack, folder, say)
                running.remove((one, stack))
            time.sleep(SECONDS_BETWEEN_LOOKS)
    if plan.finish is not None:
        with ExitStack() as stack:
            last = _start(plan.finish, folder, stack, say)
            last.wait()
            _end(last, stack, folder, say)


def _start(task: Task, folder: TaskFolder, stack: ExitStack, say: Say) -> RunningTask:
    say(f"{task.name}: started; log {folder.log(task.name)}")
    return stack.enter_context(started(task, folder))


def _end(one: RunningTask, stack: ExitStack, folder: TaskFolder, say: Say) -> None:
    stack.close()
    say(ended_line(one.task.name, folder.record(one.task.name)))


def ended_line(name: str, record: Record | None) -> str:
    """How a task ended, in a line for the user."""
    if record is None or record.state == "done":
        return f"{name}: done"
    return f"{name}: {record.state}" + (f": {record.reason}" if record.reason else "")
