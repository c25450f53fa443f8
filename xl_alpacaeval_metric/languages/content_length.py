"""Lengths of content: characters, divided by what the language takes for the same content."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from statistics import median

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.languages import composition, labels


def content_lengths(texts: Sequence[str], codes: Sequence[str]) -> list[float]:
    """The length of each text in characters of English that say as much.

    A text's language is that of most of it; where none is identified, the one in `codes`.
    """
    found = composition.main_languages(texts)
    return [
        len(text) / characters_per_content(code or asked) for text, code, asked in zip(texts, found, codes, strict=True)
    ]


@cache
def characters_per_content(code: str) -> float:
    """Characters of a language for each character of English of the same content.

    Where it was not measured, those of a language that stands for it (Bokmål for Norwegian), else
    the median of the measured languages of its script, or of all.
    """
    factors = _factors()
    try:
        language = languages.get(code)
    except UserError:
        return median(factors.values())
    base = language.code.split("-")[0]
    for name in (language.code, base, labels.code_of(base)):
        if name in factors:
            return factors[name]
    return _by_script().get(language.script or "", median(factors.values()))


@cache
def _factors() -> Mapping[str, float]:
    import yaml

    source = (resources.files("xl_alpacaeval_metric") / "data" / "characters_per_content.yaml").read_text("utf-8")
    return {str(code): float(factor) for code, factor in yaml.safe_load(source).items()}


@cache
def _by_script() -> Mapping[str, float]:
    scripts: dict[str, list[float]] = {}
    for code, factor in _factors().items():
        scripts.setdefault(languages.get(code).script or "", []).append(factor)
    return {script: median(factors) for script, factors in scripts.items()}
