"""Quotations in single marks."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.passes import Passes
from xl_alpacaeval_metric.languages.switches.exemptions import quotations


@pytest.mark.parametrize("marks", ["'{}'", "‘{}’", "‚{}‘", "‹{}›"])
@pytest.mark.parametrize("quoted", ["the early bird catches the worm", "I don't know where they've gone"])
def test_a_quotation_in_single_marks_is_no_switch(marks: str, quoted: str) -> None:
    text = (
        f"Der Satz {marks.format(quoted)} steht schon im ersten Kapitel des Buches. "
        "Damals wussten nur wenige Menschen, was der Verfasser eigentlich damit meinte."
    )
    found = text_fidelity(text, "de")
    assert (found.fidelity, found.switched) == (100, False)


def test_marks_may_stand_beside_korean_letters() -> None:
    text = "이 문장은 '我们应该保护环境并且节约能源'라고 쓰여 있었고 모두가 그 뜻을 오래 생각해 보았습니다."
    assert [text[start:end] for start, end in quotations.find([text], Passes("ko", "Kore"), "ko")[0]] == [
        "'我们应该保护环境并且节约能源'"
    ]


def test_a_switch_inside_a_native_quotation_is_one() -> None:
    text = (
        "Sie sagte: 'Ich war den ganzen Tag zu Hause, because I was waiting for the mail, und habe gelesen.' "
        "Danach ging sie mit dem Hund noch einmal durch den ganzen Park bis an den Fluss."
    )
    assert [text[span.start : span.end] for span in text_fidelity(text, "de").spans] == [
        "because I was waiting for the mail"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "We're sure that it's John's house and the dogs' garden.",
        "'s Ochtends drink ik koffie en 's avonds thee.",
        "Qu'est-ce que c'est ? C'est l'ami d'Henri.",
    ],
)
def test_apostrophes_are_no_marks(text: str) -> None:
    assert quotations.find([text], Passes("de", "Latn"), "de") == [[]]


def test_the_only_quotation_may_be_more_than_half_of_a_text() -> None:
    quoted = "Education is the most powerful weapon which you can use to change the world."
    text = f"Nelsonas Mandela yra sakęs: „{quoted}“ Šie žodžiai tinka ir šiandien."
    found = text_fidelity(text, "lt")
    assert (found.fidelity, found.switched) == (100, False)
    assert (text_fidelity(f"{text} „{quoted}“", "lt").fidelity or 0) < 50
    assert (text_fidelity(f"Jis sakė: „{quoted}“", "lt").fidelity or 0) < 50
