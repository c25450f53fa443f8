"""Texts as numbers of words: what is cut out of them, and words that are found by hash."""

from hypothesis import given, settings
from hypothesis import strategies as st

from xl_alpacaeval_metric.languages.own_model import classifier, reading
from xl_alpacaeval_metric.languages.own_model.tokens import Tokens

TEXTS = [
    "Don\u2019t SHOUT at me, please",
    "",
    "a b",
    "İstanbul ΟΔΟΣ οδός ΣΑΣ",
    "Ѐ 𞤀𞤁 𞤢𞤣 \U0001f600x",
    "\ud800 k K\u212a",
]


def of_each(read: Tokens) -> list[list[str]]:
    return [[read.vectors.words[number] for number in read.of([at]).numbers.tolist()] for at in range(len(read))]


@given(st.lists(st.text(st.characters(), max_size=30) | st.sampled_from(TEXTS), max_size=5))
@settings(max_examples=60, deadline=None)
def test_words_found_by_hash_are_those_that_are_read(texts: list[str]) -> None:
    expected = [[word for one in reading.words([text]) for word in one] for text in texts]
    for _ in range(2):
        assert of_each(classifier.load().read(texts)) == expected


def test_words_are_found_where_they_stand() -> None:
    places = reading.hashed(TEXTS)
    assert places.written(slice(0, 3)) == ["Don\u2019t", "SHOUT", "at"]
    assert places.counts.tolist() == [len(words) for words in reading.words(TEXTS)]
    assert [TEXTS[3][start:] for start in places.starts[7:8] - places.offsets[3]] == [TEXTS[3]]
    assert len(reading.hashed([]).counts) == 0


def test_a_word_on_the_border_of_a_period_is_found() -> None:
    text = " ".join(["word"] * 30_000)
    assert set(of_each(classifier.load().read([text]))[0]) == {"word"}


def test_windows_are_the_runs_of_words_of_each_text() -> None:
    texts = [["a", "b", "c", "d"], [], ["e"], ["f", "g"]]
    read = classifier.load().read(list(map(" ".join, texts)))
    windows, counts = read.windows(3)
    assert of_each(windows) == [["a", "b", "c"], ["b", "c", "d"], [], ["e"], ["f", "g"]]
    assert counts.tolist() == [2, 1, 1, 1]
    assert of_each(read.slice(1, 4)) == texts[1:]
    assert of_each(read.of([3, 0, 0])) == [texts[3], texts[0], texts[0]]
