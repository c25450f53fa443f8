"""Every benchmark by its name."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import alpaca, context, mini, released
from xl_alpacaeval_metric.benchmark.rows import Benchmark, Row, revision
from xl_alpacaeval_metric.errors import UserError

NAMES = ("xl", "m", "en", "mini", "context")
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
    exclusion: str = alpaca.EXCLUSIONS[0],
) -> Benchmark:
    """Benchmark `name` with responses in the languages `codes`.

    `limit` is the number of rows in each language; of `context`, of all rows. `path` is a local
    copy of the Hub files of `xl`, `m` and `en`, or a file of AlpacaEval's requests (or
    "tatsu-lab/alpaca_eval") to build `xl` and `en` from. `seed` chooses the phrasing of the
    language instruction where this package adds one; `exclusion`, one of `alpaca.EXCLUSIONS`, the
    list of AlpacaEval's requests to leave out. Raises UserError for an unknown benchmark or
    language, and where the rows are not available.
    """
    if name not in NAMES:
        raise UserError(f"unknown benchmark {name!r}; there are {', '.join(NAMES)}")
    if limit is not None and limit < 1:
        raise UserError(f"--limit {limit}: at least one row a language is needed")
    wanted = None if codes is None else [languages.get(code).code for code in codes]
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


def _rows(name: str, code: str, path: Path | None, seed: int, exclusion: str) -> Iterator[Row]:
    return mini.rows(code, seed) if name == "mini" else released.rows(name, code, path, seed, exclusion)
