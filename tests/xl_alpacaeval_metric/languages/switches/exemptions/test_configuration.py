"""Configuration that stands in an answer without a fence."""

import pytest

from xl_alpacaeval_metric.languages.fidelity import text_fidelity
from xl_alpacaeval_metric.languages.switches.exemptions import configuration

FILES = {
    "compose": "services:\n  web:\n    image: nginx:latest\n    ports:\n      - '80:80'\n    restart: always",
    "workflow": "on: [push]\njobs:\n  test:\n    steps:\n      - uses: actions/checkout@v4\n"
    "      - name: Install the dependencies\n        run: pip install -r requirements.txt",
    "ini": "[database]\nhost = localhost\nuser = admin\n\n[logging]\nlevel = debug\nfile = app.log",
    "toml": '[project]\nname = "demo"\ndependencies = [\n    "requests",\n    "rich",\n]',
}  # fmt: skip

ANSWERS = {
    "pl": "Zapisz plik w katalogu projektu, a potem uruchom usługę jeszcze raz.",
    "sw": "Hifadhi faili hii ndani ya folda ya mradi, kisha uanzishe huduma upya.",
    "ar": "احفظ هذا الملف في مجلد المشروع ثم أعد تشغيل الخدمة مرة أخرى.",
}

PROSE = [
    "Ingredients:\n- flour: two cups\n- sugar: one cup",
    "You need:\n- a warm jacket\n- good shoes",
    "[Note]\nThe weather was nice today.",
    "question: What is the capital of this country?\nanswer: It is the largest city in the south.",
    "steps:\n  - First you have to find out where all of your friends live and call them.",
]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("language", ANSWERS)
def test_a_right_answer_with_configuration_is_all_in_its_language(language: str, name: str) -> None:
    found = text_fidelity(f"{ANSWERS[language]}\n\n{FILES[name]}\n\n{ANSWERS[language]}", language)
    assert (found.fidelity, found.answered_in, found.switched) == (100, language, False)


@pytest.mark.parametrize("name", FILES)
def test_every_line_is_found(name: str) -> None:
    places = configuration.find(FILES[name])
    assert [FILES[name][start:end] for start, end in places] == [line for line in FILES[name].split("\n") if line]


@pytest.mark.parametrize("text", PROSE)
def test_prose_is_no_configuration(text: str) -> None:
    assert list(configuration.find(text)) == []
