"""The sources of passages: a file, a folder, a dataset of the Hub, or the bundled sample."""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import data_files, tables
from xl_alpacaeval_metric.machine import hub_connection
from xl_instruct_dataset.generate.config.settings import Settings
from xl_instruct_dataset.quality.sanitise import plain
from xl_instruct_dataset.sources import sample

SAMPLE = "sample"
"""As `--seeds`: the passages of the bundled sample."""
_DESCRIPTIONS = re.compile(
    r"(?:readme|license|licence|notice|changelog|citation|contributing)\.(?:md|txt)|dataset_(?:infos?|dict)\.json|state\.json",
    re.IGNORECASE,
)
"""Files of a dataset's folder that describe it."""
_PROSE = (".txt", ".md")
_SPLITS = "train|test|validation|valid|val|dev|eval"
_END = 2**16
"""Bytes at either end of a file that are hashed to recognise it."""


def check(settings: Settings) -> None:
    """Raises UserError where the seeds are to come from a file that is not there."""
    path = Path(settings.seeds).expanduser()
    if settings.seeds == SAMPLE or path.is_dir() or path.is_file():
        return
    if _reader(path.name) or settings.seeds.startswith((".", "/", "~")) or "/" not in settings.seeds:
        raise UserError(f"{settings.seeds}: no such file; --seeds is a file, a folder, or a Hub dataset's id")


def stamp(settings: Settings) -> str | None:
    """A digest of the names, sizes and ends of the files that the passages come from.

    None where they are no files.
    """
    path = Path(settings.seeds).expanduser()
    if settings.seeds == SAMPLE or not path.exists():
        return None
    digest = hashlib.sha256()
    for file in _files(path, settings.seed_split):
        size = file.stat().st_size
        with file.open("rb") as opened:
            begin = opened.read(_END)
            opened.seek(max(0, size - _END))
            digest.update(repr((file.name, size, begin, opened.read())).encode())
    return digest.hexdigest()[:16]


def texts(settings: Settings) -> Iterator[tuple[str, str]]:
    """(place in the source, passage) of each passage, unchanged.

    Raises UserError where the source cannot be read.
    """
    if settings.seeds == SAMPLE:
        yield from ((seed["id"], seed["passage"]) for seed in sample.seeds())
        return
    check(settings)
    path = Path(settings.seeds).expanduser()
    if path.is_dir() or path.is_file():
        above = f"{path if path.is_dir() else path.parent}/"
        for file in _files(path, settings.seed_split):
            for where, text in (_reader(file.name) or _rows)(file, settings.seed_column):
                # It goes into every row; the path to it is private.
                yield where.removeprefix(above), text
    else:
        yield from _of_hub(settings)


def notes(settings: Settings) -> list[str]:
    """A line for each reason for which files of the seeds' folder are not read.

    Raises UserError as `texts` does.
    """
    path = Path(settings.seeds).expanduser()
    if settings.seeds == SAMPLE or not path.is_dir():
        return []
    read = {file.relative_to(path).as_posix() for file in _files(path, settings.seed_split)}
    every = [file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file()]
    found = data_files.with_rows(every)
    prose = [name for name in every if name.lower().endswith(_PROSE) and not _hidden(Path(name))]
    passages = {*found.names, *(name for name in prose if not _DESCRIPTIONS.fullmatch(Path(name).name))}
    others = [(name, f"not of the split {settings.seed_split}") for name in sorted(passages - read)]
    unread = [(name, reason) for name, reason in found.left_out if name not in {*read, *passages}]
    return data_files.DataFiles(tuple(sorted(read)), (*others, *unread)).notes(settings.seeds)


def _files(path: Path, split: str) -> list[Path]:
    """The file, or the files of a folder that hold passages.

    Of a dataset's folder those of the split, without its card and descriptions. Raises UserError
    where there are none.
    """
    if path.is_file():
        return [path]
    found = sorted(file for file in path.rglob("*") if _reader(file.name) and file.is_file())
    files = [file for file in found if not _DESCRIPTIONS.fullmatch(file.name) and not _hidden(file.relative_to(path))]
    if not files and any(path.rglob("*.arrow")):
        raise UserError(
            f"{path}: holds Arrow files (save_to_disk); write them as Parquet first, with dataset.to_parquet"
        )
    if not files:
        raise UserError(f"{path}: holds no {', '.join((*data_files.FORMATS, *_PROSE))} file with passages")
    of_split = _of_split(path, files, split)
    if of_split:
        return of_split
    if all(_is_of(_SPLITS, file.relative_to(path)) for file in files):
        raise UserError(f"{path}: has no file of the split {split!r}; name one with --seed-split")
    return files


def _of_split(path: Path, files: Sequence[Path], split: str) -> list[Path]:
    return [file for file in files if _is_of(split, file.relative_to(path))]


def _is_of(split: str, file: Path) -> bool:
    """Whether the name or the folder of a file names a split, or one of several joined by |."""
    wanted = "|".join(map(re.escape, split.split("|")))
    return re.search(rf"[/_.-](?:{wanted})(?=[/_.-])", f"/{file}", re.IGNORECASE) is not None


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _rows(file: Path, column: str) -> Iterator[tuple[str, str]]:
    for where, row in tables.rows(file):
        yield plain(str(row.get("id") or where)), _text(row, column, where)


def _text(row: Mapping[str, Any], column: str, where: str) -> str:
    """The passage of a row, empty for none.

    Raises UserError where the row has no such column or something else in it.
    """
    text = row.get(column)
    if column in row and text is None:
        return ""
    if not isinstance(text, str):
        there = ", ".join(map(str, row))[:200]
        raise UserError(f'{where}: no text in column "{column}"; it has {there} (name one with --seed-column)')
    return text


def _paragraphs(file: Path, _: str) -> Iterator[tuple[str, str]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not readable as UTF-8 text ({type(error).__name__})") from None
    for number, part in enumerate(re.split(r"\n\s*\n", text), 1):
        if part.strip():
            yield f"{file} paragraph {number}", part


def _reader(name: str) -> Callable[[Path, str], Iterator[tuple[str, str]]] | None:
    """What reads a file of this name; None where nothing does."""
    if name.lower().endswith(_PROSE):
        return _paragraphs
    return _rows if data_files.format_of(name) else None


def _of_hub(settings: Settings) -> Iterator[tuple[str, str]]:
    """The rows of a Hub dataset, streamed."""
    import datasets

    hub_connection.may_be_asked()
    options = {"name": settings.seed_config or None, "split": settings.seed_split}
    try:
        data = datasets.load_dataset(settings.seeds, streaming=True, **options)
        for number, row in enumerate(data):
            where = f"{settings.seeds} row {number}"
            yield where, _text(row, settings.seed_column, where)
    except UserError:
        raise
    except Exception as error:
        # The dataset's files, the Hub and the network may raise anything.
        reason = " ".join(str(error).split())[:160]
        raise UserError(f"{settings.seeds}: cannot be read from the Hub ({type(error).__name__}: {reason})") from None
