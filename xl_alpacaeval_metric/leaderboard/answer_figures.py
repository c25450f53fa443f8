"""What figures that need no judge are made of: each answer's language, and its correctness."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xl_alpacaeval_metric import correctness
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.languages import composition, fidelity
from xl_alpacaeval_metric.languages.fidelity import fidelity_row
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs.compare import CORRECT_RATE

ITEMS = "items.jsonl"
LINE_PASS, FIDELITY, SWITCH_RATE = "line_pass_rate", "fidelity", "switch_rate"
WIN_RATE_IN_LANGUAGE = "win_rate_in_language"
LANGUAGE = (LINE_PASS, FIDELITY, SWITCH_RATE)
FIGURES = (*LANGUAGE, CORRECT_RATE)
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
        """The value of one of `LANGUAGE`."""
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


def correct(name: object, answers: Iterable[Comparison]) -> dict[ItemKey, float]:
    """Whether each answer to a closed question of a run is correct: 1 or 0.

    Read from the texts, so that all runs are read by one reader. Raises UserError where no question
    is closed, and as `correctness.is_correct` does.
    """
    try:
        found = {one.key: correctness.of_answer(one) for one in answers}
    except UserError as error:
        raise UserError(f"{name}: {error}") from None
    values = {key: float(value) for key, value in found.items() if value is not None}
    if not values:
        raise UserError(f"{name}: has no {CORRECT_RATE}, since its rows name no expected facts (column: expected)")
    return values


def number(value: object) -> float:
    """A value of a file as a number; nan for none."""
    return float(value) if isinstance(value, int | float) else float("nan")
