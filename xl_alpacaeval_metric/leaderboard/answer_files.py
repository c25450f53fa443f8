"""Entries of a leaderboard from files of answers, which have no verdicts."""

from collections.abc import Sequence
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.leaderboard import language_figures
from xl_alpacaeval_metric.leaderboard.entries import Entry, ItemTable, texts
from xl_alpacaeval_metric.leaderboard.language_figures import AnswerLanguage
from xl_alpacaeval_metric.records.judgements import flat
from xl_alpacaeval_metric.runs import opened


def read_file(file: Path, items: ItemTable, wanted: Sequence[str] | None = None) -> Entry:
    """The entry of a file of answers: its figures of language, by default the line passes.

    Raises UserError as `opened.read` does, and for a figure that takes a judge.
    """
    found = opened.read(file)
    names = wanted or (language_figures.LINE_PASS,)
    for name in names:
        if name not in language_figures.FIGURES:
            known = ", ".join(language_figures.FIGURES)
            raise UserError(f"{file}: has no figure {name!r}, since its answers were not judged; it has {known}")
    answers = {items.number(*item.key): AnswerLanguage.of(item.language) for item in found.items}
    figures = {name: {number: one.value(name) for number, one in answers.items()} for name in names}
    hashes = texts(map(flat, found.comparisons), items, file)
    return Entry(str(file), file, found.setting, figures, lambda: hashes)
