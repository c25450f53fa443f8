"""The benchmarks: instructions x languages x references."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

from xl_alpacaeval_metric import hub, languages
from xl_alpacaeval_metric.errors import UserError

MINI_LANGUAGES = (*languages.RELEASED, "en")


@dataclass(frozen=True, slots=True)
class Row:
    """One instruction of a benchmark; `instruction` is the whole prompt, `request` the same without the language instruction.

    `request`, `context`, `context_language` and `reference` are None where there is none.
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


NAMES = ("xl", "m", "en", "mini")
DEFAULT_LANGUAGES = {
    "xl": languages.RELEASED,
    "m": languages.PAPER,
    "en": ("en",),
    "mini": languages.RELEASED,
}


def load(
    name: str,
    codes: Sequence[str] | None = None,
    *,
    limit: int | None = None,
    path: Path | None = None,
    seed: int = 0,
) -> Benchmark:
    """The rows of benchmark `name` in the languages `codes`, the first `limit` of each.

    `path` is a local copy of the Hub files of `xl`, `m` and `en`. `seed` chooses the phrasing of the
    language instruction where this package adds one. Raises UserError for an unknown benchmark or language,
    and where the rows cannot be had.
    """
    if name not in NAMES:
        raise UserError(f"unknown benchmark {name!r}; there are {', '.join(NAMES)}")
    if limit is not None and limit < 1:
        raise UserError(f"--limit {limit}: at least one row a language is needed")
    wanted = [languages.get(code).code for code in (codes or DEFAULT_LANGUAGES[name])]
    rows: list[Row] = []
    for code in wanted:
        rows += list(_rows(name, code, path, seed))[:limit]
    return Benchmark(name, revision(rows), tuple(rows), "mini" if name == "mini" else "none")


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


def _rows(name: str, code: str, path: Path | None, seed: int) -> Iterator[Row]:
    match name:
        case "mini":
            return _mini(code, seed)
        case "m":
            return _as_released("m", "viyer98/m-AlpacaEval", code, code, path)
        case "en" if code != "en":
            raise UserError(f"benchmark en is English only, {code!r} was asked for; use xl or m")
        case _ if code in (*languages.RELEASED, "en"):
            return _as_released("xl", "viyer98/XL-AlpacaEval", code, "en", path)
        case _:
            return _in_other_language(code, path, seed)


def _mini(code: str, seed: int) -> Iterator[Row]:
    if code not in MINI_LANGUAGES:
        raise UserError(f"benchmark mini has no references in {code!r}; it has {', '.join(MINI_LANGUAGES)}")
    folder = resources.files(__package__) / "data" / "mini"
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


def _as_released(prefix: str, repo: str, code: str, instruction_language: str, path: Path | None) -> Iterator[Row]:
    for number, instruction in enumerate(hub.instructions(repo, languages.get(code).name.lower(), path)):
        yield Row(
            # The files hold no ids: the same line in every language is the same prompt.
            id=f"{prefix}-{number:04d}",
            instruction=instruction,
            request=instruction if code == instruction_language else None,
            instruction_language=instruction_language,
            response_language=code,
            subset=repo,
        )


def _in_other_language(code: str, path: Path | None, seed: int) -> Iterator[Row]:
    for row in _as_released("xl", "viyer98/XL-AlpacaEval", "en", "en", path):
        yield replace(row, instruction=ask_in(row.instruction, code, item=row.id, seed=seed), response_language=code)


def ask_in(request: str, code: str, *, item: str, seed: int = 0) -> str:
    """The English request with an instruction to answer in language `code`.

    The phrasing is chosen by the item and the seed, not by the language, so that two languages differ in its name alone.
    """
    phrasings = _phrasings()
    digest = hashlib.sha256(f"{seed}\x00{item}".encode()).digest()
    before, after = phrasings[int.from_bytes(digest[:4]) % len(phrasings)]
    name = languages.get(code).name
    parts = (before.replace("{language}", name), request, after.replace("{language}", name))
    return "\n\n".join(part for part in parts if part)


@cache
def _phrasings() -> tuple[tuple[str, str], ...]:
    import yaml

    text = (resources.files(__package__) / "data" / "language_instructions.yaml").read_text("utf-8")
    return tuple((entry.get("before", ""), entry.get("after", "")) for entry in yaml.safe_load(text))


def _jsonl(text: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in text.splitlines()]
