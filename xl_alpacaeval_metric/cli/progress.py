"""The progress of a command, shown on standard error."""

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Self, TextIO

from xl_alpacaeval_metric import terminal

SECONDS_BETWEEN_LINES = 15.0
"""Between two lines about the same step, where standard error is not a terminal."""


class ProgressLine:
    """A Progress as a line that is redrawn on a terminal, and as occasional lines elsewhere.

    On Ctrl-C it prints `interrupted`; by default, that the same command continues from what is in
    `folder`.
    """

    def __init__(self, folder: Path, interrupted: str | None = None, stream: TextIO | None = None) -> None:
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
        # Standard error as it is now: it may be redirected into a file while the command works.
        self.console = terminal.console(stream or sys.stderr)
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
            # What other code writes to standard error is printed above the line, unless the line
            # has a stream of its own.
            redirect_stderr=stream is None,
        )
        self.task = self.bar.add_task("preparing", total=None, rate="")
        self.step = ""
        self.next_line = 0.0
        self.began, self.done_before = 0.0, 0
        self.ended = False

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.bar.stop()
        if kind is not None and issubclass(kind, KeyboardInterrupt):
            self.notify(self.interrupted)

    def __call__(self, step: str, done: int, total: int, text: str = "", /) -> None:
        """Show how far a step is (see `progress.Progress`)."""
        text, new = text or step, step != self.step
        if new:
            self.step = step
            self.began, self.done_before = time.monotonic(), done
            self.ended = False
            self.bar.reset(self.task, rate="")
        rate, left = self._pace(done, total)
        ends, self.ended = done == total and not self.ended, done == total
        if not self.console.is_terminal and (new or ends or time.monotonic() > self.next_line):
            self.next_line = time.monotonic() + SECONDS_BETWEEN_LINES
            pace = f", {rate}, {left} left" if left else ""
            self.notify(f"{text}: {done} of {total}{pace}")
        self.bar.update(self.task, description=text, completed=done, total=total, rate=rate)

    def notify(self, line: str) -> None:
        """Print a line for the user, above the progress."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _pace(self, done: int, total: int) -> tuple[str, str]:
        """The rate a second or a minute, and the time left; empty where they are not known yet.

        The first alone says little: it may be of a batch whose others come in the same moment.
        """
        seconds, count = time.monotonic() - self.began, done - self.done_before
        if count < 2 or seconds < 1:
            return "", ""
        rate = count / seconds
        left = timedelta(seconds=round((total - done) / rate)) if done < total else ""
        return f"{rate:.1f}/s" if rate >= 1 else f"{60 * rate:.1f}/min", str(left)
