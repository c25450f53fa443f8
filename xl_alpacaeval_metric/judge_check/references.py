"""The references that control pairs are made of: bundled, in a file, or those of a run."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

from xl_alpacaeval_metric import benchmark, languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import tables
from xl_alpacaeval_metric.judge_check.check import SMALL_PROMPTS, Controls
from xl_alpacaeval_metric.judge_check.pairs import KINDS, SMALL, ControlText, ControlTexts
from xl_alpacaeval_metric.records.judgements import Comparison


def bundled(codes: Iterable[str]) -> list[ControlText]:
    """The references of the benchmark `mini` in these languages, as far as it has them."""
    wanted = [code for code in dict.fromkeys(codes) if code in benchmark.MINI_LANGUAGES]
    if not wanted:
        return []
    rows = benchmark.load("mini", wanted).rows
    return [ControlText(row.id, row.response_language, row.instruction, row.reference or "") for row in rows]


def controls_for(codes: Sequence[str], comparisons: Iterable[Comparison] = ()) -> Controls:
    """The control pairs of the small form, before a run in these languages.

    Bundled references where there are any, in other languages those of the run itself.
    """
    own = [
        ControlText(item.id, item.language, item.instruction, item.reference)
        for item in comparisons
        if item.language not in benchmark.MINI_LANGUAGES
    ]
    return Controls.of(ControlTexts([*bundled(benchmark.MINI_LANGUAGES), *own]), list(dict.fromkeys(codes)))


def controls_from(
    file: Path | None, codes: Sequence[str] | None, form: Literal["full", "small"], n: int, seed: int
) -> Controls:
    """The control pairs of `check-judge`.

    Their references are those in a file, which takes precedence, and the bundled ones. Without
    `codes` the languages are those of the file. Raises UserError for a language without references,
    and where neither a file nor languages are given.
    """
    own = read_references(file) if file is not None else []
    wanted = list(codes) if codes is not None else list(dict.fromkeys(text.language for text in own))
    if not wanted:
        raise UserError(
            f"no languages to check in; give --languages, bundled are {', '.join(benchmark.MINI_LANGUAGES)}"
        )
    texts = ControlTexts([*own, *bundled(benchmark.MINI_LANGUAGES)])
    small = form == "small"
    controls = Controls.of(texts, wanted, SMALL if small else KINDS, SMALL_PROMPTS if small else n, seed)
    for code, reason in controls.unchecked.items():
        hint = "" if file else f"; give --references FILE, bundled are {', '.join(benchmark.MINI_LANGUAGES)}"
        raise UserError(f"{code}: {file or 'bundled'}: {reason}{hint}")
    return controls


def read_references(file: Path) -> list[ControlText]:
    """The references in a file with the columns id, language, instruction and reference.

    A pairs file and a run's samples.jsonl are such files. Raises UserError that names the file, the
    row and what is wrong with it.
    """
    found = []
    requests = {text.id: text.instruction for text in bundled(["en"])}
    for where, row in tables.read_rows(file):
        values = {name: row.get(name) for name in ("language", "reference")}
        key = tables.identifier_of(row, where)
        values["instruction"] = row.get("instruction") or requests.get(key or "")
        for name, value in values.items():
            if not isinstance(value, str) or not value.strip():
                raise UserError(
                    f'{where}: no text in "{name}"; it needs rows with id, language, instruction, reference'
                )
        try:
            code = languages.get(str(values["language"])).code
        except UserError as error:
            raise UserError(f"{where}: {error}") from None
        identity = key if key is not None else str(values["instruction"])
        found.append(ControlText(identity, code, str(values["instruction"]), str(values["reference"])))
    if not found:
        raise UserError(f"{file}: is empty; it needs rows with id, language, instruction, reference")
    return found
