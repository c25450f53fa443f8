"""What a sweep comes to: for each benchmark a ranking of its runs, and a page of all of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from xl_alpacaeval_metric.errors import MissingExtra, UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.leaderboard import formats, ranking
from xl_alpacaeval_metric.pages import run_page, shown_run
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.sweep.file import Run, Sweep
from xl_alpacaeval_metric.sweep.tasks import FOLDER
from xl_alpacaeval_metric.terminal import counted

FORMS, PAGE = ("json", "md", "csv"), "html"
COLLECTED = "collected.json"
MOST_ANSWERS = 200_000
"""On one page: of more it would be a file that no browser opens, and memory that grows with it."""


def collect(sweep: Sweep, runs: Sequence[Run], say: Callable[[str], None]) -> None:
    """Write OUTPUT/BENCHMARK.json, .md, .csv (the ranking) and .html (the page), where they can be.

    `say` gets a line for each file, and for each that is left out and why. What was made of which
    runs is kept in OUTPUT/tasks/collected.json; where a page could not be written, it is not.
    """
    made: dict[str, dict[str, list[str]]] = {}
    for name, folders in _by_benchmark(runs).items():
        found = _scored(folders)
        stem = sweep.output / name
        for form in (*FORMS, PAGE):  # Of runs that the file may not have any more.
            _file(stem, form).unlink(missing_ok=True)
        if len(found) > 1:
            try:
                ranked = ranking.rank(found)
                for form in FORMS:
                    jsonl.replace_file(_file(stem, form), formats.text(ranked, form) + "\n")
                say(f"{_file(stem, 'md')}: ranking of {counted(len(found), 'run')} (also as .json and .csv)")
            except UserError as error:
                say(f"{name}: no ranking: {error}")
        if found and not _write_page(name, found, stem, say):
            continue
        files = [file.name for form in (*FORMS, PAGE) if (file := _file(stem, form)).is_file()]
        made[name] = {"runs": [folder.name for folder in found], "files": files}
    (sweep.output / FOLDER).mkdir(parents=True, exist_ok=True)
    jsonl.write_json(sweep.output / FOLDER / COLLECTED, made)


def is_current(sweep: Sweep, runs: Sequence[Run]) -> bool:
    """Whether the files that were made are there, of these runs, and newer than their results."""
    record = sweep.output / FOLDER / COLLECTED
    made = jsonl.read_json(record) if record.is_file() else {}
    for name, folders in _by_benchmark(runs).items():
        found, of = _scored(folders), made.get(name)
        if not isinstance(of, dict) or of.get("runs") != [folder.name for folder in found]:
            return False
        files = [sweep.output / str(file) for file in of.get("files", ())]
        newest = max(((folder / run_folder.RESULTS).stat().st_mtime for folder in found), default=0.0)
        if any(not file.is_file() or file.stat().st_mtime < newest for file in (*files, record)):
            return False
    return True


def _scored(folders: Sequence[Path]) -> list[Path]:
    return [folder for folder in folders if (folder / run_folder.RESULTS).is_file()]


def _write_page(name: str, found: Sequence[Path], stem: Path, say: Callable[[str], None]) -> bool:
    """Write the page, where there can be one; False where another time may bring it."""
    answers = sum(_lines(folder / run_folder.SAMPLES) for folder in found)
    if answers > MOST_ANSWERS:
        say(
            f"{name}: no page of {counted(answers, 'answer')}, more than {MOST_ANSWERS}; "
            "`xl-alpacaeval report` makes one of some"
        )
        return True
    page = _file(stem, PAGE)
    try:
        run_page.write(shown_run.read(found), page)
        say(f"{page}: every answer of {counted(len(found), 'run')}")
    except MissingExtra as error:
        say(f"{name}: no page: {error}")
    except UserError as error:
        say(f"{name}: no page: {error}")
        return False
    return True


def _by_benchmark(runs: Sequence[Run]) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for run in runs:
        found.setdefault(run.folder.parent.name, []).append(run.folder)
    return found


def _file(stem: Path, form: str) -> Path:
    return stem.with_name(f"{stem.name}.{form}")


def _lines(file: Path) -> int:
    if not file.is_file():
        return 0
    with file.open("rb") as lines:
        return sum(1 for _ in lines)
