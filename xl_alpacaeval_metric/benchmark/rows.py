"""A benchmark and its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a benchmark in one language.

    `instruction` is the whole prompt, `request` the prompt without its language instruction.
    `request`, `context`, `context_language` and `reference` are None where there is none. `subset`
    is the source of the row or, in the benchmark `context`, its design. `expected` is JSON with the
    facts that a right answer to a closed question names (see `correctness`), else empty.
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
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Rows in the order of their languages, then of the source.

    `revision` changes with the instructions. `references` names the source of the reference
    answers, `exclusion` the list of requests left out where there was one to choose.
    """

    name: str
    revision: str
    rows: tuple[Row, ...]
    references: str = "none"
    exclusion: str = ""

    @property
    def version(self) -> str:
        """The benchmark in a signature, such as mini@1c2d3e4f or xl-strict@1c2d3e4f."""
        return f"{'-'.join(filter(None, (self.name, self.exclusion)))}@{self.revision}"

    def prompt(self, row: Row) -> str:
        """The id that all variants of a prompt share: the row's; in `context`, the item's."""
        return row.id.removesuffix(f"-{row.subset}") if self.name == "context" else row.id


def with_references(
    benchmark: Benchmark, references: Mapping[tuple[str, str], str], source: str = "", *, required: bool = True
) -> Benchmark:
    """The benchmark with these references by (id, language) in place of its own.

    `source` names where they come from. Where they are required, raises UserError naming the first
    row of a language that has none.
    """
    rows = []
    having = {row.response_language for row in benchmark.rows if row.reference is not None} | {
        row.response_language for row in benchmark.rows if (row.id, row.response_language) in references
    }
    for row in benchmark.rows:
        reference = references.get((row.id, row.response_language), row.reference)
        if required and row.response_language not in having:
            raise UserError(
                f"no reference for id {row.id!r}, language {row.response_language!r}; give --reference FILE with it, "
                "or --reference BACKEND/MODEL to have a model write them, or --judge none for language fidelity alone"
            )
        rows.append(replace(row, reference=reference))
    return replace(benchmark, rows=tuple(rows), references=source or benchmark.references)


def revision(rows: Sequence[Row]) -> str:
    """Eight hex digits of the SHA-256 of all ids, languages and instructions."""
    content = [[row.id, row.response_language, row.instruction] for row in rows]
    return jsonl.short_hash(content)
