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
_FOREIGN, _HARDLY = 0.6, 0.1
"""A window is foreign from this probability of other languages, at most that of the asked one."""

_WORD = re.compile(r"[^\W\d_](?:[\w'’\u0300-\u036f\u0900-\u0d7f\u200c\u200d-]*\w)?", re.UNICODE)
_SENTENCE_END = re.compile("[.!?…:;。！？।؟\n()\\[\\]|]")
_LATIN_RUN = re.compile(r"[A-Za-z\u00c0-\u024f][\w'’]*(?:[ ,-]{1,3}[A-Za-z\u00c0-\u024f][\w'’]*){3,}")
_OTHER_RUN = re.compile(
    "[\u0370-\u052f\u0590-\u06ff\u0900-\u109f\u10a0-\u10ff\u1200-\u139f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
    "[^A-Za-z\u00c0-\u024f\n.!?]{6,}"
)
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
    found: list[Span] = []
    if script is not None and script != "Latn":
        found += _latin_spans(text, code)
    elif not text.isascii():
        found += _other_script_spans(text)
    if code.split("-")[0] in _UNSPACED:
        return found
    foreign = _foreign_words(labels.of_own_model(code))
    words: list[re.Match[str]] | None = None
    if not foreign.isdisjoint(identifiers.letters(text).split()):
        words = list(_WORD.finditer(text))
        found += _word_spans(text, words, code, foreign)
    return sorted(_merged(found), key=lambda span: span.start)


def _latin_spans(text: str, code: str) -> Iterator[Span]:
    """Runs of Latin words in a text of another script."""
    for run in _LATIN_RUN.finditer(text):
        words = run[0].split()
        if sum(word[:1].islower() and len(word) > 1 for word in words) * 2 < len(words) or len(words) < MIN_WORDS:
            continue
        label = _language(run[0])
        if label is not None and not _function_words(label).isdisjoint(run[0].lower().split()):
            yield Span(run.start(), run.end(), label)


def _other_script_spans(text: str) -> Iterator[Span]:
    """Runs of another script in a text of Latin letters."""
    for run in _OTHER_RUN.finditer(text):
        letters, end = scripts.weight(run[0]), run.start() + len(run[0].rstrip())
        if letters < 16 or (letters == len(run[0]) and len(run[0].split()) < MIN_WORDS):
            continue
        heavy = letters > 1.5 * len(run[0])
        if not heavy and len(run[0].split()) < MIN_WORDS:
            continue
        label = identify.identify([run[0]])[0]
        if label is not None:
            yield Span(run.start(), end, label)


def _word_spans(text: str, words: Sequence[re.Match[str]], code: str, foreign: frozenset[str]) -> Iterator[Span]:
    lower = [word[0].lower().replace("’", "'") for word in words]
    hits = [index for index, word in enumerate(lower) if word in foreign]
    if not hits:
        return
    near = labels.near(code)
    looked: dict[int, bool] = {}
    inside = [False] * len(words)
    ends = _ends(text, words)
    for hit in hits:
        left = max((end for end in ends if end <= hit), default=0)
        right = min((end for end in ends if end > hit), default=len(words))
        if right - left < MIN_WORDS:
            continue
        size = min(_WINDOW, right - left)
        for start in range(max(left, hit - size + 1), min(hit, right - size) + 1):
            if start not in looked:
                looked[start] = _is_foreign(" ".join(lower[start : start + size]), near, code)
            if looked[start]:
                inside[start : start + size] = [True] * size
    start = None
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


def _is_foreign(words: str, near: frozenset[str], code: str) -> bool:
    best = identifiers.own_labels(identifiers.letters(words))
    asked = identify.probability_of(best, labels.wanted(code))
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
    capitals = sum(word[0][:1].isupper() for word in words)
    run = text[words[0].start() : words[-1].end()]
    if capitals * 2 >= len(words) and not run.isupper():
        return
    best = identifiers.own_labels(identifiers.letters(run))
    if not best:
        return
    label = labels.code_of(best[0][0])
    asked = identify.probability_of(best, labels.wanted(code))
    function = _function_words(label)
    if label in near or best[0][1] < _FOREIGN or asked > 0.05 or sum(word in function for word in lower) < 1:
        return
    if sum(word in function for word in lower) < 2 and len(words) < 6 and not _agreed(run, label):
        return
    yield Span(words[0].start(), words[-1].end(), label)


def _agreed(run: str, label: str) -> bool:
    """Whether lid.176 names the same language."""
    other, probability = identifiers.benchmark_labels([identifiers.excerpt(run)])[0]
    return labels.code_of(other) == label and probability > identify.MIN_PROBABILITY


def _language(run: str) -> str | None:
    best = identifiers.own_labels(identifiers.letters(run))
    return labels.code_of(best[0][0]) if best and best[0][1] >= _FOREIGN else None


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
    found = {}
    for line in text.splitlines():
        word, frequent, known = line.split("\t")
        found[word] = (tuple(frequent.split()), tuple(known.split()))
    return found


@lru_cache(maxsize=256)
def _foreign_words(label: str) -> frozenset[str]:
    """Words frequent in another language that is not near, and not known in this one."""
    near = {labels.of_own_model(code) for code in labels.near(label)} | {label}
    return frozenset(
        word
        for word, (frequent, known) in _lexicon().items()
        if label not in frequent and label not in known and not near.issuperset(frequent)
    )


@lru_cache(maxsize=256)
def _known_words(label: str) -> frozenset[str]:
    return frozenset(word for word, both in _lexicon().items() if label in both[0] or label in both[1])


@lru_cache(maxsize=256)
def _function_words(code: str) -> frozenset[str]:
    label = labels.of_own_model(code)
    return frozenset(word for word, (frequent, _) in _lexicon().items() if label in frequent)
