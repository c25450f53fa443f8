"""The own model's file read by us gives what fastText gives."""

import struct
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xl_alpacaeval_metric.languages import identifiers
from xl_alpacaeval_metric.languages.own_model import classifier, fasttext_file, near_words, reading
from xl_alpacaeval_metric.languages.scripts import batches

FILE = Path(str(resources.files("xl_alpacaeval_metric") / "data" / "lid.bin"))
LINES = [
    "The sun is out today and the children play in the garden",
    "Tá an ghrian ag taitneamh inniu agus tá na páistí ag súgradh",
    "आज धूप निकली है और बच्चे बगीचे में खेल रहे हैं",
    "今天阳光很好，孩子们在花园里玩",
    "Сегодня светит солнце, и дети весело играют в саду.",
    "a",
    "Donaudampfschifffahrtsgesellschaftskapitän",
    "ẹ̀dẹ̀ l\u2019été 𞤀𞤁𞤂 \U00020000",
]


@pytest.fixture(scope="module", autouse=True)
def _without_near_words() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(near_words, "_numbers", lambda labels: np.full(len(labels), near_words._NONE))
        yield


def by_fasttext(line: str) -> dict[str, float]:
    found = identifiers.load(FILE).predict(line + "\n", 1000, 0.0, "strict")
    return {label.removeprefix("__label__"): min(1.0, probability) for probability, label in found}


def assert_same(lines: list[str]) -> None:
    model = classifier.load()
    words = reading.words(lines)
    guesses = model.guess(model.read(lines))
    for line, best, of_line in zip(words, guesses.best(), guesses.probabilities, strict=True):
        if not line:
            assert best == ("", 0.0)
            continue
        expected = by_fasttext(" ".join(line))
        ours = dict(zip(model.labels, of_line.tolist(), strict=True))
        assert {label: ours[label] for label in expected} == pytest.approx(expected, abs=1e-4)
        assert best[1] == pytest.approx(max(expected.values()), abs=1e-4)


def test_lines_have_fasttexts_probabilities() -> None:
    assert_same([*LINES, "", "42 !?", " ".join(LINES)])
    assert_same(LINES[::-1])


def test_many_characters_are_read_part_by_part() -> None:
    texts = [LINES[0], "Ein " * batches.CHARACTERS, "", *LINES[2:5]]
    assert len(list(batches.of(texts))) > 2
    read, words = classifier.load().read(texts), reading.words(texts)
    assert read.counts.tolist() == list(map(len, words))
    assert read.words == list(chain.from_iterable(words))


@given(st.lists(st.text(st.characters(), max_size=30), max_size=4))
@settings(max_examples=40, deadline=None)
def test_any_text_has_fasttexts_probabilities(lines: list[str]) -> None:
    assert_same(lines)


def test_windows_of_words_are_sums_over_them() -> None:
    model = classifier.load()
    vectors = model.vectors()
    words = reading.words(LINES[:1])[0]
    numbers = model.read(LINES[:1], vectors).numbers
    sums, counts = vectors.of(numbers[2:7])
    found = model.probabilities(sums.sum(0, keepdims=True), counts.sum(keepdims=True))
    assert np.allclose(found, model.guess(model.read([" ".join(words[2:7])])).probabilities, atol=1e-6)


def test_words_begin_anew_where_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    model = classifier.Classifier(fasttext_file.parse(FILE.read_bytes()))
    monkeypatch.setattr(classifier, "_MOST_WORDS", 5)
    before = model.guess(model.read(LINES)).best()
    assert model.guess(model.read(LINES)).best() == before
    assert len(model.vectors()) == 0


def test_threads_may_add_words_at_once() -> None:
    lines = [f"{line} {number}{line[:3]}x" for number in range(200) for line in LINES]
    expected = classifier.load().guess(classifier.load().read(lines)).best()
    model = classifier.Classifier(fasttext_file.parse(FILE.read_bytes()))
    with ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(lambda at: model.guess(model.read(lines[at : at + 100])).best(), range(0, 1600, 100)))
    found = [best for part in parts for best in part]
    assert [label for label, _ in found] == [label for label, _ in expected]
    assert [value for _, value in found] == pytest.approx([value for _, value in expected], abs=1e-5)


def test_words_are_letters_in_lower_case() -> None:
    assert reading.words(["Don\u2019t  SHOUT, 3 times!", "", "naïve—well-known", "नमस्ते।दुनिया", "a\nb 🙂c"]) == [
        ["don't", "shout", "times"],
        [],
        ["naïve", "well", "known"],
        ["नमस्ते", "दुनिया"],
        ["a", "b", "c"],
    ]
    assert reading.words([]) == []
    text = "Don\u2019t SHOUT, 3 times"
    assert [word[0] for word in reading.WORD.finditer(text)] == ["Don\u2019t", "SHOUT", "times"]


def test_another_file_is_refused() -> None:
    data = FILE.read_bytes()
    for wrong in (b"", b"x" * 200, data[:8] + struct.pack("<12i", *[2] * 12) + data[56:]):
        with pytest.raises(ValueError, match=r"fastText|softmax"):
            fasttext_file.parse(wrong)
