"""The finished rows of one language, kept in the work folder until the Hub folder is written."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from xl_alpacaeval_metric.files.jsonl import json_line, read_lines
from xl_instruct_dataset.records import Selection


@dataclass(frozen=True, slots=True)
class Row:
    """A row without its language instruction; one in the source language has no `translator`.

    `passage` and `source_response` are as in the training row; those of earlier versions have none.
    """

    id: str
    seed: str
    instruction: str
    scores: Mapping[str, float] | None
    response: str
    selection: Selection
    translator: str | None
    passage: str | None = None
    source_response: str | None = None


def file(work: Path, target: str) -> Path:
    """Where the rows of a target language are kept."""
    return work / f"rows-{target}.jsonl"


def line(row: Row) -> str:
    """The row as a line of its file."""
    return json_line(asdict(row))


def read(work: Path, target: str) -> Iterator[Row]:
    """The rows of a target language."""
    for found in read_lines(file(work, target)):
        yield Row(**{**found, "selection": Selection(**found["selection"])})
