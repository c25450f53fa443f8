"""The language of each answer of a run: what the figures of language fidelity are made of."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.languages import composition, fidelity
from xl_alpacaeval_metric.languages.fidelity import fidelity_row
from xl_alpacaeval_metric.records.judgements import ItemKey
from xl_alpacaeval_metric.runs import folder as run_folder

ITEMS = "items.jsonl"
LINE_PASS, FIDELITY, SWITCH_RATE = "line_pass_rate", "fidelity", "switch_rate"
WIN_RATE_IN_LANGUAGE = "win_rate_in_language"
FIGURES = (LINE_PASS, FIDELITY, SWITCH_RATE)
"""Those that need no judge."""
_COLUMNS = {LINE_PASS: "line_pass", FIDELITY: "fidelity", SWITCH_RATE: "switched", WIN_RATE_IN_LANGUAGE: "fidelity"}
_BYTES = 3_000
"""Of a line of samples.jsonl, about."""


@dataclass(frozen=True, slots=True)
class AnswerLanguage:
    """The values of one answer, each in 0..1 and nan where it is not known.

    `answered_in` is the language that it is in, as items.jsonl has it; empty where not known.
    """

    line_pass: float
    fidelity: float
    switched: float
    answered_in: str

    @classmethod
    def of(cls, row: Mapping[str, object]) -> "AnswerLanguage":
        """From a line of items.jsonl, or from the part of a harness log that is like it."""
        return cls(
            line_pass=number(row.get("line_pass")),
            fidelity=number(row.get("fidelity")) / 100,
            switched=number(row.get("switched")),
            answered_in=str(row.get("answered_in") or ""),
        )

    def value(self, figure: str) -> float:
        """The value of one of `FIGURES`."""
        return {LINE_PASS: self.line_pass, FIDELITY: self.fidelity, SWITCH_RATE: self.switched}[figure]

    def preference(self, judged: float) -> float:
        """The preference, 0 for an answer in another language or in several; nan stays nan."""
        return 0.0 if judged == judged and self.fidelity < composition.MOST else judged


def read(folder: Path, figure: str, most: int | None = None) -> dict[ItemKey, AnswerLanguage] | None:
    """The language of each answer of a run folder.

    From items.jsonl if it has what `figure` needs, which those of version 0.1 have not; else the
    answers are identified, at most `most` of them: None if there are more. Raises UserError for a
    damaged file.
    """
    if (folder / ITEMS).is_file():
        rows = list(jsonl.read_lines(folder / ITEMS))
        if all(_COLUMNS[figure] in row for row in rows):
            return {(str(row.get("id")), str(row.get("language"))): AnswerLanguage.of(row) for row in rows}
    samples = folder / run_folder.SAMPLES
    if most is not None and samples.is_file() and samples.stat().st_size > most * _BYTES:
        return None
    answers = run_folder.read_samples(samples)
    found = fidelity.texts_fidelity([item.prediction for item in answers], [item.language for item in answers])
    return {item.key: AnswerLanguage.of(fidelity_row(one)) for item, one in zip(answers, found, strict=True)}


def shares(answers: Iterable[AnswerLanguage]) -> dict[str, float]:
    """The percentage of the answers by the language that they are in, the most frequent first."""
    counted = Counter(one.answered_in for one in answers if one.answered_in)
    return {code: 100 * count / counted.total() for code, count in counted.most_common()}


def number(value: object) -> float:
    """A value of a file as a number; nan for none."""
    return float(value) if isinstance(value, int | float) else float("nan")
