"""Facts in answers: numbers in any digits, times, and words between the bounds of words."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.commands import run_alpacaeval as run
from xl_alpacaeval_metric import benchmark, correctness, score
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.records.judgements import Comparison

ROWS = [row for row in benchmark.load("context").rows if row.expected]


@pytest.mark.parametrize(
    ("fact", "language", "text", "right"),
    [
        ({"number": 39.5}, "de", "Das macht 39,50 Euro.", True),
        ({"number": 39.5}, "en", "It is €39.50.", True),
        ({"number": 39.5}, "de", "Das macht 139,50 Euro.", False),
        ({"number": 39.5}, "de", "Das macht 39 Euro und 5.", False),
        ({"number": 2220}, "hu", "Összesen 2 220 forint.", True),
        ({"number": 2220}, "hu", "Összesen 2220 forintot.", True),
        ({"number": 2220}, "fr", "Soit 2\u202f220 forints.", True),
        ({"number": 2220}, "pt", "São 2.220 florins.", True),
        ({"number": 2220}, "en", "That is 2,220.", True),
        ({"number": 2220}, "en", "That is 22,200.", False),
        ({"number": 150000}, "hi", "कुल 1,50,000 रुपये।", True),
        ({"number": 5665}, "hi", "कुल ५,६६५ रुपये।", True),
        ({"number": 340}, "zh", "一共\uff13\uff14\uff10元。", True),
        ({"number": 340}, "zh", "一共3400元。", False),
        ({"number": 34}, "tr", "Toplam 34’e geliyor.", True),
        ({"number": 34}, "ar", "المجموع ٣٤ يورو.", True),
        ({"number": 22, "forms": {"zh": ["二十二"]}}, "zh", "十月二十二日去。", True),
        ({"number": 22, "forms": {"zh": ["二十二"]}}, "zh", "一百二十二元。", False),
        ({"number": 20, "forms": {"en": ["twenty"]}}, "en", "Twenty pounds each.", True),
        ({"number": 20, "forms": {"en": ["twenty"]}}, "fi", "Twenty pounds each.", False),
        ({"forms": {"en": ["rain"]}}, "en", "By train.", False),
        ({"forms": {"hi": ["कल"]}}, "hi", "वह कल आएगा।", True),
        ({"forms": {"hi": ["कल"]}}, "hi", "कला की बात।", False),
        ({"forms": {"pt": ["segunda-feira"]}}, "pt-BR", "Na segunda-feira.", True),
        ({"time": "13:45"}, "en", "Leave by 1.45 p.m.", True),
        ({"time": "13:45"}, "fi", "klo 13.45", True),
        ({"time": "13:45"}, "fr", "à 13 h 45", True),
        ({"time": "13:45"}, "de", "um 13 Uhr 45", True),
        ({"time": "13:45"}, "zh", "下午1点45分", True),
        ({"time": "12:45"}, "en", "at 2:45", False),
        ({"time": "12:15"}, "lt", "12.150", False),
        ({"number": 7.5}, "de", "Es sind 7½ Stunden.", True),
        ({"number": 7.5}, "en", "It takes 7 1/2 hours.", True),
        ({"number": 71}, "de", "Es sind 7½ Stunden.", False),
        ({"number": 0.75}, "fr", "Il faut ¾ de litre.", True),
        ({"number": 52}, "en", "The area is 5² m.", False),
        ({"number": 15000}, "hu", "Összesen 15 ezer forint.", True),
        ({"number": 15000}, "zh", "一共1.5万元。", True),
        ({"number": 15000}, "pt", "São 15 mil reais.", True),
        ({"number": 15000}, "fi", "Se on 15 tuhatta euroa.", True),
        ({"number": 15000}, "hi", "कुल 15 हज़ार रुपये।", True),
        ({"number": 15000}, "tr", "Toplam 15 bin lira.", True),
        ({"number": 15000}, "en", "That is 15k a year.", True),
        ({"number": 15}, "hu", "Összesen 15 ezer forint.", False),
        ({"number": 15}, "tr", "15 binada var.", True),
        ({"time": "10:10"}, "hu", "10 óra 10 perckor indul.", True),
        ({"time": "12:15"}, "lt", "12 val. 15 min.", True),
        ({"time": "13:45"}, "fr", "à 13 heures 45", True),
        ({"time": "10:10"}, "hi", "10 बजकर 10 मिनट पर", True),
        ({"time": "10:10"}, "pt", "às 10 horas e 10 minutos", True),
        ({"time": "10:05"}, "hu", "10 óra 5 perckor", True),
        ({"time": "13:45"}, "en", "Leave by 1:45 a.m.", False),
        ({"time": "13:45"}, "en", "Leave by 1:45 AM.", False),
        ({"time": "13:45"}, "en", "Leave by 1:45 pm.", True),
        ({"time": "13:45"}, "en", "Leave by 1:45, amid the crowd.", True),
        ({"time": "10:10"}, "en", "Leave by 10:10 p.m.", False),
        ({"time": "12:45"}, "en", "At 12:45 a.m.", False),
        ({"time": "12:45"}, "en", "At 12:45 p.m.", True),
        ({"time": "12:45"}, "de", "Um 12:45 am Bahnhof.", True),
        ({"time": "10:10"}, "pt", "Às 10:10 este autocarro sai.", True),
        ({"time": "10:10"}, "hu", "Este 10.10-kor.", False),
        ({"time": "10:10"}, "hu", "Délelőtt 10.10-kor.", True),
        ({"time": "12:15"}, "zh", "上午12点15分", True),
        ({"time": "13:45"}, "zh", "凌晨1点45分", False),
        ({"time": "13:45"}, "fr", "à 1 h 45 du matin", False),
        ({"time": "13:45"}, "hu", "délután 1.45-kor", True),
        ({"time": "13:45"}, "hi", "दोपहर 1 बजकर 45 मिनट", True),
    ],
)
def test_a_fact_is_found_as_it_is_written(fact: dict[str, object], language: str, text: str, right: bool) -> None:
    assert correctness.is_correct(text, language, json.dumps([fact])) is right


def test_nothing_expected_is_no_figure() -> None:
    assert correctness.is_correct("What you like.", "en", "") is None
    assert correctness.rate([None, None], ["de", "fi"]) is None
    # The mean of the languages: one half of 100 and 50.
    assert correctness.rate([True, None, True, False], ["de", "de", "fi", "fi"]) == 75.0


@pytest.mark.parametrize("expected", ["{", "[]", '[{"number": "many"}]', "[{}]", '[{"time": "noon"}]', '["12"]'])
def test_what_is_no_list_of_facts_is_one_line(expected: str) -> None:
    with pytest.raises(UserError, match="no list of facts") as error:
        correctness.facts(expected)
    assert "\n" not in str(error.value)


def test_every_reference_is_correct_and_copying_the_question_is_not() -> None:
    assert len({row.id.rsplit("-", 1)[0] for row in ROWS}) >= 24
    for row in ROWS:
        answer = str(row.reference)
        assert correctness.is_correct(answer, row.response_language, row.expected), (row.id, answer)
        for text in (str(row.context), row.instruction):
            assert not correctness.is_correct(text, row.response_language, row.expected), (row.id, "copied")
            # Every fact is the answer's own: none stands in the question.
            for fact in json.loads(row.expected):
                assert not correctness.is_correct(text, row.response_language, json.dumps([fact])), (row.id, fact)


def test_the_rate_is_in_the_figures_by_language_and_design() -> None:
    items = [
        Comparison(
            row.id,
            row.response_language,
            row.instruction,
            str(row.reference) if row.subset != "response" else "Das weiß ich leider nicht, tut mir leid.",
            str(row.reference),
            prompt=row.id.rsplit("-", 1)[0],
            design=row.subset,
            expected=row.expected,
        )
        for row in ROWS
    ]
    found = score(items)
    assert found.by_design["same"].correct_rate == 100.0
    assert found.by_design["response"].correct_rate == 0.0
    assert found.overall.n_checkable == len(ROWS)
    assert found.effects["response"]["correct_rate"].difference == -100.0
    assert [row["correct"] for row in found.items[:3]] == [True, True, True]
    open_question = score([Comparison("1", "de", "Frage", "Antwort", "Antwort")])
    assert open_question.overall.correct_rate is None
    assert "correct" not in open_question.items[0]


def test_the_command_says_how_many_are_correct(tmp_path: Path) -> None:
    rows = [
        {**asdict(row), "language": row.response_language, "prediction": row.reference}
        for row in ROWS
        if row.response_language in ("fi", "zh") and row.subset == "same"
    ]
    rows[0]["prediction"] = "En tiedä."
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    judged = run("judge", tmp_path / "answers.jsonl", "--judge", "none", "--output", tmp_path / "run")
    assert judged.returncode == 0, judged.stderr
    assert f" of {len(rows)} answers to closed questions, by the facts expected (" in judged.stdout
    found = json.loads((tmp_path / "run" / "results.json").read_text())
    assert found["n_checkable"] == len(rows)
    assert found["by_language"][rows[-1]["language"]]["correct_rate"] == 100.0
    assert found["by_language"][rows[0]["language"]]["correct_rate"] < 100.0
    items = [json.loads(line) for line in (tmp_path / "run" / "items.jsonl").read_text().splitlines()]
    assert [item["correct"] for item in items] == [False, *[True] * (len(rows) - 1)]
