"""Building a Hub folder from a source: all rows are checked, and the folder is written whole."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.parquet import Written
from xl_alpacaeval_metric.hub import card_text
from xl_alpacaeval_metric.hub import folder as hub_folder
from xl_alpacaeval_metric.languages import identify
from xl_alpacaeval_metric.progress import Progress
from xl_alpacaeval_metric.terminal import counted, counted_of
from xl_instruct_dataset.hub import card, parquet
from xl_instruct_dataset.records import VARIANTS, TrainingRow, canonical, languages_of
from xl_instruct_dataset.sources.source import SAMPLE, Source

_ROWS_BETWEEN_REPORTS, _ROWS_AT_ONCE = 1000, 256

_SAMPLE_ORIGIN = (
    "This is the sample that is bundled with xl-suite. Its English passages, the instructions that they answer and the "
    "responses in each language were written for xl-suite, each response in its language rather than translated, and "
    "reviewed by a second reader. `provenance` marks every row as such. It is neither the data of the paper nor a part of it."
)
_SAMPLE_LIMITS = (
    "24 rows a language show the format and make a small trial possible; they are too few to train a model for use. "
    "No native speaker has been through every language."
)
_SOURCE_LIMITS = "Read the card of the source for its limits; its rows have not been checked beyond their language."


@dataclass(slots=True)
class BuildResult:
    """Rows written, responses in a wrong language and the id of the first of them, by pair."""

    written: dict[str, Written] = field(default_factory=dict)
    wrong: dict[str, int] = field(default_factory=dict)
    first_wrong: dict[str, str] = field(default_factory=dict)
    unchecked: list[str] = field(default_factory=list)


def build(
    pairs: Sequence[str] | None,
    source: Source,
    output: Path,
    progress: Progress,
    *,
    variant: str = "default",
    max_wrong: float = 0.01,
) -> BuildResult:
    """Write the Hub folder `output` whole or not at all; `pairs` None is all of the source's.

    Raises UserError where the source lacks a pair or a column to leave out, a row is damaged, an id
    occurs twice, more than the share `max_wrong` of a pair's responses is not in its language, or
    `output` has other files.
    """
    if variant not in VARIANTS:
        raise UserError(f"unknown variant {variant!r}; there are {', '.join(VARIANTS)}")
    if source.name == SAMPLE and source.leave_out.names:
        raise UserError(
            f"--leave-out {','.join(source.leave_out.names)}: the bundled sample has no column to leave out; "
            "name another --source"
        )
    wanted = source.pairs(variant) if pairs is None else list(dict.fromkeys(map(canonical, pairs)))
    if not wanted:
        have = "no pair asked for; give some as in en-fi,en-de, or none for all that the source has"
        raise UserError(have if pairs is not None else f"{source.name}: has no language pair in variant {variant}")
    built = BuildResult()
    with hub_folder.replaced(output) as folder:
        for number, pair in enumerate(wanted):

            def so_far(rows: int, pair: str = pair, number: int = number) -> None:
                text = f"building {pair}" + (f", {counted(rows, 'row', form=',')}" if rows else "")
                progress("building", number, len(wanted), text)

            so_far(0)
            rows = _checked(source.rows(pair, variant), pair, built, so_far)
            built.written[pair] = parquet.write(rows, folder / pair)
            _check_pair(built, pair, source.name, max_wrong)
        progress("building", len(wanted), len(wanted))
        source.leave_out.check()
        text = card.text(about(source, output.resolve().name, variant), built.written)
        (folder / hub_folder.CARD).write_text(text, encoding="utf-8")
        hub_folder.verified(folder)
    return built


def about(source: Source, name: str, variant: str) -> card.About:
    """The card's texts for this source."""
    if source.name == SAMPLE:
        return card.About(name, "XL-Instruct sample", source.license, _SAMPLE_ORIGIN, _SAMPLE_LIMITS)
    folder = source.folder
    called = (
        f"the folder {card_text.code(folder.name)}"
        if folder
        else f"[{source.name}](https://huggingface.co/datasets/{source.name})"
    )
    kind = "" if variant == "default" else f", variant `{variant}`"
    origin = (
        f"The rows come from {called}{kind}, under its licence ({card_text.cell(source.license)}), with their columns "
        "brought into one form."
    )
    return card.About(name, "XL-Instruct", source.license, origin, _SOURCE_LIMITS)


def _checked(
    rows: Iterator[TrainingRow], pair: str, built: BuildResult, so_far: Callable[[int], None]
) -> Iterator[TrainingRow]:
    """The rows unchanged; counts those in a wrong language. Raises UserError for a repeated id."""
    _, target = languages_of(pair)
    if not identify.supported(target):
        built.unchecked.append(pair)
    built.wrong[pair] = 0
    seen: set[int] = set()
    for row, right in _with_language(rows, target):
        # Half the memory of the ids; among ten million, two have the same hash once in 300,000
        # builds.
        identity = hash(row.id)
        if identity in seen:
            raise UserError(f"{pair}: id {row.id!r} occurs twice")
        seen.add(identity)
        if not right:
            built.wrong[pair] += 1
            built.first_wrong.setdefault(pair, row.id)
        yield row
        if len(seen) % _ROWS_BETWEEN_REPORTS == 0:
            so_far(len(seen))


def _with_language(rows: Iterator[TrainingRow], target: str) -> Iterator[tuple[TrainingRow, bool]]:
    """Each row, and whether its response is in the language; True where that is not identified."""
    script = languages.get(target).script
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        right = [True] * len(some)
        if identify.supported(target):
            right = identify.matches([row.response for row in some], target, script)
        yield from zip(some, right, strict=True)


def _check_pair(built: BuildResult, pair: str, source: str, max_wrong: float) -> None:
    rows, wrong = built.written[pair].rows, built.wrong[pair]
    if not rows:
        raise UserError(f"{source}: pair {pair} has no rows")
    if wrong > max_wrong * rows:
        raise UserError(
            f"{source}: {counted_of(wrong, rows, 'response')} not in the language of {pair}, the first is id "
            f"{built.first_wrong[pair]!r}; check the file, or allow it with --max-wrong-language {math.ceil(100 * wrong / rows) / 100:.2f}"
        )
