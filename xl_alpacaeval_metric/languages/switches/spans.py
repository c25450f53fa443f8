"""Switches: spans of four words or more of a text that are in another language than asked for.

Words in another script, and runs of words that the own model takes for another language
(`windows`), are looked at. Names and titles are none (`titles`), and neither is a run without a
frequent word of its language, such as a chain of technical terms.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import content, decisions, identifiers, identify, labels, scripts
from xl_alpacaeval_metric.languages.switches import script_runs, terms, titles
from xl_alpacaeval_metric.languages.vocabulary import lexicon

if TYPE_CHECKING:
    from xl_alpacaeval_metric.languages.own_model.tokens import Tokens
    from xl_alpacaeval_metric.languages.switches.windows import Run

MIN_WORDS = titles.MIN_WORDS
_HARDLY, _NEVER, _NOT_AT_ALL, _LABELLED, _SURE, _ALL_BUT_SURE = 0.15, 0.01, 0.001, 0.5, 0.8, 0.95
NO_LANGUAGE, _UNKNOWN = "zxx", "und"
"""What names, titles and terms are in, which are no switch."""
_LATIN_OR_NONE = (None, "Latn")
_UNSPACED = frozenset(("zh", "yue", "wuu", "ja", "th", "lo", "km", "my", "bo", "dz"))


class Span(NamedTuple):
    """A span in another language: the characters `start` to `end` of the text, and its language."""

    start: int
    end: int
    language: str


def find(texts: Sequence[str], read: "Tokens", code: str, script: str | None) -> list[list[Span]]:
    """The spans of each text that are in another language than `code`, or in none, in order.

    A text is content as `content.of` gives it, `read` are the words of each as the own model reads
    them; `script` is the language's usual script.
    """
    from xl_alpacaeval_metric.languages.switches import bounds, whole_sentences, windows

    found: list[list[Span]] = [[] for _ in texts]
    in_script = list(script_runs.of(texts, code, script))
    for (at, match), label in zip(in_script, _languages([match[0] for _, match in in_script], code), strict=True):
        if not match[0].isascii() and script_runs.is_japanese(match[0]):
            label = "ja"
        if label or script_runs.is_heavy(match[0]):
            if script_runs.are_terms(match[0], label):
                continue
            words = match[0].lower().split()
            is_none = terms.is_music(words) or terms.is_list(match[0], label or "")
            is_none = is_none or terms.is_title(words, texts[at], match.start(), match.end())
            found[at].append(Span(match.start(), match.end(), NO_LANGUAGE if is_none else label or _UNKNOWN))
    if code.split("-")[0] not in _UNSPACED:
        looked = windows.foreign_runs(texts, read, code, MIN_WORDS)
        runs = [run for run, _ in bounds.tightened(looked, code)]
        told = _labels(runs, code)
        # A word too many may hide the language of the others.
        again = [at for at, other in enumerate(told) if other is None and len(looked[at][0]) < len(runs[at])]
        for at, other in zip(again, _labels([looked[at][0] for at in again], code), strict=True):
            runs[at], told[at] = looked[at][0], other
        for at, other in enumerate(told):
            if other is None and (part := bounds.english(looked[at][1], code)) and titles.is_prose(part, code, "en"):
                runs[at], told[at] = part, "en"
        left = [at for at, other in enumerate(told) if other is None]
        whole = whole_sentences.named([looked[at][0] for at in left], texts, code)
        for at, other in zip(left, whole, strict=True):
            if other is not None:
                runs[at], told[at] = looked[at][0], other
        for run, other in zip(runs, told, strict=True):
            if other is not None:
                text = texts[run.text]
                is_none = titles.are_titles(run, text, code, other) or terms.are_terms(run, text, code, other)
                if not is_none and script not in _LATIN_OR_NONE and languages.get(other).script == "Latn":
                    is_none = terms.are_apart(text[run.start : run.end])
                found[run.text].append(Span(run.start, run.end, NO_LANGUAGE if is_none else other))
    return [_unquoted(text, list(_merged(spans))) if spans else spans for text, spans in zip(texts, found, strict=True)]


def are_terms(some: Sequence[Span]) -> bool:
    """Whether all of these are names, titles and terms."""
    return all(span.language == NO_LANGUAGE for span in some)


def without(text: str, some: Sequence[Span]) -> str:
    """The bare words of a text without these spans of it."""
    rest, end = "", 0
    for span in some:
        rest, end = f"{rest} {text[end : span.start]}", span.end
    return content.bare(f"{rest} {text[end:]}")


def _unquoted(text: str, spans: Sequence[Span]) -> list[Span]:
    """The spans without quotations, as far as these are not most of the text."""
    quoted = [span for span in spans if content.is_quotation(text, span.start, span.end)]
    letters = sum(scripts.weight(text[span.start : span.end]) for span in quoted)
    keep = not quoted or letters > content.QUOTED * scripts.weight(text)
    return [span for span in spans if keep or span not in quoted]


def _labels(runs: Sequence["Run"], code: str) -> list[str | None]:
    """The language of each run, None where it is no switch from `code`."""
    if not runs:
        return []
    from xl_alpacaeval_metric.languages.own_model import classifier
    from xl_alpacaeval_metric.languages.switches import windows

    read = windows.together(runs)
    guesses = classifier.load().guess(read)
    asked, alike = guesses.of(labels.wanted(code)), labels.alike(code)
    found: list[str | None] = [None] * len(runs)
    for at, (best, _) in enumerate(guesses.best()):
        label = labels.code_of(best)
        if not best or label in alike or asked[at] > _HARDLY or not titles.is_prose(runs[at], code, label):
            continue
        likely = guesses.at(at, labels.labels_near(label))
        found[at] = _confirmed(runs[at].words, code, label, likely, asked[at])
    return decisions.by_variety(found, read, code)


def _confirmed(words: Sequence[str], code: str, label: str, likely: float, asked: float) -> str | None:
    """The language of words that the own model takes for `label`, if others say so too.

    lid.176 agrees, or the words have frequent ones of the language; or lid.176 is sure of another
    language and the words have frequent ones of that. A near language must have more frequent ones
    in five words or more than the language asked for, or both identifiers must be all but sure.
    """
    second, probability = identifiers.benchmark_labels([identifiers.excerpt(" ".join(words))])[0]
    if second in labels.wanted(code) and probability > _LABELLED:
        return None
    other = labels.code_of(second)
    # Of a language without frequent words, and between languages that share most of them, the words
    # tell too little: both identifiers must be sure.
    kin = {labels.key(code), label} <= titles.ROMANCE or not lexicon.covers(code)
    frequent = _frequent(words, label, code)
    group = labels.near(label)
    if code in group:
        group = labels.alike(label)
        surely = other in group and probability >= _ALL_BUT_SURE and asked <= _NOT_AT_ALL
        if len(words) <= MIN_WORDS or asked > _NEVER or frequent + surely <= _frequent(words, code, label):
            return None
    agreed = other in group and probability > (_SURE if kin else decisions.MIN_PROBABILITY)
    if likely >= _LABELLED and agreed and (likely >= _SURE or (frequent and len(words) > MIN_WORDS)):
        return label
    if not kin and likely >= _SURE and frequent >= 2:
        return label
    if (
        not kin
        and likely >= _ALL_BUT_SURE
        and asked <= _NEVER
        and (probability < _LABELLED or label not in identifiers.benchmark_languages())
        and _strangers(words, code) >= MIN_WORDS
    ):
        return label
    if (
        probability >= _LABELLED
        and (len(words) > MIN_WORDS or _strangers(words, code) >= MIN_WORDS)
        and other not in labels.alike(code)
        and not kin
        and not {labels.key(code), other} <= titles.ROMANCE
    ):
        usual = _frequent(words, other, code)
        if usual >= 2 or (usual and probability >= _SURE):
            return other
    return None


def _frequent(words: Sequence[str], label: str, code: str) -> int:
    """How many of the words, of two letters or more, are frequent in `label` and not in `code`."""
    some = [word for word in dict.fromkeys(words) if len(word) > 1]
    both = zip(lexicon.frequent(some, label), lexicon.frequent(some, code), strict=True)
    return sum(other and not own for other, own in both)


def _strangers(words: Sequence[str], code: str) -> int:
    """How many of the words, of two letters or more, `code` does not know."""
    known = lexicon.known(words, code)
    return sum(len(word) > 1 and not own for word, own in zip(words, known, strict=True))


def _languages(runs: Sequence[str], code: str) -> list[str | None]:
    """The languages of runs of words in another script; "" where none is likely, "und" where the
    words speak against it."""
    from xl_alpacaeval_metric.languages.own_model import classifier
    from xl_alpacaeval_metric.languages.scripts import possible
    from xl_alpacaeval_metric.languages.vocabulary import doubts

    model = classifier.load()
    read = model.read(runs)
    guesses = model.guess(read).among(possible.languages(runs, model.labels))
    best = guesses.best()
    unsure = [at for at, (_, probability) in enumerate(best) if probability < _LABELLED]
    second = dict(zip(unsure, identify.benchmark_labels([runs[at] for at in unsure]), strict=True))
    found: list[str | None] = []
    for at, (label, probability) in enumerate(best):
        other, of_other = second.get(at, ("", 0.0))
        if of_other > decisions.MIN_PROBABILITY:
            label, probability = other, of_other
        told = labels.code_of(label) if probability > decisions.MIN_PROBABILITY else ""
        likely = guesses.at(at, labels.labels_near(told))
        is_doubtful = told and doubts.is_doubtful(runs[at], read.of([at]).words, told, likely)
        found.append(_UNKNOWN if is_doubtful else told)
    return decisions.by_variety(found, read, code)


def _merged(spans: list[Span]) -> Iterator[Span]:
    last: Span | None = None
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if last is not None and span.start < last.end:
            continue
        last = span
        yield span
