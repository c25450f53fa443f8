"""Sentences in a near language inside a line that passes.

A line with a sentence in Spanish may pass as Portuguese. Words that are frequent in a near language
and unknown in the asked one say where to look, as kana and Han characters do between Chinese and
Japanese, and so does a little doubt of the own model; the identifiers decide about each sentence.
"""

import re
from collections.abc import Sequence

from xl_alpacaeval_metric.languages import content, decisions, labels, scripts
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.vocabulary import lexicon

_FEWEST_CHARACTERS = 10
"""Characters of a Chinese or Japanese sentence."""
_HARDLY, _ALL_BUT_SURE = 0.03, 0.98
"""The own model's probability of the asked language, at most, for a sentence in a near one, and for
a line that may have one.

Nine in ten sentences of five words or more in a near language are so unlikely, and one native
sentence in two thousand.
"""
_HAN = re.compile(f"[\u3001\u4e00-\u9fff\uff0c\uff1a\uff1b]{{{_FEWEST_CHARACTERS},}}")
_HIRAGANA = re.compile("[\u3041-\u309f]")


def suspects(lines: Sequence[str], passes: Passes) -> list[bool]:
    """Whether each line, which was learnt, may have a sentence in a near language."""
    code, key = passes.code, labels.key(passes.code)
    if key == "ja":
        return [_HAN.search(line) is not None for line in lines]
    if key in decisions.HAN:
        either = "-" in code
        return [_HIRAGANA.search(line) is not None or (either and scripts.has_both_forms(line)) for line in lines]
    if not lines or labels.labels_near(code) <= {*labels.wanted(code)}:
        return [False] * len(lines)

    from xl_alpacaeval_metric.languages.own_model import near_words, varieties

    accepted = labels.variety(code)
    told = near_words.of_others(labels.of_own_model(code))

    def of_near(words: Sequence[str]) -> list[float]:
        others = varieties.are_of_others(words, accepted) if accepted else [False] * len(words)
        every = zip(words, lexicon.of_near(words, code), others, strict=True)
        return [float(near or other or word in told) for word, near, other in every]

    read = passes.read(lines)
    words = read.sums(read.vectors.properties(("near", code), read.numbers, of_near))
    return [any_ or passes.chance(line) < _ALL_BUT_SURE for line, any_ in zip(lines, (words > 0).tolist(), strict=True)]


def is_near(sentence: str, passes: Passes) -> bool:
    """Whether a sentence of five words or more, which was learnt, is surely in a near language."""
    if passes.of(sentence):
        return False
    if labels.key(passes.code) in (*content.UNSPACED, *decisions.HAN):
        return sum(scripts.han_and_kana(sentence)) >= _FEWEST_CHARACTERS
    return passes.chance(sentence) <= _HARDLY and passes.is_near(sentence)
