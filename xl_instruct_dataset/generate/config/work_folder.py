"""The folder beside the Hub folder where a job keeps what it makes on the way: whose it is, and who works in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import lock
from xl_alpacaeval_metric.files.jsonl import read_json, write_json
from xl_alpacaeval_metric.settings import load as settings_load
from xl_instruct_dataset.generate.config import file as settings_file
from xl_instruct_dataset.generate.config.settings import Settings

SETTINGS, IDENTITY, SEEDS_REPORT, REPORT = "settings.yaml", "job.json", "seeds.json", "report.json"
REJECTED_SEEDS = "rejected-seeds.jsonl"
LOG = "log.txt"


def of(output: Path) -> Path:
    """Where the job keeps what it makes on the way: beside the Hub folder, which holds nothing else. Raises UserError for `/`."""
    whole = output.resolve()
    if not whole.name:
        raise UserError(f"--output {output}: names no folder; give one, such as xl-instruct")
    return whole.with_name(f"{whole.name}.work")


def claim(settings: Settings, work: Path) -> None:
    """Make the work folder this job's; raises UserError that names what differs where it is another's.

    More passages, or more rows a language, are the same job gone on.
    """
    identity = _identity(settings)
    file = work / IDENTITY
    if file.exists():
        theirs = read_json(file)
        for key in identity:
            if theirs.get(key) != identity[key] and key not in ("passages", "per_language"):
                raise UserError(
                    f"{work}: holds a job with {key} {theirs.get(key)!r}, this one has {identity[key]!r}; "
                    "choose another --output"
                )
        if theirs != identity:
            (work / REPORT).unlink(missing_ok=True)
    elif strangers := sorted(path.name for path in work.iterdir() if not _ours(path.name)):
        raise UserError(f"{work}: holds {strangers[0]} and no {IDENTITY}, so it is no job's; choose another --output")
    write_json(file, identity)
    settings_file.save(settings, work / SETTINGS)


def _ours(name: str) -> bool:
    """Whether that may lie in a folder before its job is known: what a killed command left of its first file, too."""
    return name in (LOG, lock.FILE) or name.startswith((f".{IDENTITY}.", f".{SETTINGS}."))


def new(work: Path) -> bool:
    """Whether no job has been begun in the folder."""
    return not (work / IDENTITY).exists()


def finished(settings: Settings, work: Path) -> bool:
    """Whether the folder holds this very job, come to its end: then no model is needed."""
    return (work / REPORT).exists() and (work / IDENTITY).exists() and read_json(work / IDENTITY) == _identity(settings)


def _identity(settings: Settings) -> dict[str, object]:
    return dict(json.loads(json.dumps(settings_load.result_settings(settings))))


@contextmanager
def log(output: Path) -> Iterator[Path]:
    """The file for what the parts have to say while the job runs; gone again where no job was begun."""
    work = of(output)
    try:
        yield work / LOG
    finally:
        if work.is_dir() and not (work / IDENTITY).exists():
            # Under the lock, since another process may be about to begin its job there.
            with suppress(OSError, UserError):
                with lock.FolderLock(work):
                    if not (work / IDENTITY).exists():
                        (work / LOG).unlink(missing_ok=True)
                work.rmdir()
