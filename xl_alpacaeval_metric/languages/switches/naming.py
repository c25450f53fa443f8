"""The language of lines and sentences that do not pass for the one asked for."""

import re
from collections.abc import Iterator, Sequence

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import content, identify, labels, scripts
from xl_alpacaeval_metric.languages.own_model import VARIETIES
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches import loans, titles

OWN, UNKNOWN = "", "und"
_ENGLISH = "en"
"""A line that looks English is so unless it is full of names: of 1,600 others none was not."""
_LOOKED = (UNKNOWN, _ENGLISH)
_IN_SCRIPT, _ALL_IN_SCRIPT = 0.5, 0.95
_LIKELY, _PERHAPS = 0.5, 0.02
"""The own model's probability of the language for words between English terms, and for those
between names in a line that looks like none."""
NO_CHANCE, NO_TRACE = 1e-4, 1e-8
"""The own model's probability of the language up to which a line that fails, or that looks like
none, is not in it; and up to which no part of it is."""
_LATIN, _WORD = re.compile(r"[A-Za-z\u00c0-\u024f][\x20-\u024f\u2010-\u2027]*"), re.compile(r"[^\W\d_]+")
_FEWEST_LETTERS = 6
"""Letters that tell the language of a line around names."""


def others(bare: Sequence[str], raws: Sequence[str], passes: Passes) -> list[str]:
    """The language of lines that do not pass for the one asked for, though they may be in it."""
    named = identify.codes_of(bare, passes.read(bare), passes.code)
    found = [_other(line, label, passes.code, passes.script) for line, label in zip(bare, named, strict=True)]
    rest = _without_names(bare, raws, passes)
    for at, (line, raw, label) in enumerate(zip(bare, raws, found, strict=True)):
        # Of near languages told by a few words, any word may be the one that tells.
        if at in rest and label not in VARIETIES and passes.surely(rest[at]):
            found[at] = OWN
        elif at in rest and passes.chance(rest[at]) <= NO_CHANCE:
            found[at] = label or UNKNOWN
        elif label != OWN and (at in rest or label != _ENGLISH) and _is_about_names(line, raw, label, passes):
            found[at] = OWN
    for at in _with_own_words(bare, raws, found, passes):
        found[at] = OWN
    return found


def _with_own_words(bare: Sequence[str], raws: Sequence[str], found: Sequence[str], passes: Passes) -> Iterator[int]:
    """Lines that look English, or like none, and are in the language but for names and terms."""
    if passes.script != "Latn" or passes.code == _ENGLISH:
        return
    looked = [at for at, label in enumerate(found) if label in _LOOKED and passes.chance(bare[at]) > NO_CHANCE]
    words = {
        (at, least): some
        for at in looked
        for least, some in (
            (_LIKELY, loans.around_terms(raws[at], passes.code)),
            (_PERHAPS, loans.around_names(raws[at], passes.code) if found[at] == UNKNOWN else ""),
        )
        if some and (least == _LIKELY or len(some) >= _FEWEST_LETTERS)
    }
    passes.learn(words.values())
    yield from (at for (at, least), some in words.items() if passes.chance(some) >= least)


def _is_about_names(bare: str, raw: str, label: str, passes: Passes) -> bool:
    if passes.chance(bare) <= NO_TRACE or (passes.script == "Latn" and scripts.share(bare, "Latn") < _ALL_IN_SCRIPT):
        return False
    return titles.is_about_names(raw, passes.code, label)


def _without_names(bare: Sequence[str], raws: Sequence[str], passes: Passes) -> dict[int, str]:
    """The words that are no names, of lines full of these, which are learnt; not of those with few.

    Names are in Latin letters in a line in another script, else begin with a capital.
    """
    if passes.script is None:
        return {}
    is_latin = passes.script == "Latn"
    without = titles.without_names if is_latin else _without_latin_names
    some = (at for at, line in enumerate(bare) if not is_latin or (passes.chance(line) > NO_TRACE and _is_full(line)))
    rest = {at: content.bare(without(raws[at])) for at in some}
    rest = {at: line for at, line in rest.items() if scripts.weight(line) >= _FEWEST_LETTERS}
    passes.learn(rest.values())
    return rest


def _is_full(line: str) -> bool:
    """Whether half of the words of a line begin with a capital."""
    initials = [word[0] for word in line.split()]
    return 2 * sum(map(str.isupper, initials)) >= len(initials)


def _without_latin_names(raw: str) -> str:
    """A line without its Latin letters; "" where they are more than names, or all of it."""
    if raw.isascii() or not all(titles.is_name(_WORD.findall(run)) for run in _LATIN.findall(raw)):
        return ""
    return " ".join(_LATIN.split(raw))


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
