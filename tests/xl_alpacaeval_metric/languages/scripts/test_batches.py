"""Texts a few at a time."""

from itertools import chain, pairwise

from hypothesis import given
from hypothesis import strategies as st

from xl_alpacaeval_metric.languages.scripts import batches


@given(st.lists(st.text("x", max_size=9), max_size=20), st.integers(1, 12), st.integers(1, 5))
def test_every_text_is_in_one_batch_that_is_not_too_large(texts: list[str], characters: int, most: int) -> None:
    found = [texts[some] for some in batches.of(texts, characters, most)]
    assert found
    assert list(chain.from_iterable(found)) == texts
    assert all(len(some) <= most for some in found)
    assert all(len("".join(some)) <= characters for some in found if len(some) > 1)
    # No batch has room for the first text of the next.
    for some, after in pairwise(found):
        assert len(some) == most or len("".join((*some, after[0]))) > characters


def test_no_texts_are_one_batch() -> None:
    assert [[][some] for some in batches.of([])] == [[]]
