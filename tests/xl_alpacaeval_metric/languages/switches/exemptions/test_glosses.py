"""English terms that a text in another language explains."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.switches.exemptions import glosses

TERMS = {
    "de": "Solche Modelle werden durch Lernen aus Rückmeldungen (reinforcement learning from human feedback, RLHF) angepasst.",
    "fi": "Mallit viimeistellään palautteen avulla (engl. reinforcement learning from human feedback).",
    "es": "Primero se buscan textos parecidos (retrieval-augmented text generation) y luego se redacta la respuesta.",
    "fr": "Le fear of missing out (FOMO) touche surtout les jeunes qui passent leurs soirées sur les réseaux sociaux.",
    "nl": "WYSIWYG staat voor what you see is what you get en betekent dat je meteen het resultaat ziet.",
    "ru": "Модель дообучают по оценкам людей (reinforcement learning from human feedback, RLHF), и это дорого.",
    "ar": "يتم ضبط النماذج بالتعلم المعزز من ملاحظات البشر (reinforcement learning from human feedback, RLHF) قبل نشرها.",
    "hi": "मॉडल को लोगों की राय से सुधारा जाता है (reinforcement learning from human feedback, RLHF), जो महँगा है।",
    "zh": "动态内核模块支持 dynamic kernel module support (DKMS) 可以单独升级内核模块。",
    "ja": "人の評価を使う強化学習（reinforcement learning from human feedback、RLHF）で調整されます。",
    "ko": "사람의 평가를 이용한 강화 학습(reinforcement learning from human feedback, RLHF)은 널리 쓰이는 방법입니다.",
    "vi": "Mô hình được tinh chỉnh bằng phản hồi của con người (reinforcement learning from human feedback, RLHF).",
}

REMARKS = {
    "de": "Der Bericht war gut (this part is unfortunately written in English) und hat allen sehr geholfen.",
    "hu": "A csomagot törölheti, mert the program will install or remove packages, ha szükség van rá.",
    "sv": "Filen finns kvar, since this command removes all obsolete files, men bara på den gamla disken.",
    "es": "La respuesta es correcta (but I am not sure about the second part) y bastante útil para empezar.",
    "nl": "Het park (a great place for a walk with kids) is de hele zomer open en de toegang is gratis.",
    "fi": "Vastaus on mielestäni oikea (and this part is written in English) ja siitä on paljon hyötyä.",
    "zh": "这个回答还是不错的（this part is unfortunately written in English），不过最好再检查一遍数据。",
}


@pytest.mark.parametrize("code", TERMS)
def test_explained_term_is_no_switch(code: str) -> None:
    found = text_fidelity(TERMS[code], code)
    assert (found.fidelity, found.answered_in, found.switched) == (100, code, False)


@pytest.mark.parametrize("code", REMARKS)
def test_remark_in_parentheses_is_a_switch(code: str) -> None:
    found = text_fidelity(REMARKS[code], code)
    assert [span.language for span in found.spans] == ["en"]
    assert found.switched


def test_text_that_is_mostly_a_term_is_looked_at() -> None:
    assert text_fidelity("Eli: reinforcement learning from human feedback (RLHF).", "fi").fidelity != 100


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("the RLHF (reinforcement learning from human feedback) step", ["reinforcement learning from human feedback"]),
        ("une Organisation du traité de l'Atlantique nord (OTAN)", []),  # Not English.
        ("large language model (LLM)", []),  # Too short for a span.
        ("rank of human feedback and more (RHM)", []),  # A long word that the acronym leaves out.
        ("low rank, adaptation of models (LRAM)", []),  # Parted by a comma.
        ("ALL THE WORDS OF THIS LINE ARE CAPITALS AND NONE OF THEM STANDS FOR OTHER ONES", []),
        (f"RLHF {'word ' * 1000}reinforcement learning from human feedback", []),  # Too long a line.
        ("one (first of the many) and two (second of the many)", ["first of the many", "second of the many"]),
    ],
)
def test_terms_are_found_where_they_stand(text: str, terms: list[str]) -> None:
    assert [text[start:end] for start, end in glosses.find(text)] == terms
