"""A Hub folder on disk: written whole or not at all, and checked against its card."""

import glob
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from xl_alpacaeval_metric.errors import UserError, first_line
from xl_alpacaeval_metric.files import parquet, yaml_file
from xl_alpacaeval_metric.files.destinations import NO_ROOM, unwritable, write_errors
from xl_alpacaeval_metric.hub.front_matter import TAG
from xl_alpacaeval_metric.terminal import counted

STALE = 3600.0
"""Seconds after which an unfinished folder counts as left by a killed command."""
CARD, EVAL = "README.md", "eval.yaml"
_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_DATA = re.compile(r"(train|test)-\d{5}-of-\d{5}\.parquet")


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration of the card: the patterns of its data files, the files, and their rows."""

    name: str
    patterns: tuple[str, ...]
    files: tuple[Path, ...]
    rows: int


@contextmanager
def replaced(output: Path) -> Iterator[Path]:
    """A temporary folder that replaces `output` after the block, or is removed if the block raises.

    Raises UserError where `output` is not a folder that this package wrote, or has other files in
    it.
    """
    output = output.resolve()
    check_replaceable(output)
    _sweep(output)
    with write_errors(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{output.name}-xl-unfinished-", dir=output.parent))
    try:
        unfinished.rmdir()
        unfinished.mkdir()  # With the permissions of the umask, which mkdtemp does not heed.
        yield unfinished
        check_replaceable(output)
        if output.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{output.name}-xl-old-", dir=output.parent)) / output.name
            output.rename(old)
            try:
                unfinished.rename(output)
            except OSError:
                old.rename(output)
                raise
            finally:
                shutil.rmtree(old.parent)
        else:
            unfinished.rename(output)
    except OSError as error:
        if error.errno not in NO_ROOM:  # It may be of a file that is read in the block.
            raise
        raise unwritable(output, error) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _sweep(output: Path) -> None:
    """Remove unfinished folders of killed commands beside `output`.

    If one was killed while it replaced `output`, the old `output` is moved back.
    """
    for folder in output.parent.glob(f".{glob.escape(output.name)}-xl-*-????????"):
        if not output.exists() and (folder / output.name).is_dir():  # Killed between the two renames.
            (folder / output.name).rename(output)
            folder.rmdir()
            continue
        if time.time() - folder.stat().st_mtime > STALE:
            shutil.rmtree(folder, ignore_errors=True)


def check_replaceable(output: Path) -> None:
    """Raises UserError where `output` exists and has anything that this package did not write."""
    output = output.resolve()
    if output == Path.cwd() or output in Path.cwd().parents:
        raise UserError(f"{output}: is the folder you are in; --output names a folder of its own")
    if not output.exists():
        return
    if not output.is_dir():
        raise UserError(f"{output}: is a file; --output names a folder")
    if not any(output.iterdir()):
        return
    if TAG not in (metadata(output).get("tags") or ()):
        raise UserError(f"{output}: is not empty and was not made by this command; choose another --output")
    for file in sorted(output.rglob("*")):
        if not (file.is_dir() or file in (output / CARD, output / EVAL) or _DATA.fullmatch(file.name)):
            raise UserError(
                f"{output}: holds {file.relative_to(output)}, which this command did not write and would delete; "
                "move it, or choose another --output"
            )


def verified(folder: Path) -> list[Config]:
    """The configurations of a Hub folder, after reading the footers of all data files.

    Raises UserError where the folder, its card or a file is missing, a file is damaged, or the rows
    or columns of card and files differ.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    front = metadata(folder)
    configs = front.get("configs")
    if not isinstance(configs, list) or not configs:
        raise UserError(f"{folder / CARD}: has no front matter with configs; make the folder with xl-instruct build")
    described = _described(folder, front)
    found = []
    for config in configs:
        name, patterns = _patterns(folder, config)
        files = _files(folder, name, patterns)
        rows, columns = 0, None
        for file in files:
            try:
                with pq.ParquetFile(file) as opened:
                    count, names = opened.metadata.num_rows, opened.schema_arrow.names
            except (pa.ArrowException, OSError) as error:
                raise UserError(
                    f"{file}: not a readable Parquet file ({type(error).__name__}); build it again"
                ) from None
            rows += count
            if columns is not None and names != columns:
                raise UserError(f"{file}: has other columns than the files before it")
            columns = names
        expected_rows, expected_columns = described.get(name, (None, None))
        if expected_rows is not None and expected_rows != rows:
            raise UserError(
                f"{folder / CARD}: says {counted(expected_rows, 'row')} in {name}, its files hold {rows}; build it again"
            )
        if expected_columns is not None and expected_columns != columns:
            raise UserError(
                f"{folder / CARD}: says columns {', '.join(expected_columns)} in {name}, "
                f"its files have {', '.join(columns or ())}; build it again"
            )
        found.append(Config(name, tuple(patterns), tuple(files), rows))
    return found


def check_content(configs: Sequence[Config]) -> None:
    """Read all data of these configurations; raises UserError for a damaged file."""
    import pyarrow as pa

    for file in (file for config in configs for file in config.files):
        try:
            parquet.check_pages(file)
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"{file}: damaged ({first_line(error)[:80]}); build it again") from None


def _patterns(folder: Path, config: Any) -> tuple[str, list[str]]:
    """Name and file patterns of a configuration, given as a path, a list of paths, or by split."""
    if not isinstance(config, dict) or not isinstance(config.get("config_name"), str):
        raise UserError(f"{folder / CARD}: an entry of its configs has no config_name; build it again")
    name, given = config["config_name"], config.get("data_files")
    patterns: list[Any] = []
    for entry in given if isinstance(given, list) else [given]:
        paths = entry.get("path") if isinstance(entry, dict) else entry
        patterns += paths if isinstance(paths, list) else [paths]
    if not all(isinstance(pattern, str) and pattern for pattern in patterns):
        raise UserError(f"{folder / CARD}: config {name} names no data files")
    for pattern in patterns:
        if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
            raise UserError(f"{folder / CARD}: config {name} points outside the folder: {pattern}")
    return name, patterns


def _files(folder: Path, name: str, patterns: Sequence[str]) -> list[Path]:
    files: list[Path] = []
    for pattern in patterns:
        matching = sorted(file for file in folder.glob(pattern) if file.is_file())
        if not matching:
            raise UserError(f"{folder}: no file {pattern}, which its card names for {name}")
        files += matching
    for file in files:
        total = file.stem.rpartition("-of-")[2]
        if total.isdigit() and len(files) != int(total):
            raise UserError(f"{folder / name}: holds {len(files)} of {int(total)} files; build it again")
    return files


def _described(folder: Path, front: dict[str, Any]) -> dict[str, tuple[int | None, Sequence[str] | None]]:
    """Rows and columns by configuration, from the card's `dataset_info`."""
    infos = front.get("dataset_info") or []
    try:
        return {
            str(info.get("config_name")): (
                sum(int(split["num_examples"]) for split in info.get("splits") or ()) if info.get("splits") else None,
                [feature["name"] for feature in info["features"]] if info.get("features") else None,
            )
            for info in ([infos] if isinstance(infos, dict) else infos)
        }
    except (AttributeError, KeyError, TypeError, ValueError):
        raise UserError(f"{folder / CARD}: its dataset_info is not as `datasets` writes it; build it again") from None


def metadata(folder: Path) -> dict[str, Any]:
    """The card's front matter; empty where there is no card."""
    card = folder / CARD
    if not card.is_file():
        return {}
    front = _FRONT_MATTER.match(card.read_text(encoding="utf-8", errors="replace"))
    if front is None:
        return {}
    try:
        found = yaml_file.parse(front[1])
    except yaml_file.NotYaml as error:
        raise UserError(f"{card}: its front matter is not valid YAML ({error})") from None
    return found if isinstance(found, dict) else {}
