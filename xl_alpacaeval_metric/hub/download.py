"""The released files on the Hugging Face Hub, or a local copy of them."""

import re
from collections.abc import Sequence
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.tables import read_rows

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
