"""A task of a sweep: a command of `xl-alpacaeval`, its log, and a file that says how it is.

The files are the contract between the executors, the tasks that wait for others, and `--status`;
they are in the folder OUTPUT/tasks, which all machines of a sweep see.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from xl_alpacaeval_metric.errors import LONGEST_LINE, UserError
from xl_alpacaeval_metric.files import jsonl, lock
from xl_alpacaeval_metric.machine.environment import now
from xl_alpacaeval_metric.processes import child

FOLDER = "tasks"
PACKAGES = Path(__file__).parents[2]
PROGRAM = "xl-alpacaeval"
SECONDS_BETWEEN_LOOKS = 0.2
State = Literal["waiting", "running", "done", "failed", "stopped"]
"""`waiting` is submitted; `stopped` was ended from outside, and goes on when it is run again."""
ENDED = ("done", "failed", "stopped")
STOPPED = (129, 130, 143, -1, -2, -15)
"""Exit codes after SIGHUP, SIGINT and SIGTERM."""
_CODE = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    f"from {child.__name__} import end_with_parent; end_with_parent(); "
    f"sys.argv[0] = '{PROGRAM}'; from xl_alpacaeval_metric.cli import main; main()"
)
"""What a task's process runs, with `PACKAGES` as its first argument; it ends with its parent."""


@dataclass(frozen=True, slots=True)
class Task:
    """A command of `xl-alpacaeval` by its arguments, and the GPUs that it uses."""

    name: str
    arguments: tuple[str, ...]
    gpus: int = 0

    def process(self, python: str = sys.executable) -> list[str]:
        """The command as a process that ends when the pipe of its standard input is closed."""
        return [python, "-c", _CODE, str(PACKAGES), *self.arguments]


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a task: its state, when and where it ran, and why it failed."""

    state: State
    started: str = ""
    ended: str = ""
    host: str = ""
    pid: int = 0
    job: str = ""
    reason: str = ""


class TaskFolder:
    """The records and the logs of a sweep's tasks."""

    def __init__(self, output: Path) -> None:
        self.path = output / FOLDER

    def log(self, name: str) -> Path:
        return self.path / f"{name}.log"

    def record(self, name: str) -> Record | None:
        """What is known of a task; None where it was never submitted."""
        file = self.path / f"{name}.json"
        if not file.is_file():
            return None
        content = jsonl.read_json(file)
        return Record(**{key: value for key, value in content.items() if key in Record.__slots__})  # type: ignore[arg-type]

    def write(self, name: str, state: State, **more: Any) -> None:
        """Write a task's record; `more` are other fields of it."""
        content = {"state": state, **more}
        jsonl.write_json(self.path / f"{name}.json", content)

    def is_alive(self, name: str) -> bool:
        """Whether a task that says that it runs on this machine does."""
        record = self.record(name)
        return (
            record is not None
            and record.state == "running"
            and record.host == socket.gethostname()
            and _lives(record.pid)
        )

    def is_dead(self, name: str) -> bool:
        """Whether a task will not go on: its process here was killed, or the sweep before it began.

        Jobs in a queue are none of these.
        """
        record = self.record(name)
        if record is None or record.state in ENDED or (record.job and record.state == "waiting"):
            return False
        if record.state == "waiting":
            return not self._is_at_work()
        return record.host == socket.gethostname() and not _lives(record.pid)

    def _is_at_work(self) -> bool:
        """Whether a sweep holds the folder's lock; a killed one leaves the file unlocked."""
        if not (self.path / lock.FILE).exists():
            return False
        try:
            with lock.FolderLock(self.path):
                return False
        except UserError:
            return True


class RunningTask:
    """A task's process; `started` makes one."""

    def __init__(
        self, task: Task, folder: TaskFolder, process: "subprocess.Popen[str]", known: Mapping[str, Any]
    ) -> None:
        self.task, self._folder, self._process, self._known = task, folder, process, known

    def code(self) -> int | None:
        """The exit code of the process; None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait for the end, and say how it was."""
        while (code := self.code()) is None:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        return code

    def note_end(self) -> Record:
        """Write down how the process ended."""
        code = self._process.poll()
        state: State = "done" if code == 0 else "stopped" if code in (None, *STOPPED) else "failed"
        reason = "" if state == "done" else reason_of(self._folder.log(self.task.name), code)
        self._folder.write(self.task.name, state, **self._known, ended=now(), reason=reason)
        record = self._folder.record(self.task.name)
        assert record is not None
        return record


@contextmanager
def started(task: Task, folder: TaskFolder, *, job: str = "", cwd: str | None = None) -> Iterator[RunningTask]:
    """A task's process, which has ended at the end of the block; its log goes on."""
    with folder.log(task.name).open("a", encoding="utf-8") as log:
        log.write(f"--- {now()} on {socket.gethostname()}: {PROGRAM} {' '.join(task.arguments)}\n")
        log.flush()
        command = task.process()
        with child.running(command, stdout=log, stderr=subprocess.STDOUT, cwd=cwd) as process:
            known = {
                "started": now(),
                "host": socket.gethostname(),
                "pid": process.pid,
                "job": job,
            }
            folder.write(task.name, "running", **known)
            running = RunningTask(task, folder, process, known)
            try:
                yield running
            finally:
                if process.poll() is None:
                    process.terminate()
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(child.SECONDS_TO_END)
                running.note_end()


def run(task: Task, folder: TaskFolder, *, job: str = "", cwd: str | None = None) -> Record:
    """Run a task to its end; returns its record."""
    with started(task, folder, job=job, cwd=cwd) as running:
        running.wait()
    record = folder.record(task.name)
    assert record is not None
    return record


def reason_of(log: Path, code: int | None) -> str:
    """Why a task failed: the last line of its log that an error of ours begins, else the last."""
    lines = [line.strip() for line in _end_of(log).splitlines() if line.strip()]
    said = [line.removeprefix(f"{PROGRAM}: ") for line in lines if line.startswith(f"{PROGRAM}: ")]
    last = said[-1] if said else lines[-1] if lines and not lines[-1].startswith("---") else ""
    ended = (
        "was stopped" if code is None else f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
    )
    return (last or ended)[: 2 * LONGEST_LINE]


def _end_of(log: Path) -> str:
    """The last part of a log, of the last time that the task ran."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 20_000))
        text = file.read().decode("utf-8", "replace")
    return text[max(0, text.rfind("\n--- ")) :]


def _lives(pid: int) -> bool:
    """Whether a process of that number runs, and is one of this program's."""
    try:
        with suppress(PermissionError):  # Another user's process.
            os.kill(pid, 0)
        folder = Path(f"/proc/{pid}")
        if not folder.exists():
            return True
        # Another process may have the number by now. No command: it has just begun, or has ended.
        command = (folder / "cmdline").read_bytes()
        has_ended = (folder / "stat").read_bytes().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return False
    return not has_ended and (not command or child.__name__.encode() in command)
