"""Entries of a leaderboard from files of answers, which have no verdicts."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.leaderboard import answer_figures
from xl_alpacaeval_metric.leaderboard.answer_figures import AnswerLanguage
from xl_alpacaeval_metric.leaderboard.entries import Entry, ItemTable, texts
from xl_alpacaeval_metric.records.judgements import flat
from xl_alpacaeval_metric.runs import opened
from xl_alpacaeval_metric.runs.compare import CORRECT_RATE


def read_file(file: Path, items: ItemTable, wanted: Sequence[str] | None = None) -> Entry:
    """The entry of a file of answers.

    By default it has the line passes, and the correct answers where the rows name expected facts.
    Raises UserError as `opened.read` does, and for a figure that it has not.
    """
    found = opened.read(file)
    closed = any(one.expected for one in found.comparisons)
    names = wanted or (answer_figures.LINE_PASS, *((CORRECT_RATE,) if closed else ()))
    for name in names:
        if name not in answer_figures.FIGURES:
            known = ", ".join(answer_figures.FIGURES)
            raise UserError(f"{file}: has no figure {name!r}, since its answers were not judged; it has {known}")
    answers = {items.number(*item.key): AnswerLanguage.of(item.language) for item in found.items}
    figures = {
        name: {number: one.value(name) for number, one in answers.items()} for name in names if name != CORRECT_RATE
    }
    if CORRECT_RATE in names:
        correct = answer_figures.correct(file, found.comparisons)
        figures[CORRECT_RATE] = {items.number(*key): value for key, value in correct.items()}
    hashes = texts(map(flat, found.comparisons), items, file)
    n_empty = sum(not one.prediction.strip() for one in found.comparisons)
    setting = replace(found.setting, n_empty=n_empty, n_answers=len(found.items))
    return Entry(str(file), file, setting, figures, lambda: hashes, notes=found.notes)
