"""A Hub folder on disk: put in place whole, and checked against its own card."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.card import TAG

CARD = "README.md"


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration as the card describes it: its files, which are there, and the rows that they hold."""

    name: str
    files: tuple[Path, ...]
    rows: int


@contextmanager
def replaced(output: Path) -> Iterator[Path]:
    """A temporary folder beside `output` that takes its place when the block ends well, and is gone when it does not.

    Raises UserError where `output` is something else than a folder that this command made.
    """
    _check_replaceable(output)
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    except OSError as error:
        raise UserError(f"{output}: cannot be written ({error.strerror})") from None
    try:
        unfinished.chmod(0o755)
        yield unfinished
        if output.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{output.name}-old-", dir=output.parent))
            output.rename(old / output.name)
            unfinished.rename(output)
            shutil.rmtree(old)
        else:
            unfinished.rename(output)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _check_replaceable(output: Path) -> None:
    if not output.exists():
        return
    if not output.is_dir():
        raise UserError(f"{output}: is a file; --output names a folder")
    if any(output.iterdir()) and TAG not in (_metadata(output).get("tags") or ()):
        raise UserError(f"{output}: is not empty and was not made by this command; choose another --output")


def verified(folder: Path) -> list[Config]:
    """The configurations of a Hub folder, each with its files read (their footers alone).

    Raises UserError where the folder or its card is missing, a file is missing or damaged, or the card and the
    files do not match in rows or columns.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    metadata = _metadata(folder)
    configs = metadata.get("configs")
    if not isinstance(configs, list) or not configs:
        raise UserError(f"{folder / CARD}: has no front matter with configs; make the folder with xl-instruct build")
    described = _described(metadata)
    found = []
    for config in configs:
        name = str(config.get("config_name"))
        files = _files(folder, name, config)
        rows, columns = 0, None
        for file in files:
            try:
                footer = pq.ParquetFile(file)
            except (pa.ArrowException, OSError) as error:
                raise UserError(
                    f"{file}: not a readable Parquet file ({type(error).__name__}); build it again"
                ) from None
            rows += footer.metadata.num_rows
            if columns is not None and footer.schema_arrow.names != columns:
                raise UserError(f"{file}: has other columns than the files before it")
            columns = footer.schema_arrow.names
        expected_rows, expected_columns = described.get(name, (None, None))
        if expected_rows is not None and expected_rows != rows:
            raise UserError(
                f"{folder / CARD}: says {expected_rows} rows in {name}, its files hold {rows}; build it again"
            )
        if expected_columns is not None and expected_columns != columns:
            raise UserError(
                f"{folder / CARD}: says columns {', '.join(expected_columns)} in {name}, "
                f"its files have {', '.join(columns or ())}; build it again"
            )
        found.append(Config(name, tuple(files), rows))
    return found


def _files(folder: Path, name: str, config: dict[str, Any]) -> list[Path]:
    patterns = [
        entry["path"] for entry in config.get("data_files") or () if isinstance(entry, dict) and "path" in entry
    ]
    files = []
    for pattern in patterns:
        if PurePosixPath(pattern).is_absolute() or ".." in PurePosixPath(pattern).parts:
            raise UserError(f"{folder / CARD}: config {name} points outside the folder: {pattern}")
        matching = sorted(folder.glob(pattern))
        if not matching:
            raise UserError(f"{folder}: no file {pattern}, which its card names for {name}")
        files += matching
    if not files:
        raise UserError(f"{folder / CARD}: config {name} names no data files")
    for file in files:
        total = file.stem.rpartition("-of-")[2]
        if total.isdigit() and len(files) != int(total):
            raise UserError(f"{folder / name}: holds {len(files)} of {int(total)} files; build it again")
    return files


def _described(metadata: dict[str, Any]) -> dict[str, tuple[int | None, Sequence[str] | None]]:
    """Rows and columns by configuration, as `dataset_info` has them."""
    infos = metadata.get("dataset_info") or []
    return {
        str(info.get("config_name")): (
            sum(int(split["num_examples"]) for split in info.get("splits") or ()) if info.get("splits") else None,
            [feature["name"] for feature in info["features"]] if info.get("features") else None,
        )
        for info in ([infos] if isinstance(infos, dict) else infos)
    }


def _metadata(folder: Path) -> dict[str, Any]:
    """The card's front matter; empty where there is no card."""
    import yaml

    card = folder / CARD
    if not card.is_file():
        return {}
    text = card.read_text(encoding="utf-8", errors="replace")
    parts = text.split("---\n", 2)
    try:
        found = yaml.safe_load(parts[1]) if text.startswith("---\n") and len(parts) == 3 else {}
    except (yaml.YAMLError, RecursionError):
        raise UserError(f"{card}: its front matter is no valid YAML") from None
    return found if isinstance(found, dict) else {}
