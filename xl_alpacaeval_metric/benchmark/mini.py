"""`mini`: 32 requests written for this project, with references in every language."""

from collections.abc import Iterator

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark.phrasing import DATA, ask_in
from xl_alpacaeval_metric.benchmark.rows import Row
from xl_alpacaeval_metric.files import tables

LANGUAGES = (*languages.RELEASED, "en", "pt-BR")
"""The released languages, where `pt` is European Portuguese; English; Brazilian Portuguese."""


def rows(code: str, seed: int) -> Iterator[Row]:
    """The rows in language `code`; without references where it is none of LANGUAGES."""
    known = _read("references", f"{code}.jsonl") if code in LANGUAGES else []
    references = {row["id"]: row["reference"] for row in known}
    for row in _read("requests.jsonl"):
        yield Row(
            id=row["id"],
            instruction=ask_in(row["request"], code, item=row["id"], seed=seed),
            request=row["request"],
            instruction_language="en",
            response_language=code,
            reference=references.get(row["id"]),
            subset=row["category"],
        )


def _read(*path: str) -> list[dict[str, str]]:
    with DATA.joinpath("mini", *path).open("rb") as file:
        return [row for _, row in tables.rows(file, path[-1])]
