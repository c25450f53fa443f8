"""Native sentences in over a hundred languages, which nothing is trained or tuned on."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.languages import content, identify, labels
from xl_alpacaeval_metric.languages.fidelity import language_fidelity

SENTENCES: Mapping[str, list[str]] = yaml.safe_load(
    Path(__file__).with_name("native_sentences.yaml").read_text(encoding="utf-8")
)
HARDLY_APART = frozenset(("bs", "hr"))
"""Only a few words of everyday tell these apart."""


@pytest.fixture(scope="module")
def counts() -> dict[tuple[str, str], int]:
    """(language asked for, language of the sentences) -> how many pass."""
    every = [(other, sentence) for other, found in SENTENCES.items() for sentence in found]
    passed = dict.fromkeys(((code, other) for code in SENTENCES for other in SENTENCES), 0)
    for code in SENTENCES:
        right = identify.matches([sentence for _, sentence in every], code, languages.get(code).script)
        for (other, _), one in zip(every, right, strict=True):
            passed[code, other] += one
    return passed


def test_there_are_many_and_they_are_long_enough() -> None:
    assert len(SENTENCES) >= 100
    for code, sentences in SENTENCES.items():
        assert languages.get(code).code == code
        assert identify.supported(code), code
        assert len(set(sentences)) >= 4, code
        unspaced = code.split("-")[0] in {*content.UNSPACED, "yue"}
        assert all(len(line) >= 20 if unspaced else len(line.split()) >= 8 for line in sentences), code


def test_native_sentences_are_recognised(counts: Mapping[tuple[str, str], int]) -> None:
    number = sum(map(len, SENTENCES.values()))
    assert sum(counts[code, code] for code in SENTENCES) >= 0.97 * number
    assert {code for code, found in SENTENCES.items() if counts[code, code] < len(found) - 1} == set()


def test_sentences_of_other_languages_are_not(counts: Mapping[tuple[str, str], int]) -> None:
    for code in SENTENCES:
        others = [other for other in SENTENCES if other not in labels.near(code)]
        through = sum(counts[code, other] for other in others)
        assert through <= 0.03 * sum(len(SENTENCES[other]) for other in others), code
        assert all(counts[code, other] <= 1 for other in others), code


def test_near_languages_are_mostly_told_apart(counts: Mapping[tuple[str, str], int]) -> None:
    pairs = [
        (code, other)
        for code in SENTENCES
        for other in SENTENCES
        if other != code and other in labels.near(code) and not {code, other} <= HARDLY_APART
    ]
    through = sum(counts[pair] for pair in pairs)
    assert through <= 0.1 * sum(len(SENTENCES[other]) for _, other in pairs)


def test_an_answer_of_native_sentences_is_in_its_language() -> None:
    texts = {code: "\n".join(found) for code, found in SENTENCES.items()}
    found = language_fidelity(list(texts.values()), list(texts))
    below = {code: one.fidelity for code, one in found.by_language.items() if (one.fidelity or 0.0) < 75}
    assert below == {}
    assert found.fidelity is not None
    assert found.fidelity >= 97
    switched = [code for code, one in found.by_language.items() if one.switch_rate]
    assert len(switched) <= 0.02 * len(texts), switched
