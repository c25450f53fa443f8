"""Worker processes that take tasks by number, and whose death is an error."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import multiprocess
import multiprocess.connection

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.processes import signals

SECONDS_TO_END = 5.0
"""For a worker that was told to terminate, before it is killed."""


def run_in_workers(task: Callable[[int], object], numbers: Sequence[int], workers: int, start_method: str) -> None:
    """Call `task` with each number in one of `workers` processes; returns when all have ended.

    `multiprocess.Pool` replaces a worker that was killed, and waits for the result of its task for
    ever. Raises UserError where a worker is killed, and the first error of a task; the other
    workers are ended then.
    """
    context, left = multiprocess.get_context(start_method), list(reversed(numbers))
    running: dict[Any, Any] = {}
    try:
        for _ in range(min(workers, len(numbers))):
            mine, theirs = context.Pipe()
            process = context.Process(target=_work, args=(task, theirs), daemon=True)
            process.start()
            theirs.close()
            running[mine] = process
            mine.send(left.pop())
        busy = dict(running)
        while busy:
            multiprocess.connection.wait([*busy, *(process.sentinel for process in busy.values())])
            for pipe, process in list(busy.items()):
                if pipe.poll():
                    _read_outcome(pipe, process)
                    if left:
                        pipe.send(left.pop())
                    else:
                        del busy[pipe]
                elif not process.is_alive():
                    raise UserError(_killed(process))
    finally:
        for process in running.values():
            process.terminate()
        for process in running.values():
            process.join(SECONDS_TO_END)
            if process.is_alive():
                process.kill()


def _work(task: Callable[[int], object], pipe: Any) -> None:
    """A worker: take numbers until there are no more, or the parent has ended."""
    with suppress(EOFError):
        while True:
            number = pipe.recv()
            try:
                task(number)
            except Exception as error:
                pipe.send(error)
            else:
                pipe.send(None)


def _read_outcome(pipe: Any, process: Any) -> None:
    """Raise the error of a task that has ended with one."""
    try:
        error = pipe.recv()
    except EOFError:  # Killed before it could send anything.
        process.join(SECONDS_TO_END)
        raise UserError(_killed(process)) from None
    if error is not None:
        raise error


def _killed(process: Any) -> str:
    code = process.exitcode
    if code is None or code >= 0:
        return f"a worker ended with code {code}; the same command goes on"
    why = ", most likely for memory; take fewer --workers" if -code == signals.KILL else ""
    return f"a worker was killed by {signals.name_of(-code)}{why}; the same command goes on"
