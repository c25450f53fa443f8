"""Lines identified together are those identified alone, and so are texts that are taken apart."""

from hypothesis import given
from hypothesis import strategies as st

from xl_alpacaeval_metric.languages import content
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches import pieces

LINES = (
    "Kissa istuu ikkunalla ja katselee lintuja koko päivän",
    "The cat sits at the window and looks at the birds all day",
    "Katten sitter vid fönstret och tittar på fåglarna hela dagen",
    "Kyllä",
    "",
)


def test_lines_that_were_asked_for_at_any_time_are_identified_as_each_alone() -> None:
    passes = Passes("fi", "Latn")
    passes.learn(LINES[:2])
    passes.learn(line for line in LINES[2:] if passes.of(LINES[0]))
    together = [(passes.of(line), round(passes.chance(line), 6)) for line in LINES]
    alone = [(Passes("fi", "Latn").of(line), round(Passes("fi", "Latn").chance(line), 6)) for line in LINES]
    assert together == alone
    assert [right for right, _ in together[:3]] == [True, False, False]
    assert passes.read(LINES[:3]).counts.tolist() == [len(line.split()) for line in LINES[:3]]


@given(st.lists(st.text(st.sampled_from("ab \n\r.,،—字\u2028\ud800"), max_size=40), max_size=6))
def test_texts_are_parted_together_as_each_alone(texts: list[str]) -> None:
    together = content.parts_of_each(texts, "en")
    assert together == [content.parts(text, "en") for text in texts]
    for text, lines in zip(texts, together, strict=True):
        assert [line.raw for line in lines] == [line for line in text.split("\n") if line.strip()]
        assert all(text[line.start :].startswith(line.raw) for line in lines)
        assert all(content.bare(line.raw) == line.bare for line in lines)


@given(st.text(st.sampled_from("ab\n.!…"), max_size=14), st.integers(0, 14))
def test_a_next_sentence_follows_one_that_ends(text: str, start: int) -> None:
    """A mark between two other characters is looked for from the second character on."""
    ends = [at for at in range(start, len(text)) if text[at] in ".!…"]
    naive = any(at > start and text[at - 1] not in ".!…" and text[at:].lstrip(".!…") for at in ends)
    assert bool(pieces._NEXT_SENTENCE.search(text, start + 1)) == naive
