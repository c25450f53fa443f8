"""Every benchmark by its name."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import alpaca, context, mini, own, released
from xl_alpacaeval_metric.benchmark.rows import Benchmark, Row, revision
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.hub import download

NAMES = ("xl", "m", "en", "mini", "context")
DEFAULT_LANGUAGES = {
    "xl": languages.RELEASED,
    "m": languages.PAPER,
    "en": ("en",),
    "mini": languages.RELEASED,
}


@dataclass(frozen=True, slots=True)
class HubFiles:
    """The files of a dataset of the Hub that a benchmark is read from: patterns of their names."""

    repo: str
    patterns: tuple[str, ...]


def hub_files(name: str, path: Path | None = None) -> HubFiles | None:
    """What `load` reads from the Hub for a benchmark; None where it needs nothing from there.

    Raises UserError for an unknown benchmark, and for a `path` that is not there.
    """
    check_name(name)
    if name not in NAMES:
        repo = own.hub_id(name)
        return HubFiles(repo, tuple(download.ROWS)) if repo else None
    if name not in released.REPOS:
        return None
    if path is None:
        return HubFiles(released.REPOS[name], tuple(download.WITH_CARD))
    if path.as_posix() == alpaca.REPO and not path.is_file():
        return HubFiles(alpaca.REPO, (alpaca.FILE,))
    if not path.exists():
        raise UserError(f"{path}: no such file or folder; --benchmark-path names a copy of the benchmark's files")
    return None


def load(
    name: str,
    codes: Sequence[str] | None = None,
    *,
    limit: int | None = None,
    path: Path | None = None,
    seed: int = 0,
    exclusion: str = alpaca.EXCLUSIONS[0],
) -> Benchmark:
    """Benchmark `name`, or that in a file, folder or Hub dataset, with responses in `codes`.

    `limit` is the number of rows in each language; of `context`, of all rows. `path` is a local
    copy of the Hub files of `xl`, `m` and `en`, or a file of AlpacaEval's requests (or
    "tatsu-lab/alpaca_eval") to build `xl` and `en` from. `seed` chooses the phrasing of the
    language instruction where this package adds one; `exclusion`, one of `alpaca.EXCLUSIONS`, the
    list of AlpacaEval's requests to leave out. Raises UserError for an unknown benchmark or
    language, and where the rows are not available.
    """
    check_name(name)
    alpaca.check_exclusion(exclusion)
    if limit is not None and limit < 1:
        raise UserError(f"--limit {limit}: at least one row a language is needed")
    wanted = None if codes is None else [languages.get(code).code for code in codes]
    if name not in NAMES:
        return _own(name, wanted, limit)
    if name == "context":
        rows = list(islice(context.rows(wanted), limit))
    else:
        rows = [
            row
            for code in wanted or DEFAULT_LANGUAGES[name]
            for row in islice(_rows(name, code, path, seed, exclusion), limit)
        ]
    return Benchmark(
        name,
        revision(rows),
        tuple(rows),
        references=name if name in ("mini", "context") else "none",
        exclusion=exclusion if name in ("xl", "en") and alpaca.is_source(path) else "",
    )


def check_name(name: str) -> None:
    """Raises UserError for what is neither a benchmark's name nor looks like a source of rows."""
    if name not in NAMES and not own.is_source(name):
        raise UserError(
            f"unknown benchmark {name!r}; there are {', '.join(NAMES)}, or give a file, a folder or a Hub id "
            "with id, instruction, language"
        )


def _own(source: str, wanted: Sequence[str] | None, limit: int | None) -> Benchmark:
    by_language: dict[str, list[Row]] = {}
    for row in own.rows(source, wanted):
        by_language.setdefault(row.response_language, []).append(row)
    rows = tuple(row for some in by_language.values() for row in islice(some, limit))
    name = own.name_of(source)
    return Benchmark(
        f"own-{name}" if name in NAMES else name,
        revision(rows),
        rows,
        references=name if any(row.reference is not None for row in rows) else "none",
    )


def _rows(name: str, code: str, path: Path | None, seed: int, exclusion: str) -> Iterator[Row]:
    return mini.rows(code, seed) if name == "mini" else released.rows(name, code, path, seed, exclusion)
