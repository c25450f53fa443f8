"""Sentences in a near language inside a line that passes.

A line with a sentence in Spanish may pass as Portuguese. Words that are frequent in a near language
and unknown in the asked one say where to look, as kana and Han characters do between Chinese and
Japanese; the identifiers decide about each sentence.
"""

import re
from collections.abc import Sequence

from xl_alpacaeval_metric.languages import content, decisions, labels, scripts
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches import lexicon

_FEWEST_CHARACTERS = 10
"""Characters of a Chinese or Japanese sentence."""
_HARDLY = 0.03
"""The own model's probability of the asked language, at most, for a sentence in a near one.

Sentences and their parts of five to nine words that fail, with so little probability and a word of
a near language, are four in five of those in one and one in ten thousand native ones.
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

    if not lines or not lexicon.has_near(code):
        return [False] * len(lines)

    def of_near(words: Sequence[str]) -> list[float]:
        return list(map(float, lexicon.of_near(words, code)))

    read = passes.read(lines)
    words = read.sums(read.vectors.properties(("near", code), read.numbers, of_near))
    found: list[bool] = (words > 0).tolist()
    return found


def is_near(sentence: str, passes: Passes) -> bool:
    """Whether a sentence of five words or more, which was learnt, is surely in a near language."""
    if passes.of(sentence):
        return False
    if passes.code.split("-")[0] in content.UNSPACED:
        return sum(scripts.han_and_kana(sentence)) >= _FEWEST_CHARACTERS
    from xl_alpacaeval_metric.languages.own_model import reading

    words = reading.words([sentence])[0]
    return passes.chance(sentence) <= _HARDLY and any(lexicon.of_near(words, passes.code))
