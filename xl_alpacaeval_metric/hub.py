"""The released files on the Hugging Face Hub, or a local copy of them."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError

COLUMN = "instruction"
REACHED = 5.0
"""Seconds for the Hub to answer."""
_SUFFIXES = (".json", ".jsonl", ".parquet")


def instructions(repo: str, split: str, path: Path | None = None) -> Sequence[str]:
    """The instructions of one split of a Hub dataset, or of the file named for that split in the folder `path`.

    Raises UserError that says which file is missing and how to give a local copy.
    """
    rows = _local(path, split) if path else _download(repo, split)
    texts = [row.get(COLUMN) for row in rows]
    if not texts:
        raise UserError(f"{path or repo}, split {split}: no rows")
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str) or not text.strip():
            raise UserError(f'{path or repo}, split {split}, row {number}: no text in column "{COLUMN}"')
    return [str(text) for text in texts]


def reached() -> bool:
    """Whether the Hub answers within a few seconds; the Hub's own library tries for half a minute."""
    from huggingface_hub import constants, get_session

    if constants.is_offline_mode():
        return False
    try:
        get_session().head(constants.ENDPOINT, timeout=REACHED)
    except Exception:  # Whatever the network between here and there may raise.
        return False
    return True


def _download(repo: str, split: str) -> list[dict[str, object]]:
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    try:
        data = datasets.load_dataset(repo, split=split)
    except (OSError, ValueError, HfHubHTTPError) as error:
        # A split the dataset lacks is a ValueError; no network or HF_HUB_OFFLINE is an OSError.
        raise UserError(
            f"{repo}, split {split!r}, cannot be had from the Hub ({type(error).__name__}); give a local copy: "
            f"a folder with {split}.json (a list of objects, or one a line, with the column {COLUMN!r}) "
            "as --benchmark-path FOLDER (for lm_eval, benchmark_path in --metadata) or XL_BENCHMARK_PATH"
        ) from None
    return [dict(row) for row in data]


def download(repo: str, name: str) -> Path:
    """One file of a Hub dataset, from the Hub's own cache where it is there already.

    Raises UserError that says which file is missing and how to give a local copy.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        return Path(hf_hub_download(repo, name, repo_type="dataset"))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise UserError(
            f"{name} of {repo} cannot be had from the Hub ({type(error).__name__}); give a local copy of it as "
            "--benchmark-path FILE (for lm_eval, benchmark_path in --metadata) or XL_BENCHMARK_PATH"
        ) from None


def _local(path: Path, split: str) -> list[dict[str, object]]:
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; it should hold {split}.json")
    # german.json or german-00000-of-00002.parquet, but not "swiss german.json".
    name = re.compile(rf"(.*[^a-z ])?{re.escape(split)}([^a-z ].*)?")
    files = [file for file in path.rglob("*") if file.suffix in _SUFFIXES and name.fullmatch(file.stem.lower())]
    files.sort(key=lambda file: (file.stem.lower() != split, file))
    if not files:
        raise UserError(f"{path}: holds no {split}.json (or .jsonl, .parquet) with the column {COLUMN!r}")
    shards = [file for file in files if re.search(r"-\d+-of-\d+$", file.stem)]
    return [row for file in (shards if files[0] in shards else files[:1]) for _, row in read_rows(file)]


def read_rows(file: Path) -> list[tuple[str, dict[str, object]]]:
    """The rows of a JSONL, JSON (a list of objects) or Parquet file, each with where it stands ("FILE line 3").

    Raises UserError with file and line.
    """
    if not file.is_file():
        raise UserError(f"{file}: is a folder, not a file" if file.is_dir() else f"{file}: no such file")
    if file.suffix == ".parquet":
        return [(f"{file} row {number}", row) for number, row in enumerate(_parquet(file), 1)]
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: not readable as UTF-8 text ({type(error).__name__})") from None
    if text.lstrip().startswith("["):
        rows = [(f"{file} entry {n}", row) for n, row in enumerate(_parse(str(file), text), 1)]
    else:
        numbered = ((f"{file} line {n}", line) for n, line in enumerate(text.split("\n"), 1) if line.strip())
        rows = [(where, _parse(where, line)) for where, line in numbered]
    for where, row in rows:
        if not isinstance(row, dict):
            raise UserError(f"{where}: not a JSON object")
    return rows


def iter_rows(file: Path) -> Iterator[tuple[str, dict[str, object]]]:
    """The rows of `read_rows`, one at a time in memory that does not grow with a JSONL or Parquet file.

    Raises UserError with file and line.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if file.suffix == ".parquet" and file.is_file():
        try:
            rows = (row for batch in pq.ParquetFile(file).iter_batches(1000) for row in batch.to_pylist())
            yield from ((f"{file} row {number}", row) for number, row in enumerate(rows, 1))
        except (pa.ArrowException, OSError) as error:
            raise UserError(f"{file}: not a readable Parquet file ({type(error).__name__})") from None
    elif file.suffix == ".jsonl" and file.is_file():
        try:
            with file.open(encoding="utf-8-sig", newline="\n") as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        row = _parse(where := f"{file} line {number}", line)
                        if not isinstance(row, dict):
                            raise UserError(f"{where}: not a JSON object")
                        yield where, row
        except UnicodeDecodeError:
            raise UserError(f"{file}: not readable as UTF-8 text") from None
    else:
        yield from read_rows(file)


def _parse(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not valid JSON ({error.msg}, column {error.colno})") from None
    except RecursionError:
        raise UserError(f"{where}: JSON nested too deeply") from None
    except ValueError as error:  # A number of more digits than Python turns into one.
        raise UserError(f"{where}: not valid JSON ({error})") from None


def _parquet(file: Path) -> list[dict[str, object]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Without partitioning, a folder called language=fi says nothing about what its file holds.
        return list(pq.read_table(file, partitioning=None).to_pylist())
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise UserError(f"{file}: not a readable Parquet file ({reason})") from None
