"""The work folder, in which a job keeps intermediate results: which job's it is, and its lock."""

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
REJECTED_SEEDS, REJECTS = "rejected-seeds.jsonl", "rejects.jsonl"
LOG = "log.txt"
LOGS, PROGRESS, CACHE = "logs", "progress", "cache"
SERVERS = "servers"
"""Within the logs of a phase: what the servers write that its tasks start."""
SIGNATURES = "signatures"
"""What is known of texts that are compared with each other, until they were compared."""
SEEDS, CHOSEN = "seeds", "chosen"
"""Folders of shards: passages, and selected answers; the others have the name of their phase."""


_LATER: dict[str, object] = {"form_of_address": {}}
"""Settings that folders of earlier versions lack, with the value that they had."""


def of(output: Path) -> Path:
    """The work folder of a Hub folder: beside it, since that holds nothing else.

    Raises UserError for `/`.
    """
    whole = output.resolve()
    if not whole.name:
        raise UserError(f"--output {output}: names no folder; give one, such as xl-instruct")
    return whole.with_name(f"{whole.name}.work")


def claim(settings: Settings, work: Path) -> None:
    """Make the work folder this job's.

    A job with more passages, or more rows a language, is the same one continued. Raises UserError,
    which names a setting that differs, where the folder is another job's.
    """
    identity = _identity(settings)
    file = work / IDENTITY
    if file.exists():
        theirs = _LATER | read_json(file)
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
    """Whether a folder without a job may hold it: log, lock, or a killed command's first file."""
    return name in (LOG, lock.FILE) or name.startswith((f".{IDENTITY}.", f".{SETTINGS}."))


def new(work: Path) -> bool:
    """Whether the folder holds no job yet."""
    return not (work / IDENTITY).exists()


def finished(settings: Settings, work: Path) -> bool:
    """Whether the folder holds this very job, and finished, so that no model is needed."""
    file = work / IDENTITY
    return (work / REPORT).exists() and file.exists() and _LATER | read_json(file) == _identity(settings)


def _identity(settings: Settings) -> dict[str, object]:
    # Version 0.1 wrote the default where --per-language was not given.
    identity = settings_load.result_settings(settings) | {"per_language": settings.most_rows}
    return dict(json.loads(json.dumps(identity)))


@contextmanager
def log(output: Path) -> Iterator[Path]:
    """The file for messages of libraries while the job runs; removed where no job began."""
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
