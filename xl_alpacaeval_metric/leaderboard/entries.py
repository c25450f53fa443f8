"""Entries of a leaderboard: a finished run's figures by item, read without its texts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from xl_alpacaeval_metric import correctness
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.leaderboard import answer_figures
from xl_alpacaeval_metric.leaderboard.answer_figures import (
    FIDELITY,
    ITEMS,
    LINE_PASS,
    WIN_RATE_IN_LANGUAGE,
    AnswerLanguage,
    number,
)
from xl_alpacaeval_metric.records.judgements import ItemKey
from xl_alpacaeval_metric.runs import finished, opened
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.compare import CORRECT_RATE
from xl_alpacaeval_metric.runs.finished import Setting
from xl_alpacaeval_metric.stats.missing import Floats

WIN_RATE = "win_rate"
TEXTS = 20_000
"""Answers without items.jsonl whose language is identified, at most, unless that is asked for."""


class ItemTable:
    """The items of all entries, numbered in order of first appearance."""

    def __init__(self) -> None:
        self.numbers: dict[ItemKey, int] = {}

    def number(self, identifier: object, language: object) -> int:
        """The number of an item."""
        return self.numbers.setdefault((str(identifier), str(language)), len(self.numbers))

    @property
    def keys(self) -> list[ItemKey]:
        return list(self.numbers)


@dataclass(frozen=True, slots=True)
class Entry:
    """One run: its setting and, for each figure, item number -> value (nan: missing).

    Preferences and line passes are in 0..1, criteria in 1..5. `orders` has one byte for each item
    number, the order it was judged in (`order_code`); shorter where the last items were not.
    `read_texts` reads the hashes of the run's texts; `left_out` says, by figure, why it was not
    read, and `notes` what was done to the answers when they were.
    """

    name: str
    folder: Path
    setting: Setting
    figures: Mapping[str, Mapping[int, float]]
    read_texts: "Callable[[], Texts]"
    left_out: Mapping[str, str] = field(default_factory=dict)
    orders: bytes = b""
    notes: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """The model's name, empty where the run does not know it."""
        return opened.model_of(self.setting.settings)

    @property
    def reference(self) -> str:
        """The hash of the references and instructions, from the signature."""
        return self.setting.parts.get("reference", "").rpartition("@")[2]

    def array(self, figure: str, items: int) -> Floats:
        """The values of a figure by item number, nan where there is none."""
        found = np.full(items, np.nan)
        values = self.figures.get(figure, {})
        found[np.fromiter(values.keys(), np.intp, len(values))] = np.fromiter(values.values(), float, len(values))
        return found

    def orders_of(self, numbers: Sequence[int]) -> bytes:
        """The orders of these items."""
        return bytes(self.orders[number] if number < len(self.orders) else 0 for number in numbers)


def order_code(orders: Iterable[str]) -> int:
    """A number for the orders that an item was judged in: 1 or 2 for one, 0 for both or none."""
    known = set(orders)
    return {"candidate_first": 1, "reference_first": 2}.get(known.pop(), 0) if len(known) == 1 else 0


@dataclass(frozen=True, slots=True)
class Texts:
    """By item number: hashes of instructions, references, answers and expected facts; prompts."""

    instruction: dict[int, int] = field(default_factory=dict)
    reference: dict[int, int] = field(default_factory=dict)
    prediction: dict[int, int] = field(default_factory=dict)
    expected: dict[int, int] = field(default_factory=dict)
    prompt: dict[int, str] = field(default_factory=dict)


def read_run(folder: Path, items: ItemTable, wanted: Sequence[str] | None = None, most_texts: int = TEXTS) -> Entry:
    """The entry of a run folder.

    `wanted` are figures; None stands for those that the folder's files hold, and for line passes
    that take at most `most_texts` answers to compute. Raises UserError as
    `finished.read` does, for a damaged file, and for a figure that the run has not.
    """
    setting = finished.read(folder, judged=False)
    figures: dict[str, Mapping[int, float]] = {}
    left_out: dict[str, str] = {}
    orders = b""
    judged = {WIN_RATE, WIN_RATE_IN_LANGUAGE}
    if setting.judged and (wanted is None or judged.intersection(wanted)):
        figures[WIN_RATE], orders = _preferences(folder / run_folder.VERDICTS, items)
    asked = [name for name in (*answer_figures.LANGUAGE, WIN_RATE_IN_LANGUAGE) if name in (wanted or (LINE_PASS,))]
    if asked:
        needed = LINE_PASS if asked == [LINE_PASS] else FIDELITY
        answers = answer_figures.read(folder, needed, most_texts if wanted is None else None)
        if answers is None:
            left_out[LINE_PASS] = f"{folder} has no {ITEMS}, and identifying the languages of its answers takes a while"
        else:
            figures |= _of_language(asked, answers, figures.get(WIN_RATE, {}), items)
    closed = jsonl.read_json(folder / run_folder.RESULTS).get("n_checkable") if wanted is None else True
    if closed and CORRECT_RATE in (wanted or (CORRECT_RATE,)):
        correct = answer_figures.correct(folder, run_folder.read_samples(folder / run_folder.SAMPLES))
        figures[CORRECT_RATE] = {items.number(*key): value for key, value in correct.items()}
    if wanted is not None and WIN_RATE not in wanted:
        figures.pop(WIN_RATE, None)
    criteria = _criteria(folder / run_folder.RATINGS, items)
    figures |= {name: values for name, values in criteria.items() if wanted is None or name in wanted}
    for name in wanted or ():
        if not figures.get(name):
            ours = (WIN_RATE, WIN_RATE_IN_LANGUAGE) if setting.judged else ()
            raise UserError(
                f"{folder}: has no figure {name!r}; it has {', '.join((*ours, *answer_figures.LANGUAGE, *criteria))}"
            )
    return Entry(str(folder), folder, setting, figures, partial(texts_of, folder, items), left_out, orders)


def _of_language(
    asked: Sequence[str],
    answers: Mapping[ItemKey, AnswerLanguage],
    preferences: Mapping[int, float],
    items: ItemTable,
) -> dict[str, dict[int, float]]:
    """The figures of language that are asked for; the one that needs a judge only with one."""
    by_number = {items.number(*key): one for key, one in answers.items()}
    found = {
        name: {at: one.value(name) for at, one in by_number.items()} for name in asked if name != WIN_RATE_IN_LANGUAGE
    }
    if WIN_RATE_IN_LANGUAGE in asked and preferences:
        found[WIN_RATE_IN_LANGUAGE] = {
            at: by_number[at].preference(value) if at in by_number else value for at, value in preferences.items()
        }
    return found


def preference_of(verdicts: Mapping[tuple[str, str, int], float | None]) -> float:
    """The mean over the judges of each one's mean over the orders of its mean vote.

    `verdicts`: (judge, order, vote) -> value. Votes that are missing are left out. A judge that
    lacks an order has no preference; nan where no judge has one.
    """
    if len(verdicts) == 1:
        (only,) = verdicts.values()
        return float("nan") if only is None else only
    by_order: dict[tuple[str, str], list[float]] = {}
    for (judge, order, _), value in verdicts.items():
        known = by_order.setdefault((judge, order), [])
        if value is not None:
            known.append(value)
    by_judge: dict[str, list[float | None]] = {}
    for (judge, _), values in by_order.items():
        by_judge.setdefault(judge, []).append(sum(values) / len(values) if values else None)
    means = [
        sum(v for v in values if v is not None) / len(values) for values in by_judge.values() if None not in values
    ]
    return sum(means) / len(means) if means else float("nan")


def texts_of(folder: Path, items: ItemTable) -> Texts:
    """The hashes of a run folder's texts; raises UserError for a damaged line."""
    return texts(jsonl.read_lines(folder / run_folder.SAMPLES), items, folder / run_folder.SAMPLES)


def texts(rows: Iterable[Mapping[str, Any]], items: ItemTable, file: Path) -> Texts:
    """The hashes of the texts in lines of samples.jsonl; raises UserError for a damaged one."""
    found = Texts()
    for row in rows:
        try:
            number = items.number(row["id"], row["language"])
            found.instruction[number] = hash(row["instruction"])
            found.prediction[number] = hash(row["prediction"])
            found.reference[number] = hash(row.get("reference") or "")
            found.expected[number] = hash(correctness.as_json(row.get("expected")))
            found.prompt[number] = str(row.get("prompt") or row["id"])
        except (KeyError, TypeError):
            raise UserError(f"{file}: damaged; a line has no id, language or text") from None
    return found


def _preferences(file: Path, items: ItemTable) -> tuple[dict[int, float], bytes]:
    verdicts: dict[int, dict[tuple[str, str, int], float | None]] = {}
    for line, row in enumerate(jsonl.read_lines(file), 1):
        value = row.get("preference")
        if value is not None and not (isinstance(value, int | float) and 0 <= value <= 1):
            raise UserError(f"{file} line {line}: the preference is {value!r}; need a number from 0 to 1, or null")
        if "id" not in row or "language" not in row:
            raise UserError(f"{file} line {line}: damaged; it has no id or no language")
        # The last verdict on a question counts.
        question = (str(row.get("judge", "")), str(row.get("order")), int(row.get("vote") or 0))
        verdicts.setdefault(items.number(row["id"], row["language"]), {})[question] = value
    if not verdicts:
        raise UserError(f"{file}: has no verdicts; the command that made the run goes on with it")
    orders = bytearray(1 + max(verdicts))
    for at, found in verdicts.items():
        orders[at] = order_code(order for _, order, _ in found)
    return {at: preference_of(found) for at, found in verdicts.items()}, bytes(orders)


def _criteria(file: Path, items: ItemTable) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for row in jsonl.read_lines(file):
        scores = row.get("scores")
        if isinstance(scores, dict):
            at = items.number(row.get("id"), row.get("language"))
            for name, level in scores.items():
                found.setdefault(name, {})[at] = number(level)
    return found
