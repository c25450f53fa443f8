"""Rates that the Language Confusion Benchmark publishes, from counts of answers by language.

The answers themselves are not in this repository. Texts that stand for them, some that pass by line
and by word and some that do not, are put together in the numbers of the real ones.
"""

import pytest

from tests.golden.tables import Confusion, PassCounts, language_confusion
from xl_alpacaeval_metric.languages.fidelity import language_fidelity

ENGLISH = "The sun is out today and the children play in the garden."
TOO_SHORT = "1 2"
NATIVE = {
    "ar": "الشمس مشرقة اليوم والأطفال يلعبون في الحديقة بفرح كبير.",
    "de": "Heute scheint die Sonne und die Kinder spielen im Garten.",
    "es": "Hoy brilla el sol y los niños juegan contentos en el jardín.",
    "fr": "Le soleil brille aujourd'hui et les enfants jouent dans le jardin.",
    "hi": "आज धूप निकली है और बच्चे बगीचे में खेल रहे हैं।",
    "id": "Hari ini matahari bersinar cerah dan anak-anak bermain di kebun.",
    "it": "Oggi splende il sole e i bambini giocano felici in giardino.",
    "ja": "今日は天気がよくて、子どもたちが庭で遊んでいます。",
    "ko": "오늘은 햇살이 좋아서 아이들이 마당에서 즐겁게 놀고 있습니다.",
    "pt": "Hoje o sol brilha e as crianças brincam felizes no jardim.",
    "ru": "Сегодня светит солнце, и дети весело играют в саду.",
    "tr": "Bugün güneş parlıyor ve çocuklar bahçede neşeyle oynuyor.",
    "vi": "Hôm nay trời nắng đẹp và bọn trẻ đang chơi đùa ngoài vườn.",
    "zh": "今天阳光很好，孩子们在花园里玩。",
}


def texts_like(counts: PassCounts) -> list[str]:
    """Texts in the numbers of `counts`: unscored, failing by line, failing by word, passing."""
    native = NATIVE[counts.language]
    word_fails = counts.word_scored - counts.word_passes
    return [
        *[TOO_SHORT] * (counts.texts - counts.scored),
        *[ENGLISH] * (counts.scored - counts.line_passes),
        *[f"{native} children"] * word_fails,
        *[native] * (counts.line_passes - word_fails),
    ]


@pytest.mark.parametrize("model", language_confusion(), ids=lambda confusion: confusion.model)
def test_overall_rates_are_the_published_ones(model: Confusion) -> None:
    assert len(model.counts) == 14
    texts = [text for counts in model.counts for text in texts_like(counts)]
    languages = [counts.language for counts in model.counts for _ in range(counts.texts)]
    found = language_fidelity(texts, languages)
    for counts in model.counts:
        of_language = found.by_language[counts.language]
        assert of_language.n_scored == counts.scored
        assert of_language.line_pass_rate == pytest.approx(100 * counts.line_passes / counts.scored)
    assert found.line_pass_rate == pytest.approx(model.line_pass_rate, abs=1.0)
    assert found.word_pass_rate == pytest.approx(model.word_pass_rate, abs=1.0)
