"""Judging at endpoints while models answer: each answer is asked about as soon as it is there.

The verdicts go into the run folder below `judges/`, where judging the run finds them.
So this task and the one that makes the answers do not write the same files.
"""

import queue
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl, lock
from xl_alpacaeval_metric.judge.judging_stream import LiveJudging, can_stream
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge.rubric import Rubric
from xl_alpacaeval_metric.records.judgements import Comparison, Rating, Verdict, flat
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import growth, judges, parts, scored
from xl_alpacaeval_metric.runs.folder import RunFolder, comparisons_of

SECONDS_BETWEEN_LOOKS = 0.5


def is_begun(folder: Path) -> bool:
    """Whether a run has written its items, so that answers to them can be waited for."""
    return (folder / run_folder.ROWS).is_file()


def ask(path: Path, judge: Judge, rubric: Rubric | None, is_over: Callable[[], bool]) -> int:
    """Ask a judge at an endpoint about a run's answers as they come, until no more will.

    Returns the number of new judgements, which are kept in the run folder. Raises UserError where
    another process does this, and the judge's error.
    """
    folder = RunFolder(path, {})  # Not entered: the lock is held by the task that makes the answers.
    rows = folder.rows(run_folder.ROWS)
    without = [growth.key_of(row) for row in rows if row.get("reference") is None]
    expected = comparisons_of({**row, "prediction": row.get("reference") or ""} for row in rows)
    task = scored.task_of(folder, expected, scored.Judging(judge, rubric), without)
    (name,) = judges.folders_of(judge).values()
    place = path / judges.FOLDER / name
    if not can_stream(task) or not (task.pending or task.unrated):
        return 0
    with lock.FolderLock(place), _Kept(place) as kept, LiveJudging(task, _Answers(path).new, kept.append) as live:
        while True:
            over = is_over()  # Before the last look: answers that came in between are seen.
            live.ask_new()
            if over:
                break
            _take_for(SECONDS_BETWEEN_LOOKS, live)
        live.finish(lambda *_: None)
        return kept.count


def _take_for(seconds: float, live: LiveJudging) -> None:
    """Keep the judgements that come in this time."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            live.take(live.inbox.get(timeout=left))
        except queue.Empty:
            return


class _Kept:
    """Appends judgements to the judge's files below `judges/`; a context manager."""

    def __init__(self, place: Path) -> None:
        self._place, self._open = place, dict[str, Any]()
        self.count = 0

    def __enter__(self) -> "_Kept":
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._open.values():
            file.close()

    def append(self, judgement: Verdict | Rating) -> None:
        name = run_folder.RATINGS if isinstance(judgement, Rating) else run_folder.VERDICTS
        if isinstance(judgement, Verdict) and judgement.preference is None:
            return  # It is asked again when the run is judged.
        if name not in self._open:
            self._open[name] = jsonl.open_for_append(self._place / name)
        self._open[name].write(jsonl.json_line(flat(judgement)))
        self._open[name].flush()
        self.count += 1


class _Answers:
    """The answers of a run that another process is making.

    That process replaces samples.jsonl in the end: a file that is another one is read anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tails: dict[Path, tuple[int, jsonl.Tail]] = {}

    def new(self) -> list[Comparison]:
        """The answers that were not seen yet; some may come twice."""
        return comparisons_of(row for file in parts.files(self._folder) for row in self._new_in(file))

    def _new_in(self, file: Path) -> Iterable[Mapping[str, Any]]:
        number = _number(file)
        if number is None:
            return []
        if file not in self._tails or self._tails[file][0] != number:
            self._tails[file] = (number, jsonl.Tail(file))
        try:
            found = self._tails[file][1].new_lines()
        except (UserError, FileNotFoundError):
            if _number(file) == number:
                raise
            found = []  # It was replaced while it was read.
        if _number(file) != number:
            self._tails.pop(file, None)
            return []
        return found


def _number(file: Path) -> int | None:
    """The number by which the file system knows a file; None where there is none."""
    try:
        return file.stat().st_ino
    except FileNotFoundError:
        return None
