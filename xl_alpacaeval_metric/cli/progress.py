"""What a person sees while a command works."""

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Self, TextIO

SECONDS_BETWEEN_LINES = 15.0


class ProgressLine:
    """A progress line on standard error, or where that is a file a line now and then.

    On Ctrl-C it says `interrupted`, by default that the same command goes on with what is in the folder.
    """

    def __init__(self, folder: Path, interrupted: str | None = None, stream: TextIO | None = None) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self.interrupted = (
            interrupted or f"interrupted; what is finished is in {folder}, and the same command goes on from there"
        )
        # Where standard error is now: who works under this line may have it go into a file meanwhile.
        self.console = Console(file=stream or sys.stderr)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self.bar = Progress(
            *columns,
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
            # With a stream of its own, what others write to standard error goes elsewhere, and not above the line.
            redirect_stderr=stream is None,
        )
        self.task = self.bar.add_task("preparing", total=None, rate="")
        self.step = ""
        self.next_line = 0.0
        self.began, self.done_before = 0.0, 0

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __call__(self, step: str, done: int, total: int) -> None:
        """`step` begins with the word that names it: generating, judging."""
        new = step.split()[0] != self.step
        if new:
            self.step = step.split()[0]
            self.began, self.done_before = time.monotonic(), done
            self.bar.reset(self.task, rate="")
        rate, left = self._pace(done, total)
        if not self.console.is_terminal and (new or done == total or time.monotonic() > self.next_line):
            self.next_line = time.monotonic() + SECONDS_BETWEEN_LINES
            pace = f", {rate}, {left} left" if left else ""
            self.say(f"{step}: {done} of {total}{pace}")
        self.bar.update(self.task, description=step, completed=done, total=total, rate=rate)

    def say(self, line: str) -> None:
        """Print a line for people above the progress."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _pace(self, done: int, total: int) -> tuple[str, str]:
        """How many are done a second or a minute, and the time left; empty where that cannot be told."""
        seconds, count = time.monotonic() - self.began, done - self.done_before
        if count < 1 or seconds < 1:
            return "", ""
        rate = count / seconds
        left = timedelta(seconds=round((total - done) / rate)) if done < total else ""
        return f"{rate:.1f}/s" if rate >= 1 else f"{60 * rate:.1f}/min", str(left)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.bar.stop()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.say(self.interrupted)
