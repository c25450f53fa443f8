"""Responses that decline, and remarks on a translation, in the language of the response."""

import pytest

from tests.xl_instruct_dataset.quality.texts import REFUSALS, REMARKS
from tests.xl_instruct_dataset.quality.wordings import NOTES, PLAIN_REFUSALS, RESEMBLING
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


@pytest.mark.parametrize("code", PLAIN_REFUSALS)
def test_a_refusal_without_an_apology_is_dropped_as_one(code: str) -> None:
    drops = [(text, filters.leaked(text, code)) for text in PLAIN_REFUSALS[code]]
    assert [text for text, drop in drops if drop is None or drop.reason != "refusal"] == []


@pytest.mark.parametrize("code", NOTES)
def test_a_note_after_the_text_is_dropped(code: str) -> None:
    texts = [f"1, 2, 3.{between}{note}" for note in NOTES[code] for between in ("\n\n", " ")]
    assert [text for text in texts if filters.leaked(text, code) is None] == []


@pytest.mark.parametrize("code", RESEMBLING)
def test_what_only_resembles_a_refusal_or_a_note_is_kept(code: str) -> None:
    assert [text for text in RESEMBLING[code] if filters.leaked(text, code) is not None] == []


def test_no_bundled_response_is_dropped() -> None:
    texts = [(row.response, code) for code in LANGUAGES for row in sample.rows(code)]
    texts += [(str(row.reference), row.response_language) for row in benchmark.load("context").rows]
    for code in benchmark.MINI_LANGUAGES:
        texts += [(str(row.reference), code) for row in benchmark.load("mini", [code]).rows]
    assert len(texts) > 500
    assert [(code, text[:60]) for text, code in texts if filters.leaked(text, code)] == []
