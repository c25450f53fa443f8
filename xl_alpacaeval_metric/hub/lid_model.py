"""A fastText model that identifies languages in place of the package's own: a file, or the Hub."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import identifiers, identify
from xl_alpacaeval_metric.machine import hub_connection

FILE = "model.bin"
"""The file of a Hub repository where none is named: GlotLID's and NLLB's."""
_MOST_LABELS = 10_000


@contextmanager
def in_use(spec: str | None) -> Iterator[None]:
    """Identify languages by the model of `spec` alone; by the package's own where it is None.

    `spec` is a fastText model file, ORG/NAME on the Hub (with the file `FILE`) or ORG/NAME/FILE.
    Labels are language codes as GlotLID, OpenLID or lid.176 have them (`fin_Latn`, `fi`); labels
    that are no language's are left out. Raises UserError where there is no such model.
    """
    if spec is None:
        yield
        return
    file = _file(spec)
    try:
        model = identifiers.load(file)
        labels = model.predict("a\n", _MOST_LABELS, 0.0, "strict")
    except (ValueError, RuntimeError, AttributeError) as error:
        raise UserError(f"--lid {spec}: is no fastText model ({error}); give GlotLID's or OpenLID's .bin") from None
    codes = _codes(label.removeprefix("__label__") for label in _names(model, labels))
    if not codes:
        raise UserError(f"--lid {spec}: none of its labels is a language code; give a language identifier")
    with identify.use_model(model, f"{file.name}@{_hash(file)}", codes):
        yield


def _names(model: Any, predicted: list[tuple[float, str]]) -> list[str]:
    names = getattr(model, "getLabels", None)
    return list(names("strict")[0]) if names is not None else [label for _, label in predicted]


def _codes(labels: Iterator[str]) -> dict[str, str]:
    found = {}
    for label in labels:
        try:
            found[label] = languages.get(label).code
        except UserError:
            continue
    return found


def hub_file(spec: str) -> tuple[str, str] | None:
    """Repository and file of a model on the Hub; None for a file of this machine.

    Raises UserError for what is neither.
    """
    path = Path(spec)
    if path.is_file():
        return None
    parts = spec.split("/")
    if (path.suffix in (".bin", ".ftz") and len(parts) < 3) or spec.startswith((".", "/")) or len(parts) not in (2, 3):
        raise UserError(f"--lid {spec}: no such file; give a fastText model's path, or ORG/NAME on the Hub")
    return "/".join(parts[:2]), parts[2] if len(parts) == 3 else FILE


def _file(spec: str) -> Path:
    named = hub_file(spec)
    if named is None:
        return Path(spec)
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    hub_connection.may_be_asked()
    try:
        return Path(hf_hub_download(*named))
    except (OSError, ValueError, HfHubHTTPError) as error:
        raise UserError(
            f"--lid {spec}: is not available from the Hub ({type(error).__name__}); give ORG/NAME/FILE, or a local file"
        ) from None


def _hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()[:12]
