"""Answers as people write them: numbers and times in words, denied, left open, in two parts."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from xl_alpacaeval_metric import correctness
from xl_alpacaeval_metric.correctness import number_words

ANSWERS: dict[str, dict[Any, dict[str, list[str]]]] = yaml.safe_load(
    Path(__file__).with_name("answers.yaml").read_text("utf-8")
)

# Written by num2words 0.5.14.
NUMBERS = {
    "en": {38: "thirty-eight", 116: "one hundred and sixteen", 6441: "six thousand, four hundred and forty-one"},
    "de": {71: "einundsiebzig", 116: "einhundertsechzehn", 6441: "sechstausendvierhunderteinundvierzig"},
    "fr": {71: "soixante et onze", 99: "quatre-vingt-dix-neuf", 6441: "six mille quatre cent quarante et un"},
    "pt": {
        116: "cento e dezasseis",
        7020: "sete mil e vinte",
        930289: "novecentos e trinta mil duzentos e oitenta e nove",
    },
    "pt-BR": {116: "cento e dezesseis", 6441: "seis mil, quatrocentos e quarenta e um"},
    "hu": {38: "harmincnyolc", 116: "száztizenhat", 6441: "hatezer-négyszáznegyvenegy"},
    "lt": {92: "devyniasdešimt du", 6441: "šeši tūkstančiai keturi šimtai keturiasdešimt vienas"},
    "fi": {99: "yhdeksänkymmentäyhdeksän", 6441: "kuusituhatta neljäsataaneljäkymmentäyksi"},
    "tr": {38: "otuzsekiz", 793: "yediyüzdoksanüç", 6441: "altıbindörtyüzkırkbir"},
}


@pytest.mark.parametrize("language", ANSWERS)
def test_answers_are_read_as_people_mean_them(language: str) -> None:
    misread = []
    for fact, answers in ANSWERS[language].items():
        expected = json.dumps([{"time": fact} if isinstance(fact, str) else {"number": fact}])
        for name, right in (("right", True), ("wrong", False)):
            misread += [
                (name, fact, answer)
                for answer in answers.get(name, ())
                if correctness.is_correct(answer, language, expected) is not right
            ]
    assert misread == []


@pytest.mark.parametrize("language", NUMBERS)
def test_numbers_in_words_are_those_of_another_library(language: str) -> None:
    for number, written in NUMBERS[language].items():
        assert number_words.as_digits(written, language) == str(number)


@pytest.mark.parametrize(
    ("text", "language", "read"),
    [
        ("seven and eight", "en", "7 and 8"),
        ("15 thousand", "en", "15 thousand"),
        ("an one-off", "en", "an one-off"),
        ("achtung, dreiviertel", "de", "achtung, dreiviertel"),
        ("un million", "fr", "1000000"),
        ("hatalmas hét", "hu", "hatalmas 7"),
        ("two ten", "en", "2 10"),
        ("a trí déag", "ga", "a 13"),
        ("差一点儿", "zh", "差一点儿"),
        ("bhí sé ann", "ga", "bhí sé ann"),
        ("onun yüzü", "tr", "onun yüzü"),
        ("一共二〇二四年", "zh", "一共2024年"),
        ("一百零五", "zh", "105"),
        ("一百五", "zh", "150"),
        ("三亿五千万", "zh", "350000000"),
        ("一万二千亿", "zh", "1200000000000"),
        ("hármat, hatalmasat", "hu", "3, hatalmasat"),
        ("aštuonioliktos", "lt", "18"),
        ("seachtar", "ga", "7"),
        ("zwei millionen, millionenstadt", "de", "2000000, millionenstadt"),
        ("निन्यानबे", "hi", "99"),
        ("1万", "zh", "1万"),
        ("nineteen", "xx", "nineteen"),
    ],
)
def test_words_that_are_no_numbers_stay(text: str, language: str, read: str) -> None:
    assert number_words.as_digits(text, language) == read


@pytest.mark.parametrize(
    ("expected", "language", "text", "right"),
    [
        ({"forms": {"en": ["paris"]}}, "en", "Not Paris, but Lyon.", False),
        ({"forms": {"en": ["paris"]}}, "en", "It isn't in Paris.", False),
        ({"forms": {"en": ["paris"]}}, "en", "Not only Paris.", True),
        ({"forms": {"de": ["montag"]}}, "de", "Nicht am Montag.", False),
        ({"forms": {"zh": ["巴黎"]}}, "zh", "答案不是巴黎。", False),
        ({"forms": {"tr": ["paris"]}}, "tr", "Paris değil, Lyon.", False),
        ({"number": 35}, "en", "You pay 35 euros by the 20th, not 30.", True),
        ({"number": 35}, "en", "Between 30 and 35 euros.", False),
        ({"number": 70}, "en", "He fished from 11 to 70.", True),
        ({"number": 150}, "en", "He needs 150 kg or 0.15 t.", True),
        ({"number": 35}, "de", "Zahlen Sie 35 Euro bis 20. März.", True),
        ({"number": 22}, "en", "On 2025-10-22.", True),
        ({"number": 652}, "en", "720-68=652", True),
        ({"time": "12:45"}, "en", "Lunch is 12.45–13.45.", True),
        ({"time": "12:45"}, "en", "At 12.45 or 13.15.", False),
        ({"time": "12:00"}, "en", "At noon.", True),
        ({"number": 42}, "xx", "42, not 43", True),
    ],
)
def test_what_is_denied_or_left_open_is_not_named(
    expected: dict[str, object], language: str, text: str, right: bool
) -> None:
    assert correctness.is_correct(text, language, json.dumps([expected])) is right


@pytest.mark.parametrize("piece", ["sixty and a ", "30 or ", "1 ", "kahdenkymmenen", "九", "quarter to ", "1-"])
def test_long_answers_take_no_time_that_grows_with_their_square(piece: str) -> None:
    # Each is slow where a pattern looks back at all that stands before.
    for language in ("en", "fi", "zh"):
        assert not correctness.is_correct(piece * 20_000 + "xxxxxxxxxxx", language, '[{"number": 7.5}]')
