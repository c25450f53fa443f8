"""Control pairs of the bundled references and of others."""

import pytest

from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.judge_check.pairs import KINDS, WORSE, ControlText, ControlTexts, controls_hash
from xl_alpacaeval_metric.judge_check.references import bundled

TEXTS = ControlTexts(bundled(benchmark.MINI_LANGUAGES))


@pytest.mark.parametrize("code", benchmark.MINI_LANGUAGES)
def test_every_bundled_language_has_every_kind_on_every_prompt(code: str) -> None:
    pairs = TEXTS.pairs(code, KINDS, 16)
    expected = {kind: 16 for kind in KINDS if not (code == "en" and kind == "half_english")}
    assert {kind: sum(pair.kind == kind for pair in pairs) for kind in expected} == expected
    assert all((pair.wrong == pair.right) == (pair.kind == "same") for pair in pairs)


@pytest.mark.parametrize("code", benchmark.MINI_LANGUAGES)
def test_length_gives_nothing_away_but_where_it_is_the_point(code: str) -> None:
    for pair in TEXTS.pairs(code, WORSE[:5], 16):
        ratio = len(pair.wrong) / len(pair.right)
        assert ratio < 0.5 if pair.kind == "cut" else 0.35 < ratio < 1.25, pair.kind


def test_every_second_answer_in_another_language_is_in_english() -> None:
    english = {text.text for text in bundled(["en"])}
    pairs = TEXTS.pairs("fi", ("other_language",), 16)
    assert sum(any(text.startswith(pair.wrong[:60]) for text in english) for pair in pairs) >= 8
    assert len({pair.wrong[:20] for pair in pairs}) == 16


def test_one_prompt_is_the_same_in_every_language() -> None:
    assert TEXTS.prompts("ga")[:10] == TEXTS.prompts("zh")[:10]
    assert TEXTS.prompts("ga", seed=1) != TEXTS.prompts("ga")


def test_the_hash_is_of_the_pairs_in_any_order() -> None:
    pairs = TEXTS.pairs("fi", KINDS, 4)
    assert controls_hash(pairs) == controls_hash(pairs[::-1])
    assert controls_hash(pairs) != controls_hash(pairs[1:])
    assert controls_hash(pairs) == controls_hash(TEXTS.pairs("fi", KINDS, 4))


def test_a_language_alone_lacks_the_kinds_that_need_another() -> None:
    texts = [
        ControlText(f"p{n}", "sw", f"Ask {n}.", f"Jibu la {n} ni refu kidogo. Lina sentensi mbili au tatu.")
        for n in range(5)
    ]
    pairs = ControlTexts(texts).pairs("sw", KINDS, 5)
    assert {pair.kind for pair in pairs} == set(KINDS) - {"other_language", "half_english", "shuffled"}


def test_texts_too_short_to_be_made_worse_are_left_out() -> None:
    texts = ControlTexts([ControlText("a", "de", "Say yes.", "Ja."), ControlText("b", "zh", "Say yes.", "是的。")])
    assert texts.prompts("de") == texts.prompts("zh") == []
