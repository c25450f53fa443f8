"""The signature: one line that names the setting of a result. Same signature, same setting."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from xl_alpacaeval_metric import __version__
from xl_alpacaeval_metric.records.judgements import Comparison


def package_version() -> str:
    """The version of xl-suite."""
    return __version__


def reference_hash(comparisons: Sequence[Comparison]) -> str:
    """Eight hex digits of the SHA-256 of references and instructions, in any order."""
    texts = sorted((item.id, item.language, item.instruction, item.reference) for item in comparisons)
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()[:8]


def signature(parts: Mapping[str, object]) -> str:
    """`key:value|key:value|...` in the given order; separators inside a value become `_`."""
    return "|".join(f"{key}:{_clean(value)}" for key, value in parts.items())


def with_check(line: str, controls: str) -> str:
    """The signature with the hash of the pairs that its judge was checked on."""
    before, version, after = line.rpartition("|version:")
    return f"{before}|check:{controls}{version}{after}"


def parse(line: str) -> dict[str, str]:
    """The parts of a signature line."""
    return dict(part.split(":", 1) for part in line.split("|") if ":" in part)


def _clean(value: object) -> str:
    return "".join("_" if character in "|\r\n" else character for character in str(value))
