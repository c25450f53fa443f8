"""The language of lines and sentences that do not pass for the one asked for."""

import re
from collections.abc import Sequence

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import content, identify, labels, scripts
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches import titles

OWN, UNKNOWN = "", "und"
_IN_SCRIPT, _ALL_IN_SCRIPT = 0.5, 0.95
_NO_TRACE = 1e-8
"""The own model's probability of the language up to which a sentence has no words of it."""
_LATIN, _WORD = re.compile(r"[A-Za-z\u00c0-\u024f][\x20-\u024f\u2010-\u2027]*"), re.compile(r"[^\W\d_]+")
_FEWEST_LETTERS = 6
"""Letters that tell the language of a line around names."""


def others(bare: Sequence[str], raws: Sequence[str], passes: Passes) -> list[str]:
    """The language of lines that do not pass for the one asked for, though they may be in it."""
    found = [
        _other(line, label, passes.code, passes.script)
        for line, label in zip(bare, identify.codes_of(bare, passes.read(bare), passes.code), strict=True)
    ]
    around = _around_names(bare, raws, found, passes)
    return [
        OWN if at in around or (label != OWN and _is_about_names(line, raw, label, passes)) else label
        for at, (line, raw, label) in enumerate(zip(bare, raws, found, strict=True))
    ]


def _is_about_names(bare: str, raw: str, label: str, passes: Passes) -> bool:
    if passes.chance(bare) <= _NO_TRACE or (passes.script == "Latn" and scripts.share(bare, "Latn") < _ALL_IN_SCRIPT):
        return False
    return titles.is_about_names(raw, passes.code, label)


def _around_names(bare: Sequence[str], raws: Sequence[str], told: Sequence[str], passes: Passes) -> set[int]:
    """Which lines are, but for names in Latin letters, surely in a language of another script."""
    if passes.script in (None, "Latn"):
        return set()
    parts = {at: _LATIN.split(raw) for at, raw in enumerate(raws) if told[at] != OWN and not bare[at].isascii()}
    names = {at: _LATIN.findall(raws[at]) for at in parts}
    rest = {
        at: content.bare(" ".join(some))
        for at, some in parts.items()
        if all(titles.is_name(_WORD.findall(run)) for run in names[at])
    }
    rest = {at: line for at, line in rest.items() if scripts.weight(line) >= _FEWEST_LETTERS}
    passes.learn(rest.values())
    return {at for at, line in rest.items() if passes.surely(line)}


def _other(bare: str, label: str | None, code: str, script: str | None) -> str:
    if label is None:
        return UNKNOWN
    if label in labels.variety(code):
        return OWN
    if label == code.split("-")[0]:  # In another script, or in the other form of Chinese.
        if label == "zh":
            form = scripts.han_form(bare)
            return OWN if form in (None, script) or "-" not in code else f"{label}-{form}"
        form = scripts.main_script(bare)
        if form in (None, script) or scripts.share(bare, script) > _IN_SCRIPT:
            return OWN
        return languages.get(f"{label}-{form}").code
    return label
