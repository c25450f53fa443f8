"""Every answer of the runs, packed for the list of a page: an index of columns, and the texts."""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from xl_alpacaeval_metric.pages.packing import Parts, packed
from xl_alpacaeval_metric.pages.section import name_of
from xl_alpacaeval_metric.pages.shown_run import Answer, ShownRun
from xl_alpacaeval_metric.records.judgements import Comparison


@dataclass
class _Rows:
    """Columns of the answers: what is filtered and sorted by."""

    run: list[int] = field(default_factory=list)
    item: list[int] = field(default_factory=list)
    preference: list[float | None] = field(default_factory=list)
    fidelity: list[float | None] = field(default_factory=list)
    answered: list[str | None] = field(default_factory=list)
    length: list[int] = field(default_factory=list)


class _Items:
    """The requests with their references, each text once, however many runs have it."""

    def __init__(self, write: Callable[[str, str], None]) -> None:
        self.parts = Parts("i", write)
        self.id: list[str] = []
        self.language: list[str] = []
        self._numbers: dict[bytes, int] = {}

    def number(self, item: Comparison) -> int:
        texts = "\0".join((item.id, item.language, item.instruction, item.reference))
        key = hashlib.blake2b(texts.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key not in self._numbers:
            self.id.append(item.id)
            self.language.append(item.language)
            record = {"instruction": item.instruction, "reference": item.reference}
            self._numbers[key] = self.parts.add(record, len(item.instruction) + len(item.reference))
        return self._numbers[key]


def write(runs: Sequence[ShownRun], put: Callable[[str, str], None]) -> int:
    """Pack the answers of all runs; returns their number.

    `put` gets the name and the content of each part as it is made, so that one run's texts at a
    time are held. Raises UserError where a run's file is damaged.
    """
    items, answers, rows = _Items(put), Parts("a", put), _Rows()
    for number, run in enumerate(runs):
        for answer in run.answers():
            rows.run.append(number)
            rows.item.append(items.number(answer.item))
            _add(answer, rows)
            record = _record(answer)
            size = len(answer.item.prediction) + len(answer.item.thinking)
            answers.add(record, size + sum(len(str(one.get("raw", ""))) + 80 for one in answer.verdicts))
    items.parts.close()
    answers.close()
    codes = {*items.language, *(code for code in rows.answered if code)}
    index = {
        "runs": [run.name for run in runs],
        "languages": {code: name_of(code) for code in sorted(codes)},
        "items": {"id": items.id, "language": items.language},
        "rows": vars(rows),
        "answer_starts": answers.starts,
        "item_starts": items.parts.starts,
    }
    put("index", packed(index))
    return len(rows.run)


def _add(answer: Answer, rows: _Rows) -> None:
    measured = answer.measured
    code = measured.get("answered_in")
    rows.preference.append(_rounded(measured.get("preference"), 4))
    rows.fidelity.append(_rounded(measured.get("fidelity"), 2))
    rows.answered.append(code if isinstance(code, str) else None)
    rows.length.append(len(answer.item.prediction))


def _rounded(value: object, digits: int) -> float | None:
    return round(float(value), digits) if isinstance(value, int | float) and math.isfinite(value) else None


def _record(answer: Answer) -> dict[str, object]:
    record: dict[str, object] = {"prediction": answer.item.prediction, "verdicts": answer.verdicts}
    if answer.item.thinking:
        record["thinking"] = answer.item.thinking
    if answer.measured.get("spans"):
        record["spans"] = answer.measured["spans"]
    if answer.measured.get("cut"):
        record["cut"] = True
    if answer.levels:
        record["levels"] = answer.levels
    return record
