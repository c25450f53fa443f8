"""Language fidelity of a file of outputs, or of the answers of a run."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import jsonl
from xl_alpacaeval_metric.languages import evidence, identifiers, identify
from xl_alpacaeval_metric.languages import fidelity as measuring
from xl_alpacaeval_metric.records.result import Fidelity
from xl_alpacaeval_metric.runs import folder as run_folder
from xl_alpacaeval_metric.runs import opened, pairs
from xl_alpacaeval_metric.signature import package_version, signature


@dataclass(frozen=True, slots=True)
class Measured:
    """The rates, a line of items.jsonl for each text, lines for the user, and the signature.

    `model` is the name of the model, empty where it is not known.
    """

    fidelity: Fidelity
    items: Sequence[dict[str, object]]
    notes: Sequence[str]
    signature: str
    model: str = ""


def measure(path: Path) -> Measured:
    """The fidelity of the answers in a file, a run folder or an output folder of the harness.

    Raises UserError as `opened.read` does.
    """
    read = opened.read(path, languages=False)
    answers = read.comparisons
    texts, notes = pairs.outputs_without_thoughts([item.prediction for item in answers])
    codes, ids = [languages.get(item.language).code for item in answers], [item.id for item in answers]
    found = measuring.texts_fidelity(texts, codes)
    items = [
        {"id": identifier, "language": code, **measuring.fidelity_row(one), "length": len(text)}
        for identifier, code, one, text in zip(ids, codes, found, texts, strict=True)
    ]
    parts = {"lid": identify.identifier_name()}
    if not identify.is_default():
        parts["spans"] = f"xl-lid-{identifiers.OWN_VERSION}"
        notes = [*notes, "spans in another language are found by the package's own identifier, not by that of --lid"]
    line = signature({**parts, "version": package_version()})
    return Measured(measuring.rates(found, codes), items, notes, line, read.model)


def write(found: Measured, output: Path) -> None:
    """Write results.json and items.jsonl; raises UserError if they cannot be written."""
    content = asdict(found.fidelity)
    warnings = evidence.warnings(found.fidelity.by_language)
    try:
        output.mkdir(parents=True, exist_ok=True)
        jsonl.replace_file(output / run_folder.ITEMS, "".join(map(jsonl.json_line, found.items)))
        jsonl.write_json(output / run_folder.RESULTS, {**content, "warnings": warnings, "signature": found.signature})
    except OSError as error:
        raise UserError(f"{output}: cannot be written ({error.strerror})") from None
