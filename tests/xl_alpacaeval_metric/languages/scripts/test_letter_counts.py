"""Letters counted at once are those counted one text at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xl_alpacaeval_metric.languages import scripts
from xl_alpacaeval_metric.languages.scripts import batches, letter_counts


@given(st.lists(st.text(st.characters(), max_size=40), max_size=5), st.sampled_from(["Latn", "Jpan", "Cyrl", "Zzzz"]))
def test_at_once_is_as_one_by_one(texts: list[str], script: str) -> None:
    assert letter_counts.weights(texts) == [scripts.weight(text) for text in texts]
    assert letter_counts.shares(texts, script) == pytest.approx([scripts.share(text, script) for text in texts])
    if script != "Zzzz":
        own = [round(scripts.share(text, script) * scripts.weight(text)) for text in texts]
        assert letter_counts.outside(texts, script) == [
            scripts.weight(text) - part for text, part in zip(texts, own, strict=True)
        ]


@given(
    st.lists(
        st.text(st.characters(), max_size=20) | st.sampled_from(["Грач и rook", "東京タワー", "٣ 3 ३"]), max_size=5
    )
)
def test_scripts_are_counted(texts: list[str]) -> None:
    expected = [
        [len(pattern.findall(text)) if (pattern := scripts.letters_of(name)) else 0 for name in scripts.names()]
        for text in texts
    ]
    assert letter_counts.by_script(texts).tolist() == expected


@given(
    st.lists(
        st.text(st.characters(), max_size=20)
        | st.sampled_from(["1 2 3 a\nabc 1\n٣ 3 ३\n", "१२ क\nकख १", "\n\n1", "東京 1 2 3", "7"]),
        max_size=5,
    )
)
def test_lines_of_figures_are_found(texts: list[str]) -> None:
    found = letter_counts.lines_of_figures(texts)
    expected = [
        (at, line)
        for at, text in enumerate(texts)
        for line in text.split("\n")
        if sum(c.isdecimal() and c < "\uffff" for c in line)
        > scripts.weight("".join(c for c in line if not c.isdecimal()))
    ]
    assert [(at, texts[at][start:end]) for at, start, end in found] == expected


def test_many_characters_are_counted_part_by_part() -> None:
    texts = ["1 2 a\n", "я" * batches.CHARACTERS, "", "7\nb 8 9", "東 9 9 9 9"]
    assert len(list(batches.of(texts))) > 2
    assert letter_counts.weights(texts) == [1, batches.CHARACTERS, 0, 1, 3]
    assert letter_counts.shares(texts, "Cyrl") == [0, 1, 1, 0, 0]
    assert letter_counts.outside(texts, "Cyrl") == [1, 0, 0, 1, 3]
    assert letter_counts.lines_of_figures(texts) == [(0, 0, 5), (3, 0, 1), (3, 2, 7), (4, 0, 9)]
