"""Phrases that tell Bosnian, Croatian and Serbian apart."""

import pytest

from xl_alpacaeval_metric.languages.own_model import VARIETIES, classifier, variety_phrases


@pytest.mark.parametrize(
    ("text", "for_language", "against"),
    [
        ("mogu da radim", "sr-Latn", "hr"),
        ("neću da idem", "sr-Latn", "hr"),
        ("mogao bi da dođe", "sr-Latn", "hr"),
        ("radit ću", "hr", "sr-Latn"),
        ("bit ćemo", "bs", "sr-Latn"),
        ("bit će", "hr", "sr-Latn"),
        ("s prijateljem", "hr", "sr-Latn"),
        ("sa prijateljem", "sr-Latn", "hr"),
    ],
)
def test_phrases_weigh_in(text: str, for_language: str, against: str) -> None:
    odds = dict(zip(VARIETIES, variety_phrases.log_odds(classifier.load().read([text]))[0].tolist(), strict=True))
    assert odds[for_language] > odds[against]


@pytest.mark.parametrize("text", ["mora da je umoran", "sa sestrom", "sa mnom", "radi ću", "svijet će", "opet ću", ""])
def test_phrases_of_all_three_do_not(text: str) -> None:
    assert not variety_phrases.log_odds(classifier.load().read([text])).any()


def test_phrases_end_with_their_text() -> None:
    assert not variety_phrases.log_odds(classifier.load().read(["mogu", "da radim", "radit", "ću"])).any()
