"""Switches: spans of four words or more of a text that are in another language than asked for.

Frequent words of other languages (`data/frequent_words.txt`), and words in another script, say
where to look; the identifiers decide about the words around them. A run of words that mostly begin
with a capital is a name or a title, and none; so is a run without a frequent word of its language,
such as a chain of technical terms.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

from xl_alpacaeval_metric.languages import identifiers, identify, labels, scripts

MIN_WORDS = 4
_WINDOW = 5
"""Words that are identified together."""
_FOREIGN, _HARDLY = 0.5, 0.15
"""A window is foreign from this probability of other languages, at most that of the asked one."""
_LABELLED, _SURE = 0.5, 0.8
_ROMANCE = frozenset(("pt", "gl", "es", "ast", "ca", "oc", "fr", "it", "ro"))
"""Their spans share most words: both identifiers must be sure."""
_HEAVY_LETTERS = 21
_MARKED_LATIN = "àáâãäåæçèéêëìíîïðñòóôõöøùúûüýþßāăąćĉčďđēėęěğģīįıķļłńņňőœŕřśşšţťūůűųźżžșțơư"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёєіїўґјљњћђџѓќѕ"

_WORD = re.compile(r"[^\W\d_](?:[\w'’\u0300-\u036f\u0900-\u0d7f\u200c\u200d-]*\w)?", re.UNICODE)
_SENTENCE_END = re.compile("[.!?…:;。！？।؟\n()\\[\\]|]")
_UNSPACED = frozenset(("zh", "yue", "wuu", "ja", "th", "lo", "km", "my", "bo", "dz"))


@dataclass(frozen=True, slots=True)
class Span:
    """A span in another language: the characters `start` to `end` of the text, and its language."""

    start: int
    end: int
    language: str


def find(text: str, code: str, script: str | None) -> list[Span]:
    """The spans of a text that are in another language than `code`, in order.

    `text` is content as `content.of` gives it; `script` is the language's usual script.
    """
    found = list(_script_spans(text, script or scripts.main_script(text) or "Latn"))
    if code.split("-")[0] in _UNSPACED:
        return found
    own, letters = labels.of_own_model(code), identifiers.letters(text)
    foreign, strange = _foreign_words(own), _strange_letters(own)
    if not foreign.isdisjoint(letters.split()) or (strange is not None and strange.search(letters)):
        found += _word_spans(text, list(_WORD.finditer(text)), code, foreign, strange)
    return sorted(_merged(found), key=lambda span: span.start)


def _script_spans(text: str, script: str) -> Iterator[Span]:
    """Runs of words in another script than the text's own."""
    if script == "Latn" and text.isascii():
        return
    for run in _runs_outside(script).finditer(text):
        words = run[0].split()
        heavy = scripts.weight(run[0]) > 1.5 * len(run[0])
        if heavy:
            if scripts.weight(run[0]) < _HEAVY_LETTERS:
                continue
        elif len(words) < MIN_WORDS or _is_title(words):
            continue
        label = _language(run[0])
        if heavy or label != "und":
            yield Span(run.start(), run.end(), label)


def _is_title(words: Sequence[str]) -> bool:
    """Whether words in another script are names or terms: capitals, or none that is frequent."""
    if sum(word[:1].isupper() for word in words) * 2 >= len(words) and not all(word.isupper() for word in words):
        return True
    return len(words) < 2 * MIN_WORDS and not any(identifiers.letters(word) in _lexicon() for word in words)


def _word_spans(
    text: str,
    words: Sequence[re.Match[str]],
    code: str,
    foreign: frozenset[str],
    strange: re.Pattern[str] | None,
) -> Iterator[Span]:
    lower = [word[0].lower().replace("’", "'") for word in words]
    hits = [
        index
        for index, word in enumerate(lower)
        if word in foreign or (strange is not None and strange.search(word) and word == words[index][0])
    ]
    near = labels.near(code)
    looked: dict[int, bool | None] = {}
    inside = [False] * len(words)
    ends = _ends(text, words)
    for hit in hits:
        left = max((end for end in ends if end <= hit), default=0)
        right = min((end for end in ends if end > hit), default=len(words))
        if right - left < MIN_WORDS:
            continue
        size = min(_WINDOW, right - left)
        first, last = max(left, hit - size + 1), min(hit, right - size)
        middle = (first + last) // 2
        if middle not in looked:
            looked[middle] = _is_foreign(" ".join(lower[middle : middle + size]), near, code)
        for at in range(first, last + 1) if looked[middle] is not None else ():
            if at not in looked:
                looked[at] = _is_foreign(" ".join(lower[at : at + size]), near, code)
            if looked[at]:
                inside[at : at + size] = [True] * size
    start: int | None = None
    for index in range(len(words) + 1):
        now = index < len(words) and inside[index] and not (start is not None and index in ends)
        if now and start is None:
            start = index
        elif not now and start is not None:
            yield from _checked(text, words[start:index], lower[start:index], code, near, foreign)
            start = index if index < len(words) and inside[index] else None


def _ends(text: str, words: Sequence[re.Match[str]]) -> frozenset[int]:
    """The indices of words that begin a sentence."""
    return frozenset(
        index
        for index in range(1, len(words))
        if _SENTENCE_END.search(text, words[index - 1].end(), words[index].start())
    )


def _is_foreign(words: str, near: frozenset[str], code: str) -> bool | None:
    """Whether a window is in another language; None where it is clearly in the asked one."""
    best = identifiers.own_labels(identifiers.letters(words))
    asked = identify.probability_of(best, labels.wanted(code))
    if asked >= _SURE:
        return None
    other = sum(probability for label, probability in best if labels.code_of(label) not in near)
    return other >= _FOREIGN and asked <= _HARDLY


def _checked(
    text: str,
    words: Sequence[re.Match[str]],
    lower: Sequence[str],
    code: str,
    near: frozenset[str],
    foreign: frozenset[str],
) -> Iterator[Span]:
    """The run as a span, without words of the asked language at its ends, if it is one."""
    own = _known_words(labels.of_own_model(code))
    first, last = 0, len(lower)
    while first < last and lower[first] in own and lower[first] not in foreign:
        first += 1
    while last > first and lower[last - 1] in own and lower[last - 1] not in foreign:
        last -= 1
    words, lower = words[first:last], lower[first:last]
    if len(words) < MIN_WORDS:
        return
    strangers = [word[0] for word, small in zip(words, lower, strict=True) if small not in own]
    run = text[words[0].start() : words[-1].end()]
    if sum(word[:1].isupper() for word in strangers) * 2 >= len(strangers) and not run.isupper():
        return
    best = identifiers.own_labels(identifiers.letters(run))
    label = labels.code_of(best[0][0]) if best else ""
    asked = identify.probability_of(best, labels.wanted(code))
    family = labels.near(label)
    likely = sum(probability for name, probability in best if labels.code_of(name) in family)
    if not best or label in near or likely < _LABELLED or asked > _HARDLY:
        return
    other, probability = identifiers.benchmark_labels([identifiers.excerpt(run.lower())])[0]
    if other in labels.wanted(code) and probability > _LABELLED:
        return
    kin = labels.key(code) in _ROMANCE and label in _ROMANCE
    agreed = labels.code_of(other) in family and probability > (_SURE if kin else identify.MIN_PROBABILITY)
    if kin and not agreed:
        return
    frequent = sum(word in _function_words(label) for word in lower)
    if likely < _SURE and not (agreed and frequent):
        return
    if not agreed and frequent < 2:
        return
    yield Span(words[0].start(), words[-1].end(), label)


def _language(run: str) -> str:
    """The language of a run of words in another script; "und" where none is likely."""
    best = identifiers.own_labels(identifiers.letters(run))
    if best and best[0][1] >= _LABELLED:
        return labels.code_of(best[0][0])
    label, probability = identifiers.benchmark_labels([identifiers.excerpt(run)])[0]
    if probability > identify.MIN_PROBABILITY:
        return labels.code_of(label)
    return labels.code_of(best[0][0]) if best and best[0][1] > identify.MIN_PROBABILITY else "und"


@lru_cache(maxsize=64)
def _runs_outside(script: str) -> re.Pattern[str]:
    """A pattern of a run of characters that begins with a letter of another script."""
    own = scripts.characters_of(script)
    every = scripts.characters_of("")
    between = "[^.!?…。！？।؟\\n" + own + "]"
    return re.compile(f"(?=[{every}])(?![{own}]){between}{{8,}}")


@lru_cache(maxsize=256)
def _strange_letters(label: str) -> re.Pattern[str] | None:
    """A pattern of a Latin or Cyrillic letter that words of the language do not have."""
    letters = {letter for word in _known_words(label) for letter in word}
    latin = sum("a" <= letter <= "z" for letter in letters)
    block = _MARKED_LATIN if latin > 15 else _CYRILLIC if "а" in letters else ""
    strange = "".join(sorted(set(block) - letters))
    return re.compile(f"[{strange}]") if strange else None


def _merged(spans: list[Span]) -> Iterator[Span]:
    last: Span | None = None
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if last is not None and span.start < last.end:
            continue
        last = span
        yield span


@lru_cache(maxsize=1)
def _lexicon() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Word -> the labels of the languages that it is frequent in, and of others that know it."""
    text = resources.files("xl_alpacaeval_metric").joinpath("data/frequent_words.txt").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return {word: (tuple(frequent.split()), tuple(known.split())) for word, frequent, known in rows}


@lru_cache(maxsize=256)
def _foreign_words(label: str) -> frozenset[str]:
    """Words frequent in another language that is not near, and not known in this one."""
    near = {labels.of_own_model(code) for code in labels.near(label)} | {label}
    words = _lexicon().items()
    return frozenset(word for word, (use, know) in words if label not in (*use, *know) and not near.issuperset(use))


@lru_cache(maxsize=256)
def _known_words(label: str) -> frozenset[str]:
    return frozenset(word for word, both in _lexicon().items() if label in both[0] or label in both[1])


@lru_cache(maxsize=256)
def _function_words(code: str) -> frozenset[str]:
    label = labels.of_own_model(code)
    return frozenset(word for word, (frequent, _) in _lexicon().items() if label in frequent)
