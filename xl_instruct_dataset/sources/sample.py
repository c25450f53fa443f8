"""The bundled sample: 24 rows for each language pair, written for this project."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.benchmark import ask_in
from xl_alpacaeval_metric.files import tables
from xl_instruct_dataset.records import LANGUAGES, Provenance, Selection, TrainingRow

NAME = "xl-suite sample"
FOLDER = Path(__file__).parents[1] / "data" / "sample"
_PROVENANCE = Provenance(
    dataset=NAME,
    license="apache-2.0",
    seed_source="passage written for xl-suite",
    seed_license="apache-2.0",
    models={"instruct": "written for xl-suite", "answer": "written for xl-suite"},
)


def rows(code: str) -> Iterator[TrainingRow]:
    """The rows with responses in language `code`, one of `LANGUAGES`.

    Instructions with English responses name no language.
    """
    if code not in LANGUAGES:
        raise ValueError(f"the sample has no responses in {code}")
    responses, english = _responses(code), _responses("en")
    for seed in seeds():
        request = seed["instruction"]
        yield TrainingRow(
            id=f"{seed['id']}-{code}",
            instruction=ask_in(request, code, item=seed["id"]),
            response=responses[seed["id"]],
            instruction_language="en",
            response_language=code,
            provenance=_PROVENANCE,
            selection=Selection("written", candidates=1, chosen=0),
            passage=seed["passage"],
            source_response=english[seed["id"]],
        )


def _responses(code: str) -> dict[str, str]:
    return {row["id"]: row["response"] for row in _lines(f"responses/{code}.jsonl")}


@cache
def seeds() -> tuple[dict[str, Any], ...]:
    """The English seeds: id, kind, passage, and the instruction that the passage answers."""
    return tuple(_lines("seeds.jsonl"))


def _lines(name: str) -> list[dict[str, Any]]:
    return [row for _, row in tables.rows(FOLDER / name)]
