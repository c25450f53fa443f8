"""AlpacaEval's requests, from a file or the Hub: the source of benchmarks that are not released."""

import hashlib
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from xl_alpacaeval_metric.benchmark.phrasing import DATA
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl, tables
from xl_alpacaeval_metric.hub import download

REPO, FILE = "tatsu-lab/alpaca_eval", "alpaca_eval.json"
EXCLUSIONS = ("strict", "broad")
"""The lists of requests that are left out, the default first."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AlpacaRequest:
    """A request; its `id` has the hash of its text, so that its place in a file does not matter."""

    id: str
    text: str
    subset: str


def is_source(path: Path | None) -> bool:
    """Whether `path` is a file of requests, or AlpacaEval's dataset on the Hub."""
    return path is not None and (path.is_file() or path.as_posix() == REPO)


@cache
def requests(path: Path, exclusion: str = EXCLUSIONS[0]) -> Sequence[AlpacaRequest]:
    """The requests in column `instruction` of a data file.

    Requests that only make sense in English are left out, by the list `exclusion`, one of
    EXCLUSIONS; logs how many. Raises UserError with file and row, with the file that the Hub does
    not give, and for an unknown list.
    """
    file = download.file(REPO, FILE) if path.as_posix() == REPO and not path.is_file() else path
    left_out = english_only(exclusion)
    found: list[AlpacaRequest] = []
    seen: Counter[str] = Counter()
    rows = tables.read_rows(file)
    for where, row in rows:
        if row.get("language") or row.get("response_language"):
            raise UserError(
                f"{where}: names the language of its answer, so that {file} is a benchmark of its own: "
                f"--benchmark {file} (for lm_eval: task xl_alpacaeval_own)"
            )
        text = row.get("instruction")
        if not isinstance(text, str) or not text.strip():
            raise UserError(f'{where}: no text in column "instruction"')
        if not jsonl.is_utf8(text):
            raise UserError(f'{where}: "instruction" holds half a character (a lone surrogate)')
        identity = row_hash(text)
        if identity in left_out:
            continue
        seen[identity] += 1
        again = f"-{seen[identity]}" if seen[identity] > 1 else ""
        found.append(AlpacaRequest(f"alpaca-{identity}{again}", text, str(row.get("dataset") or "")))
    if not found:
        raise UserError(f"{file}: holds no requests")
    if len(found) < len(rows):
        logger.warning(
            "%s: %d of %d requests only make sense in English and are left out (list %s)",
            file,
            len(rows) - len(found),
            len(rows),
            exclusion,
        )
    return tuple(found)


def row_hash(text: str) -> str:
    """Sixteen hex digits of the text's hash, whatever its spacing."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:16]


def check_exclusion(name: str) -> None:
    """Raises UserError for what is none of EXCLUSIONS."""
    if name not in EXCLUSIONS:
        raise UserError(f"unknown list of excluded requests {name!r}; there are {', '.join(EXCLUSIONS)}")


@cache
def english_only(exclusion: str = EXCLUSIONS[0]) -> dict[str, str]:
    """Reasons why requests only make sense in English, by hash; from reading all of AlpacaEval.

    `exclusion` is one of EXCLUSIONS: "strict" are those that ask for English outright or for what
    only English has, "broad" adds those that become another task. Raises UserError for another.
    """
    import yaml

    check_exclusion(exclusion)
    entries = yaml.safe_load((DATA / "english_only.yaml").read_text("utf-8"))
    return {entry["hash"]: entry["reason"] for entry in entries if exclusion == "broad" or entry["list"] == "strict"}
