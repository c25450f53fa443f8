"""`mini`: sixteen requests written for this project, with references in every language."""

import json
from collections.abc import Iterator

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark.phrasing import DATA, ask_in
from xl_alpacaeval_metric.benchmark.rows import Row
from xl_alpacaeval_metric.errors import UserError

LANGUAGES = (*languages.RELEASED, "en")


def rows(code: str, seed: int) -> Iterator[Row]:
    """The rows in language `code`; raises UserError for a language without references."""
    if code not in LANGUAGES:
        raise UserError(f"benchmark mini has no references in {code!r}; it has {', '.join(LANGUAGES)}")
    folder = DATA / "mini"
    references = {
        row["id"]: row["reference"] for row in _jsonl(folder.joinpath("references", f"{code}.jsonl").read_text("utf-8"))
    }
    for row in _jsonl(folder.joinpath("requests.jsonl").read_text("utf-8")):
        yield Row(
            id=row["id"],
            instruction=ask_in(row["request"], code, item=row["id"], seed=seed),
            request=row["request"],
            instruction_language="en",
            response_language=code,
            reference=references[row["id"]],
            subset=row["category"],
        )


def _jsonl(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]
