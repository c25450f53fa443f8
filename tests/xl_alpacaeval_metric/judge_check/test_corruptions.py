"""Corruptions in scripts with and without spaces, with and without letter case."""

from collections import Counter

import pytest

from xl_alpacaeval_metric.judge_check import corruptions

TEXTS = {
    "fi": "Kissa nukkuu ikkunalla. Aurinko lämmittää sen turkkia. Illalla se lähtee ulos! Tuleeko se aamulla takaisin?",
    "hi": "बिल्ली खिड़की पर सोती है। धूप उसके बालों को गरम करती है। शाम को वह बाहर जाती है। सुबह वह लौट आती है।",
    "zh": "猫在窗台上睡觉。阳光晒着它的毛。晚上它出门去了。早上它会回来吗？",
    "ar": "تنام القطة على النافذة. تدفئ الشمس فراءها. في المساء تخرج إلى الحديقة. هل تعود في الصباح؟",
    "ko": "고양이가 창가에서 잠을 잔다. 햇볕이 고양이의 털을 데운다. 저녁에는 밖으로 나간다. 아침에 돌아올까?",
    "th": "แมวนอนหลับอยู่ที่หน้าต่าง\nแสงแดดทำให้ขนของมันอุ่น\nตอนเย็นมันออกไปข้างนอก\nตอนเช้ามันจะกลับมา",
}
ENGLISH = "The cat sleeps on the sill. The sun warms its fur. In the evening it goes out. Will it come back?"


@pytest.fixture(params=TEXTS)
def text(request: pytest.FixtureRequest) -> str:
    return TEXTS[request.param]


def test_sentences_are_found_in_every_script(text: str) -> None:
    assert len(corruptions.sentences(text)) == 4


def test_what_is_cut_breaks_off_inside_a_sentence(text: str) -> None:
    found = corruptions.cut(text)
    assert text.startswith(found)
    assert 0.15 < len(found) / len(text) < 0.4
    assert corruptions.sentences(found)[-1] not in corruptions.sentences(text)


def test_a_loop_says_one_thing_three_times_or_more_and_is_as_long(text: str) -> None:
    found = corruptions.loop(text)
    assert 0.9 * len(text) <= len(found) <= len(text)
    beginning = found[: len(text) // 5]
    assert found.count(beginning) >= 3


def test_garbled_text_keeps_its_length_and_breaks_most_words(text: str) -> None:
    found = corruptions.garbled(text)
    assert abs(len(found) - len(text)) <= 0.1 * len(text)
    ours, theirs = Counter(text.split()), Counter(found.split())
    assert sum((ours & theirs).values()) <= 0.45 * sum(ours.values())


def test_garbled_chinese_has_the_same_characters_in_another_order() -> None:
    found = corruptions.garbled(TEXTS["zh"])
    assert Counter(found) == Counter(TEXTS["zh"])
    assert found != TEXTS["zh"]


def test_no_mark_is_parted_from_its_letter() -> None:
    found = corruptions.garbled(TEXTS["hi"])
    assert Counter(found) == Counter(found.strip("\u0940\u0947\u0902"))
    assert not any(word[0] in "\u0940\u0947\u0902\u094d" for word in found.split())


def test_every_second_sentence_is_of_the_other_text(text: str) -> None:
    found = corruptions.half_in(text, ENGLISH)
    assert [sentence in found for sentence in corruptions.sentences(text)] == [True, False, True, False]
    assert "The sun warms its fur." in found


def test_shuffled_sentences_are_the_same_in_another_order(text: str) -> None:
    found = corruptions.shuffled(text, seed=1)
    assert sorted(corruptions.sentences(found)) == sorted(corruptions.sentences(text))
    assert found != text


@pytest.mark.parametrize("number", range(4))
def test_padding_adds_nothing_but_the_text_itself(text: str, number: int) -> None:
    found = corruptions.padded(text, number)
    assert found.startswith(text)
    assert 1.4 < len(found) / len(text) < 2.5
    added = found[len(text) :].replace("- ", "").strip()
    assert set(corruptions.sentences(added)) <= set(corruptions.sentences(text))


def test_what_is_trimmed_ends_with_a_sentence() -> None:
    assert corruptions.trimmed(ENGLISH, 50) == "The cat sleeps on the sill. The sun warms its fur."
    assert corruptions.trimmed(ENGLISH, 1) == "The cat sleeps on the sill."
