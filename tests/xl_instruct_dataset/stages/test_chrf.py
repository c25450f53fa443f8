"""Agreement among translations equals sacrebleu's chrF."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu import sentence_chrf

from xl_instruct_dataset.stages import chrf

GOOD = "Kissa nukkuu suurimman osan päivästä."
CANDIDATES = [
    GOOD,
    "Kissa nukkuu suurimman osan päivää.",
    "The cat sleeps.",
    "Kissat nukkuvat suurimman osan päivästä.",
]


def test_agreement_is_the_mean_chrf_with_the_others() -> None:
    scores = chrf.agreement(CANDIDATES)
    for index, score in enumerate(scores):
        others = [other for place, other in enumerate(CANDIDATES) if place != index]
        assert score == pytest.approx(sum(sentence_chrf(CANDIDATES[index], [other]).score for other in others) / 3)
    assert scores.index(min(scores)) == 2
    assert all(0 <= score <= 100 for score in scores)


@given(st.lists(st.text(alphabet="aäb \n猫.", max_size=12), min_size=2, max_size=4))
def test_agreement_is_what_sacrebleu_says_pair_by_pair(candidates: list[str]) -> None:
    for index, score in enumerate(chrf.agreement(candidates)):
        others = [other for place, other in enumerate(candidates) if place != index]
        pairs = [100.0 if candidates[index] == o else sentence_chrf(candidates[index], [o]).score for o in others]
        assert score == pytest.approx(sum(pairs) / len(pairs))


def test_one_candidate_none_and_equal_ones() -> None:
    assert chrf.agreement([GOOD]) == [100.0]
    assert chrf.agreement([]) == []
    assert chrf.agreement([GOOD, GOOD]) == [100.0, 100.0]
    assert chrf.agreement(["", GOOD, GOOD]) == [0.0, 50.0, 50.0]
