"""Files of datasets on the Hugging Face Hub, or local copies of them."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import data_files
from xl_alpacaeval_metric.files.tables import read_rows
from xl_alpacaeval_metric.machine import hub_connection

COLUMN = "instruction"
ROWS = [f"*{suffix}{end}" for suffix in data_files.FORMATS for end in ("", *data_files.COMPRESSIONS)]
"""Patterns of the files of a dataset that hold rows."""
WITH_CARD = [*ROWS, "README.md"]
"""These, and the card, which says which file is which split."""


def instructions(repo: str, split: str, path: Path | None = None) -> Sequence[str | None]:
    """The instructions of one split of a Hub dataset, or of the split's file in the folder `path`.

    None in a row that its translator left without one. Raises UserError with the missing file and
    how to give a local copy.
    """
    rows = _local(path, split) if path else _download(repo, split)
    texts = [row.get(COLUMN) for row in rows]
    untranslated = [text is None and "translator" in row for row, text in zip(rows, texts, strict=True)]
    if all(untranslated):
        raise UserError(f"{path or repo}, split {split}: no rows")
    for number, text in enumerate(texts, 1):
        if not untranslated[number - 1] and not (isinstance(text, str) and text.strip()):
            raise UserError(f'{path or repo}, split {split}, row {number}: no text in column "{COLUMN}"')
    return [None if text is None else str(text) for text in texts]


def _download(repo: str, split: str) -> list[dict[str, object]]:
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    try:
        data = datasets.load_dataset(str(_files_of(repo) or repo), split=split)
    except (OSError, ValueError, HfHubHTTPError) as error:
        # A split the dataset lacks is a ValueError; no network or HF_HUB_OFFLINE is an OSError.
        raise UserError(
            f"{repo}, split {split!r}: is not available from the Hub ({type(error).__name__}); give a local copy: "
            f"a folder with {split}.json (a list of objects, or one a line, with the column {COLUMN!r}) "
            "as --benchmark-path FOLDER (for lm_eval, benchmark_path in --metadata) or XL_BENCHMARK_PATH"
        ) from None
    return [dict(row) for row in data]


@cache
def _files_of(repo: str) -> Path | None:
    """The folder of a dataset in the Hub's cache; None where that does not hold it whole.

    `datasets` has another cache for what it made of such a folder, which alone is asked offline
    where the dataset is named by its id.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        away = not hub_connection.may_be_asked()
        return Path(snapshot_download(repo, repo_type="dataset", allow_patterns=WITH_CARD, local_files_only=away))
    except (OSError, ValueError, HfHubHTTPError):
        return None


def file(repo: str, name: str) -> Path:
    """The path of one file of a Hub dataset, downloaded unless it is in the Hub's cache.

    Raises UserError with the missing file and how to give a local copy.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    hub_connection.may_be_asked()
    try:
        return Path(hf_hub_download(repo, name, repo_type="dataset"))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise UserError(
            f"{name} of {repo}: is not available from the Hub ({type(error).__name__}); give a local copy of it as "
            "--benchmark-path FILE (for lm_eval, benchmark_path in --metadata) or XL_BENCHMARK_PATH"
        ) from None


def dataset(repo: str) -> Path:
    """The folder of a Hub dataset's files with rows, downloaded unless the Hub's cache has it.

    Raises UserError for a dataset that is not available.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    hub_connection.may_be_asked()
    try:
        return Path(snapshot_download(repo, repo_type="dataset", allow_patterns=ROWS))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise UserError(
            f"{repo}: is no file, no folder, and not available as a dataset of the Hub ({type(error).__name__})"
        ) from None


def _local(path: Path, split: str) -> list[dict[str, object]]:
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; it should hold {split}.json")
    # german.json or german-00000-of-00002.parquet, but not "swiss german.json".
    name = re.compile(rf"(.*[^a-z ])?{re.escape(split)}([^a-z ].*)?")
    stems = {file: data_files.stem_of(file.name).lower() for file in path.rglob("*") if data_files.format_of(file.name)}
    files = [file for file, stem in stems.items() if name.fullmatch(stem)]
    files.sort(key=lambda file: (stems[file] != split, file))
    if not files:
        raise UserError(f"{path}: holds no {split}.json (or .jsonl, .parquet, .csv) with the column {COLUMN!r}")
    shards = [file for file in files if re.search(r"-\d+-of-\d+$", stems[file])]
    return [row for file in (shards if files[0] in shards else files[:1]) for _, row in read_rows(file)]
