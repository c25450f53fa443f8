"""Language fidelity of a file of outputs, or of the answers of a run."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.files.destinations import write_errors
from xl_alpacaeval_metric.languages import evidence, fidelity, identifiers, identify
from xl_alpacaeval_metric.languages.fidelity import TextFidelity
from xl_alpacaeval_metric.records.judgements import Comparison
from xl_alpacaeval_metric.records.result import Fidelity
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import opened, pairs
from xl_alpacaeval_metric.runs.opened import OpenedItem
from xl_alpacaeval_metric.signature import package_version, signature
from xl_alpacaeval_metric.terminal import counted, counted_of

_AT_ONCE, _CHARACTERS = 1 << 14, 1 << 23
"""The most answers that are measured together, and the characters from which on no more are."""


class Text(NamedTuple):
    """What is kept of a text: its item, its fidelity, and its length in characters."""

    id: str
    language: str
    fidelity: TextFidelity
    length: int


@dataclass(frozen=True, slots=True)
class Measured:
    """The rates, what is known of each text, lines for the user, and the signature.

    `model` is the name of the model, empty where it is not known.
    """

    fidelity: Fidelity
    texts: Sequence[Text]
    notes: Sequence[str]
    signature: str
    model: str = ""


def measure(path: Path) -> Measured:
    """The fidelity of the answers in a file, a run folder or an output folder of the harness.

    Of a file only some answers are in memory at a time. Raises UserError as `opened.read` does.
    """
    if path.is_dir():
        read = opened.read(path, languages=False, keep_thinking=True)
        texts, notes = _texts(read.items)
        model = read.model
    else:
        answers = opened.AnswersOfFile(path)
        texts, notes = _texts(answers)
        model = opened.model_of(answers.settings)
    parts = {"lid": identify.identifier_name()}
    if not identify.is_default():
        parts["spans"] = f"xl-lid-{identifiers.OWN_VERSION}"
        notes.append("spans in another language are found by the package's own identifier, not by that of --lid")
    line = signature({**parts, "version": package_version()})
    rates = fidelity.rates([text.fidelity for text in texts], [text.language for text in texts])
    return Measured(rates, texts, notes, line, model)


def _texts(answers: Iterable[OpenedItem]) -> tuple[list[Text], list[str]]:
    """Each answer without its thought, measured, and lines about the thoughts."""
    found: list[Text] = []
    taken = thoughts = unfinished = empty = 0
    left = iter(answers)
    while some := list(_together(left)):
        texts, with_thought, without_end = pairs.outputs_without_thoughts([item.prediction for item in some])
        taken += with_thought
        # Those of a run were taken off when it was made.
        thoughts += with_thought + sum(item.thought for item in some)
        unfinished += without_end + sum(item.unfinished for item in some)
        empty += sum(not text.strip() for text in texts)
        codes = [languages.get(item.language).code for item in some]
        ids, lengths = [item.id for item in some], map(len, texts)
        found += map(Text, ids, codes, fidelity.texts_fidelity(texts, codes), lengths)
    notes = [f"thoughts taken off {taken} of {counted(len(found), 'text')}"] if taken else []
    if unfinished:
        notes.append(f"thoughts that never end, with texts that count as empty: {unfinished} of {thoughts}")
    if empty:
        notes.append(f"{counted_of(empty, len(found), 'text')} empty")
    return found, notes


def _together(answers: Iterator[OpenedItem]) -> Iterator[Comparison]:
    """The next answers that are measured together: the more of a language, the faster."""
    size = 0
    for item in islice(answers, _AT_ONCE):
        yield item.comparison
        size += len(item.comparison.prediction)
        if size >= _CHARACTERS:
            return


def write(found: Measured, output: Path) -> None:
    """Write results.json and items.jsonl; raises UserError if they cannot be written."""
    content = asdict(found.fidelity)
    warnings = [*evidence.warnings(found.fidelity.by_language), *found.notes]
    with write_errors(output):
        output.mkdir(parents=True, exist_ok=True)
        jsonl.replace_lines(output / run_folder.ITEMS, map(_line, found.texts))
        jsonl.write_json(output / run_folder.RESULTS, {**content, "warnings": warnings, "signature": found.signature})


def _line(text: Text) -> str:
    """A text's line of items.jsonl."""
    about = {"id": text.id, "language": text.language}
    return jsonl.json_line({**about, **fidelity.fidelity_row(text.fidelity), "length": text.length})
