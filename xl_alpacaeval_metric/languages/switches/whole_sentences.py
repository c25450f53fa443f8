"""Short sentences in another language inside a line: all of their words look foreign.

A part of a sentence may be a title, a name or a few loans, so much is asked of it (`spans`). Of a
sentence between two others less is asked: that it has five words or more, or four English ones (I
hope this helps), and that two identifiers say the same.
"""

import re
from collections.abc import Sequence, Set
from itertools import compress

from xl_alpacaeval_metric.languages import identifiers, labels
from xl_alpacaeval_metric.languages.own_model import classifier
from xl_alpacaeval_metric.languages.switches import titles, windows
from xl_alpacaeval_metric.languages.switches.windows import Run
from xl_alpacaeval_metric.languages.vocabulary import lexicon

_FEWEST, _FEWEST_SMALL = 5, 2
"""Words of a sentence, numbers included, and words of it that do not begin with a capital."""
_FEWEST_FREQUENT = 2
"""Frequent English words, which the text's language does not know, of a sentence of four words."""
_NOT_AT_ALL, _RATHER_SURE, _ALL_BUT_SURE = 0.001, 0.65, 0.9
_ENGLISH = 0.8
"""The share of English words from which on a sentence is English."""
_WITH_NOUNS_IN_CAPITALS = frozenset(("de", "lb", "nds"))
_BEGIN, _END = re.compile(r"(?:^|[.!?…\n])[\s*_]*$"), re.compile(r"[\s*_]*(?:[.!?…]|:[ \t*_]*(?:\n|$))")
_BESIDE = 8
"""Characters beside a sentence that are looked at."""


def named(runs: Sequence[Run], texts: Sequence[str], code: str) -> list[str | None]:
    """The language of each run that is a sentence in another one than `code`, else None."""
    found: list[str | None] = [None] * len(runs)
    some = [at for at, run in enumerate(runs) if _is_sentence(run, texts[run.text])]
    if not some:
        return found
    guesses = classifier.load().guess(windows.together([runs[at] for at in some]))
    asked, near = guesses.of(labels.wanted(code)), labels.near(code) | labels.alike(code)
    for number, (at, (best, _)) in enumerate(zip(some, guesses.best(), strict=True)):
        if not best or asked[number] > _NOT_AT_ALL:
            continue
        label = labels.code_of(best)
        likely = guesses.at(number, labels.labels_near(label))
        label = _confirmed(runs[at].words, code, label, likely, near)
        if label not in near and not _are_names(runs[at].as_written, label):
            found[at] = label or None
    return found


def _confirmed(words: Sequence[str], code: str, label: str, likely: float, near: Set[str]) -> str:
    """The language of words that the own model takes for `label`, if others say so too; else ""."""
    second, probability = identifiers.benchmark_labels([identifiers.excerpt(" ".join(words))])[0]
    other = labels.code_of(second)
    if _are_english(words, code, probability if second == "en" else 0.0) and other not in near:
        return "en"
    if other == label or other in labels.near(label):
        return label if min(likely, probability) >= _RATHER_SURE else ""
    is_known = other in near or label in identifiers.benchmark_languages()
    return label if likely >= _ALL_BUT_SURE and not is_known else ""


def _is_sentence(run: Run, text: str) -> bool:
    """Whether a run is a sentence of enough words, between the ends of others."""
    if len(run) < titles.MIN_WORDS or _END.match(text, run.end) is None:
        return False
    is_short = len(run) < _FEWEST and len(text[run.start : run.end].split()) < _FEWEST
    if is_short and not all(lexicon.known(run.words, "en")):
        return False
    return _BEGIN.search(text[max(0, run.start - _BESIDE) : run.start]) is not None


def _are_english(words: Sequence[str], code: str, likely: float) -> bool:
    """Whether words are English by themselves, or a few are of which lid.176 is rather sure."""
    alone = lexicon.english(words, code)
    if sum(alone) >= titles.MIN_WORDS and sum(alone) >= _ENGLISH * len(words):
        return True
    if len(words) >= _FEWEST or likely < _RATHER_SURE or not all(lexicon.known(words, "en")):
        return False
    return sum(lexicon.frequent(compress(words, alone), "en")) >= _FEWEST_FREQUENT


def _are_names(words: Sequence[str], language: str) -> bool:
    """Whether half of the words after the first begin with a capital, or hardly any do not."""
    small = sum(not word[:1].isupper() for word in words[1:])
    return small < _FEWEST_SMALL or (2 * small <= len(words) - 1 and language not in _WITH_NOUNS_IN_CAPITALS)
