"""The run folder, the contract between a run's steps: settings, what there is so far, results."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TextIO, TypeVar

from xl_alpacaeval_metric import correctness
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import lock
from xl_alpacaeval_metric.files.destinations import write_errors
from xl_alpacaeval_metric.files.jsonl import (
    Tail,
    json_line,
    open_for_append,
    read_json,
    read_lines,
    replace_file,
    write_json,
)
from xl_alpacaeval_metric.judge import prompt_file
from xl_alpacaeval_metric.machine import environment
from xl_alpacaeval_metric.records import run_settings
from xl_alpacaeval_metric.records.judgements import Comparison, Rating, Verdict, flat
from xl_alpacaeval_metric.records.result import Result
from xl_alpacaeval_metric.runs import parts
from xl_alpacaeval_metric.signature import package_version

RUN, ROWS, SAMPLES, VERDICTS, RESULTS = "run.json", "rows.jsonl", parts.SAMPLES, "verdicts.jsonl", "results.json"
RATINGS, RUBRIC, CHECK, ITEMS = "criteria.jsonl", "rubric.json", "check.json", "items.jsonl"
MODEL, HISTORY = "model", "history"
"""Keys of run.json: what the loaded model is; an entry for each command (`machine.environment`)."""
Judgement = TypeVar("Judgement", Verdict, Rating)
_UNFINISHED = re.compile(r"\.[a-z]+\.jsonl?\.\d+")
"""Files that a killed process did not finish (see `replace_file`)."""


class RunFolder:
    """A folder for one run; opening it again with the same settings continues that run.

    A context manager, since two processes cannot work in one folder.
    """

    def __init__(
        self,
        path: Path,
        settings: Mapping[str, object],
        *,
        may_replace: Callable[[frozenset[str]], bool] | None = None,
        taken_on: Callable[[run_settings.Settings, run_settings.Settings], Collection[str]] | None = None,
    ) -> None:
        """`settings` identify the run.

        `may_replace` decides whether this run may take the folder of a run of the same kind with
        other settings, whose names it is given. It is called under the folder's lock, and may
        delete files that would be in the new run's way. `taken_on` gives the settings that may
        differ, from those of the folder and of this run: run.json keeps its own until `settle`.
        """
        self.path = path
        self.settings = json.loads(json.dumps(settings))
        self._may_replace, self._taken_on = may_replace, taken_on
        self._lock = lock.FolderLock(path)
        self._open: dict[str, TextIO] = {}
        self._entry: dict[str, object] = {}

    def __enter__(self) -> Self:
        """Create the folder, or check that it is this run's.

        Raises UserError if it is not, or if another process is working in it.
        """
        self.check_kind()
        if self._may_replace is None:
            self._check_settings()  # Before anything, even a lock file, is written into another run's folder.
        self._lock.acquire()
        try:
            self._claim()
        except BaseException as error:
            self.__exit__(error)
            raise
        return self

    def __exit__(self, *errors: object) -> None:
        try:
            with suppress(*([OSError] if any(errors) else [])):  # What ends the run says more than a full disk here.
                for file in self._open.values():
                    file.close()
                if self._entry and self.path.is_dir():
                    self.record(ended=environment.now())
        finally:
            self._lock.release()

    def _claim(self) -> None:
        """Make the folder this run's, under the lock; raises UserError as `__enter__` does."""
        new = self._check_settings()
        for file in self.path.iterdir():
            if _UNFINISHED.fullmatch(file.name):
                file.unlink(missing_ok=True)
        if new:
            write_json(self.path / RUN, {"settings": self.settings, "version": package_version()})
        self._entry = environment.described()
        stored = read_json(self.path / RUN)
        write_json(self.path / RUN, {**stored, HISTORY: [*_entries(stored), self._entry]})

    def record(self, model: Mapping[str, object] | None = None, **more: object) -> None:
        """Write into run.json what is known only now.

        `model` is what the candidate turned out to be when it was loaded; the first time counts.
        `more` goes into the entry of this command.
        """
        self._entry |= more
        stored = read_json(self.path / RUN)
        if model is not None:
            stored = {MODEL: dict(model), **stored}
        write_json(self.path / RUN, {**stored, HISTORY: [*_entries(stored)[:-1], self._entry]})

    @property
    def stored(self) -> Mapping[str, Any]:
        """The contents of run.json."""
        return read_json(self.path / RUN)

    def settle(self, settings: Mapping[str, object], **more: object) -> None:
        """Write other settings into run.json, and `more` beside them."""
        stored = read_json(self.path / RUN)
        write_json(self.path / RUN, {**stored, "settings": dict(settings), **more, HISTORY: _entries(stored)})

    def check_kind(self) -> None:
        """Raises UserError for what is there and no run folder; writes nothing."""
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"{self.path}: is a file; --output names a folder")
        if not (self.path / RUN).exists() and self.path.is_dir() and names(self.path):
            raise UserError(f"{self.path}: is not empty and holds no {RUN}; choose a new folder")

    def _check_settings(self) -> bool:
        """Whether run.json has yet to be written with this run's settings.

        Raises UserError if it holds those of a run that may not be replaced.
        """
        if not (self.path / RUN).exists():
            return True
        theirs = read_json(self.path / RUN).get("settings")
        if not isinstance(theirs, dict):
            raise UserError(f"{self.path / RUN}: damaged, has no settings; choose a new folder")
        try:
            may_differ = self._taken_on(theirs, self.settings) if self._taken_on else ()
        except UserError as error:
            raise UserError(f"{self.path}: {error}") from None
        other = [key for key in run_settings.different(theirs, self.settings) if key not in may_differ]
        if not other:
            return False
        if self._may_replace and theirs.keys() == self.settings.keys() and self._may_replace(frozenset(other)):
            return True
        why = run_settings.difference(theirs, self.settings, other[0])
        version = prompt_file.version_of(theirs.get("prompt")) if other[0] == "prompt" else None
        raise UserError(f"{self.path}: {why}" + (f", or go on with --judge-prompt {version}" if version else ""))

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The complete lines of a JSONL file here, without a last one that a kill cut short."""
        return list(read_lines(self.path / name))

    def write_rows(self, name: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Write a JSONL file completely, or not at all."""
        if name in self._open:  # Its lines would be appended to the file that is replaced.
            self._open.pop(name).close()
        replace_file(self.path / name, "".join(json_line(row) for row in rows))

    def verdicts(self) -> list[Verdict]:
        """The verdicts so far, oldest first.

        A later verdict replaces an earlier one with the same id, language and order.
        """
        return self._judgements(VERDICTS, Verdict)

    def ratings(self) -> list[Rating]:
        """The ratings so far, as `verdicts`."""
        return self._judgements(RATINGS, Rating)

    def _judgements(self, name: str, kind: type[Judgement]) -> list[Judgement]:
        found: list[Judgement] | None = None
        with suppress(TypeError):
            found = [kind(**row) for row in self.rows(name)]
        if found is None or not all(isinstance(getattr(one, "preference", None), int | float | None) for one in found):
            raise UserError(f"{self.path / name}: damaged, or of another version; delete it, or choose a new folder")
        return found

    def new_answers(self) -> Callable[[], list[Comparison]]:
        """A function that gives the answers written since its last call, by any copy of a model."""
        tails: dict[Path, Tail] = {}

        def new() -> list[Comparison]:
            files = parts.files(self.path)
            return comparisons_of(row for file in files for row in tails.setdefault(file, Tail(file)).new_lines())

        return new

    def append(self, judgement: Verdict | Rating) -> None:
        """Append a judgement to its file.

        The operating system has it when this returns, so a kill of the process does not lose it.
        """
        name = RATINGS if isinstance(judgement, Rating) else VERDICTS
        with write_errors(self.path / name):
            if name not in self._open:
                self._open[name] = open_for_append(self.path / name)
            self._open[name].write(json_line(flat(judgement)))
            self._open[name].flush()

    def write_results(self, result: Result) -> None:
        """Write items.jsonl and results.json, each completely, or not at all."""
        self.write_rows(ITEMS, result.items)
        write_json(self.path / RESULTS, result.as_dict())


def names(folder: Path) -> set[str]:
    """The names in a folder, without the lock file and a killed process's unfinished files."""
    return {file.name for file in folder.iterdir() if file.name != lock.FILE and not _UNFINISHED.fullmatch(file.name)}


def read_samples(file: Path, rows: Iterable[Mapping[str, object]] | None = None) -> list[Comparison]:
    """The comparisons in samples.jsonl, or in `rows` of it; raises UserError for a damaged one."""
    try:
        return comparisons_of(read_lines(file) if rows is None else rows)
    except (KeyError, TypeError, AttributeError):
        raise UserError(f"{file}: damaged; a line has no id, language or text") from None


def comparisons_of(samples: Iterable[Mapping[str, object]]) -> list[Comparison]:
    """The comparisons in the lines of samples.jsonl; a missing reference becomes an empty text."""
    return [
        Comparison(
            id=str(row["id"]),
            language=str(row["language"]),
            instruction=str(row["instruction"]),
            prediction=str(row["prediction"]),
            reference=str(row.get("reference") or ""),
            prompt=str(row.get("prompt") or ""),
            design=str(row.get("design") or ""),
            thinking=str(row.get("thinking") or ""),
            thinking_tokens=count if isinstance(count := row.get("thinking_tokens"), int) else None,
            unfinished=row.get("unfinished") is True,
            expected=correctness.as_json(row.get("expected")),
        )
        for row in samples
    ]


def _entries(stored: Mapping[str, object]) -> list[object]:
    found = stored.get(HISTORY)
    return found if isinstance(found, list) else []
