"""`xl`, `m` and `en`: from the Hub, from a local copy, or built from AlpacaEval's requests."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.benchmark import alpaca
from xl_alpacaeval_metric.benchmark.phrasing import ask_in
from xl_alpacaeval_metric.benchmark.rows import Row
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.hub import download
from xl_alpacaeval_metric.terminal import counted_of

logger = logging.getLogger(__name__)

XL, M = "viyer98/XL-AlpacaEval", "viyer98/m-AlpacaEval"
REPOS = {"xl": XL, "m": M, "en": XL}
"""Benchmark -> the dataset of the Hub that it is read from."""


def rows(name: str, code: str, path: Path | None, seed: int, exclusion: str) -> Iterator[Row]:
    """The rows of `xl`, `m` or `en` in language `code`.

    In a language that was not released, `xl` is the English request with a language instruction.
    `exclusion` is the list of AlpacaEval's requests to leave out where `path` holds them. Raises
    UserError where the rows are not available.
    """
    if name == "en" and code != "en":
        raise UserError(f"benchmark en is English only, {code!r} was asked for; use xl or m")
    if name == "m":
        if alpaca.is_source(path):
            raise UserError(
                f"{path}: holds English requests, benchmark m has them in {code!r}; make it with "
                "xl-alpacaeval translate-benchmark, and give the folder"
            )
        return _as_released("m", M, code, code, path)
    if path is not None and alpaca.is_source(path):
        return _built(code, path, seed, exclusion)
    if code in (*languages.RELEASED, "en"):
        return _as_released("xl", XL, code, "en", path)
    return _in_other_language(code, path, seed)


def _as_released(prefix: str, repo: str, code: str, instruction_language: str, path: Path | None) -> Iterator[Row]:
    found = download.instructions(repo, languages.get(code).name.lower(), path)
    if lacking := found.count(None):
        said = counted_of(lacking, len(found), "request", "has", "have")
        logger.warning("%s: %s no translation, and %s left out", code, said, "is" if lacking == 1 else "are")
    for number, instruction in enumerate(found):
        if instruction is None:
            continue
        yield Row(
            # The files have no ids: rows with the same number are the same prompt in every
            # language.
            id=f"{prefix}-{number:04d}",
            instruction=instruction,
            request=instruction if code == instruction_language else None,
            instruction_language=instruction_language,
            response_language=code,
            subset=repo,
        )


def _in_other_language(code: str, path: Path | None, seed: int) -> Iterator[Row]:
    for row in _as_released("xl", XL, "en", "en", path):
        yield replace(row, instruction=ask_in(row.instruction, code, item=row.id, seed=seed), response_language=code)


def _built(code: str, path: Path, seed: int, exclusion: str) -> Iterator[Row]:
    for request in alpaca.requests(path, exclusion):
        yield Row(
            id=request.id,
            instruction=ask_in(request.text, code, item=request.id, seed=seed),
            request=request.text,
            instruction_language="en",
            response_language=code,
            subset=request.subset or alpaca.REPO,
        )
