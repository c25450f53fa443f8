"""Responses that decline, and remarks on a translation, in the language of the response."""

import pytest

from tests.xl_instruct_dataset.quality.texts import REFUSALS, REMARKS
from xl_alpacaeval_metric import benchmark
from xl_instruct_dataset.quality import filters
from xl_instruct_dataset.records import LANGUAGES
from xl_instruct_dataset.sources import sample

DECLINED_BY_THE_WRITER = {
    "en": "I'm sorry, but I can't come to your party on Saturday. I have promised to visit my sister.",
    "de": "Leider kann ich am Samstag nicht zur Feier kommen, weil ich arbeiten muss.",
    "fi": "Valitettavasti en voi tulla juhliin lauantaina, sillä olen silloin töissä.",
    "fr": "Désolé, je ne peux pas venir samedi, je garde les enfants de ma sœur.",
    "pt": "Infelizmente, não posso ir à festa no sábado, porque trabalho até tarde.",
    "hu": "Sajnos szombaton nem tudok elmenni a buliba, mert dolgozom.",
    "zh": "很抱歉，周六的聚会我不能参加了，那天我要加班。",
    "tr": "Maalesef cumartesi günü gelemeyeceğim, çünkü o gün çalışıyorum.",
    "hi": "मुझे खेद है कि मैं शनिवार को दावत में नहीं आ सकूँगा।",
}


@pytest.mark.parametrize(("code", "text"), [(code, text) for code, texts in REFUSALS.items() for text in texts])
def test_a_refusal_is_dropped_as_one(code: str, text: str) -> None:
    drop = filters.leaked(text, code)
    assert drop is not None
    assert drop.reason == "refusal"


@pytest.mark.parametrize("code", DECLINED_BY_THE_WRITER)
def test_a_letter_that_declines_an_invitation_is_kept(code: str) -> None:
    assert filters.leaked(DECLINED_BY_THE_WRITER[code], code) is None


@pytest.mark.parametrize("code", REMARKS)
def test_a_remark_on_the_translation_is_dropped(code: str) -> None:
    drop = filters.leaked(REMARKS[code], code)
    assert drop is not None
    assert drop.reason == "leaked"


def test_no_bundled_response_is_dropped() -> None:
    texts = [(row.response, code) for code in LANGUAGES for row in sample.rows(code)]
    texts += [(str(row.reference), row.response_language) for row in benchmark.load("context").rows]
    for code in benchmark.MINI_LANGUAGES:
        texts += [(str(row.reference), code) for row in benchmark.load("mini", [code]).rows]
    assert len(texts) > 500
    assert [(code, text[:60]) for text, code in texts if filters.leaked(text, code)] == []
