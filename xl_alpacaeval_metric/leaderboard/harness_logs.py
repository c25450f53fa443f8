"""Entries of a leaderboard from the output folders of lm-evaluation-harness (--log_samples)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import correctness
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.leaderboard import answer_figures
from xl_alpacaeval_metric.leaderboard.answer_figures import LINE_PASS, WIN_RATE_IN_LANGUAGE, AnswerLanguage, number
from xl_alpacaeval_metric.leaderboard.entries import WIN_RATE, Entry, ItemTable, Texts, order_code
from xl_alpacaeval_metric.runs.compare import CORRECT_RATE
from xl_alpacaeval_metric.runs.opened.harness import Log, is_log, logs

__all__ = ["is_log", "read_logs"]


def read_logs(folder: Path, items: ItemTable, wanted: Sequence[str] | None = None) -> list[Entry]:
    """An entry for each model below an output folder of the harness; of each task the last samples.

    Raises UserError where there are no samples of this package's tasks (--log_samples was not
    given), for a damaged file, and for a figure that a log does not have.
    """
    found = [_entry(log, items, wanted) for log in logs(folder)]
    return [replace(one, name=str(folder)) for one in found] if len(found) == 1 else found


def _entry(log: Log, items: ItemTable, wanted: Sequence[str] | None) -> Entry:
    figures: dict[str, dict[int, float]] = {
        name: {} for name in (WIN_RATE, *answer_figures.FIGURES, WIN_RATE_IN_LANGUAGE)
    }
    hashes = Texts()
    orders: dict[int, int] = {}
    for task, where, row in log.rows():
        try:
            _add(row, items, figures, hashes, orders, in_context=log.in_context(task))
        except (KeyError, TypeError, ValueError, IndexError):
            raise UserError(f"{where}: is no sample of this package's tasks") from None
    figures = {name: values for name, values in figures.items() if values}
    kept = {name: values for name, values in figures.items() if name in (wanted or (WIN_RATE, LINE_PASS, CORRECT_RATE))}
    for name in wanted or ():
        if name not in kept:
            raise UserError(f"{log.folder}: has no figure {name!r}; it has {', '.join(figures)}")
    shown = bytes(orders.get(at, 0) for at in range(1 + max(orders, default=-1)))
    n_empty = [*hashes.prediction.values()].count(hash(""))
    setting = replace(log.setting, n_empty=n_empty, n_answers=len(hashes.prediction))
    return Entry(str(log.folder), log.folder, setting, kept, lambda: hashes, orders=shown)


def _add(
    row: Mapping[str, Any],
    items: ItemTable,
    figures: Mapping[str, dict[int, float]],
    hashes: Texts,
    orders: dict[int, int],
    *,
    in_context: bool,
) -> None:
    doc, judged = row["doc"], json.loads(row["filtered_resps"][0])
    at, language = items.number(doc["id"], doc["response_language"]), AnswerLanguage.of(judged["fidelity"])
    # The log of version 0.1 has the passes alone.
    for name in answer_figures.LANGUAGE if "fidelity" in judged["fidelity"] else (LINE_PASS,):
        figures[name][at] = language.value(name)
    correct = correctness.is_correct(
        str(judged["prediction"]), str(doc["response_language"]), str(doc.get("expected") or "")
    )
    if correct is not None:
        figures[CORRECT_RATE][at] = float(correct)
    if judged["judged"]:
        figures[WIN_RATE][at] = number(judged["preference"])
        orders[at] = order_code(verdict["order"] for verdict in judged.get("verdicts") or ())
        if figures[answer_figures.FIDELITY]:
            figures[WIN_RATE_IN_LANGUAGE][at] = language.preference(number(judged["preference"]))
    hashes.instruction[at] = hash(doc["instruction"])
    hashes.prediction[at] = hash(judged["prediction"])
    hashes.reference[at] = hash(doc["reference"] or "")
    hashes.expected[at] = hash(correctness.as_json(doc.get("expected")))
    # The designs of one prompt have ids of their own, which end in the design.
    hashes.prompt[at] = str(doc["id"]).removesuffix(f"-{doc.get('subset')}" if in_context else "")
