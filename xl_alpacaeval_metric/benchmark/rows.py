"""What a benchmark is made of: rows, and the benchmark that holds them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xl_alpacaeval_metric.errors import UserError


@dataclass(frozen=True, slots=True)
class Row:
    """One instruction of a benchmark; `instruction` is the whole prompt, `request` the same without the language instruction.

    `request`, `context`, `context_language` and `reference` are None where there is none. `subset` is where the row
    comes from or, in the benchmark `context`, its design.
    """

    id: str
    instruction: str
    request: str | None
    instruction_language: str
    response_language: str
    context: str | None = None
    context_language: str | None = None
    reference: str | None = None
    subset: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Rows in order of language, then of the source; `revision` changes whenever what is asked changes.

    `references` says whose the reference answers are.
    """

    name: str
    revision: str
    rows: tuple[Row, ...]
    references: str = "none"

    def prompt(self, row: Row) -> str:
        """What the row shares with others that are no independent prompts: its id, in `context` the id of its item."""
        return row.id.removesuffix(f"-{row.subset}") if self.name == "context" else row.id


def with_references(benchmark: Benchmark, references: Mapping[tuple[str, str], str], source: str = "") -> Benchmark:
    """The benchmark with the references of `source` by (id, language) put in place of its own.

    Raises UserError naming the first row without one.
    """
    rows = []
    for row in benchmark.rows:
        reference = references.get((row.id, row.response_language), row.reference)
        if reference is None:
            raise UserError(
                f"no reference for id {row.id!r}, language {row.response_language!r}; give --reference FILE with it, "
                "or --reference BACKEND/MODEL to have a model write them"
            )
        rows.append(replace(row, reference=reference))
    return replace(benchmark, rows=tuple(rows), references=source or benchmark.references)


def revision(rows: Sequence[Row]) -> str:
    """Eight hex digits of the SHA-256 of everything that is asked."""
    asked = [[row.id, row.response_language, row.instruction] for row in rows]
    return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:8]
