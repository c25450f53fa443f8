"""The bundled sample: 24 rows in 11 languages, each in its language, of its length, unique."""

import itertools
import json
import re

import pytest

from tests.helpers import SHARED
from xl_alpacaeval_metric import benchmark, languages
from xl_alpacaeval_metric.benchmark.contamination import Index, Text, search, texts
from xl_alpacaeval_metric.benchmark.phrasing import ask_in
from xl_alpacaeval_metric.languages import identify
from xl_alpacaeval_metric.languages.fidelity import line_passes
from xl_alpacaeval_metric.languages.words import tokens
from xl_instruct_dataset.records import CRITERIA, LANGUAGES, TrainingRow
from xl_instruct_dataset.sources import sample

ROWS = {code: list(sample.rows(code)) for code in LANGUAGES}
MOST_IN_COMMON = 0.3
"""Jaccard similarity of runs of five words, from which on two texts say the same."""


def runs(text: str) -> set[tuple[str, ...]]:
    found = tokens(text)
    return {tuple(found[start : start + 5]) for start in range(len(found) - 4)}


def closest(given: list[str]) -> float:
    return max(len(a & b) / len(a | b) for a, b in itertools.combinations([runs(text) for text in given], 2))


@pytest.mark.parametrize("code", LANGUAGES)
def test_there_are_24_rows_with_ids_of_their_own(code: str) -> None:
    assert [row.id for row in ROWS[code]] == [f"sample-{number:02d}-{code}" for number in range(1, 25)]
    for row in ROWS[code]:
        assert (row.instruction_language, row.response_language) == ("en", code)
        assert row.provenance.dataset == "xl-suite sample"
        assert row.provenance.seed_source == "passage written for xl-suite"


@pytest.mark.parametrize("code", LANGUAGES)
def test_responses_are_in_their_language(code: str) -> None:
    assert all(identify.matches([row.response for row in ROWS[code]], code))
    passed = [line for row in ROWS[code] for line in line_passes(row.response, code)]
    assert len(passed) >= 24
    assert sum(passed) >= 0.97 * len(passed)


@pytest.mark.parametrize("code", LANGUAGES)
def test_responses_have_the_length_of_an_answer(code: str) -> None:
    lengths = {row.id: len(row.response if code == "zh" else row.response.split()) for row in ROWS[code]}
    low, high = (150, 330) if code == "zh" else (80, 200)
    assert {name: length for name, length in lengths.items() if not low <= length <= high} == {}


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_two_responses_say_the_same(code: str) -> None:
    assert closest([row.response for row in ROWS[code]]) < MOST_IN_COMMON


def test_no_two_passages_say_the_same() -> None:
    passages = [seed["passage"] for seed in sample.seeds()]
    assert closest(passages) < MOST_IN_COMMON
    assert len({seed["instruction"] for seed in sample.seeds()}) == 24


def test_an_english_response_is_not_its_passage() -> None:
    for row, seed in zip(ROWS["en"], sample.seeds(), strict=True):
        response, passage = runs(row.response), runs(seed["passage"])
        assert len(response & passage) / len(response) < MOST_IN_COMMON, row.id


@pytest.mark.parametrize("code", ["zh", "hi"])
def test_responses_in_other_scripts_have_no_latin_letters(code: str) -> None:
    for row in ROWS[code]:
        assert re.findall("[A-Za-z]+", row.response) == [], row.id


@pytest.mark.parametrize("code", LANGUAGES)
def test_texts_have_ordinary_spaces_and_no_leftovers(code: str) -> None:
    for row in ROWS[code]:
        for text in (row.instruction, row.response):
            assert not re.search("[\u00a0\u2007\u200b-\u200f\u2028\u2029\u202f\ufeff\ufffd\t\r]", text), row.id
            assert text == text.strip()
            assert not re.search("\n{3,}|[^\n] {2,}| \n", text), row.id


def test_rows_differ_between_languages_in_the_name_alone() -> None:
    for number, seed in enumerate(sample.seeds()):
        asked = {code: ROWS[code][number].instruction for code in LANGUAGES if code != "en"}
        assert ROWS["en"][number].instruction == seed["instruction"]
        for code, instruction in asked.items():
            name = languages.get(code).name
            assert 1 <= instruction.count(name) <= 2, seed["id"]
            assert instruction.replace(name, "X") == asked["fi"].replace("Finnish", "X")
            assert seed["instruction"] in instruction
    # Several phrasings, some before the request and some after it.
    ways = {
        ROWS["fi"][number].instruction.replace(seed["instruction"], "") for number, seed in enumerate(sample.seeds())
    }
    assert len(ways) >= 5
    assert {way.startswith("\n") for way in ways} == {True, False}


def rows_as_dicts() -> list[tuple[str, dict[str, object]]]:
    seeds = [(seed["id"], {"instruction": seed["instruction"], "text": seed["passage"]}) for seed in sample.seeds()]
    return [*seeds, *((row.id, row.as_dict()) for rows in ROWS.values() for row in rows)]


@pytest.mark.parametrize("name", ["mini", "context"])
def test_nothing_is_in_a_bundled_benchmark(name: str) -> None:
    index = Index(texts(benchmark.load(name)))
    assert len(index)
    assert [found for found in search(index, rows_as_dicts()) if found] == []


def test_nothing_is_in_alpacaeval() -> None:
    file = SHARED / "alpaca_eval" / "instructions.jsonl"
    if not file.is_file():
        pytest.skip("AlpacaEval's instructions are not beside the checkout")
    asked = [json.loads(line)["instruction"] for line in file.read_text("utf-8").splitlines()]
    assert len(asked) == 805
    index = Index(Text("alpaca_eval", str(number), "en", "request", text) for number, text in enumerate(asked))
    assert [found for found in search(index, rows_as_dicts()) if found] == []


def test_the_index_would_find_a_row_that_is_in_a_benchmark() -> None:
    request = benchmark.load("mini").rows[0].request
    assert request
    row = ("row", {"instruction": ask_in(request, "fi", item="1"), "response": "x"})
    assert [found for found in search(Index(texts(benchmark.load("mini"))), [row]) if found]


def test_a_row_becomes_the_columns_of_the_files() -> None:
    row = ROWS["fi"][0].as_dict()
    assert list(row) == [
        *("id", "instruction", "response", "instruction_language", "response_language"),
        *("messages", "scores", "selection", "provenance", "passage", "source_response"),
    ]
    assert row["passage"] == sample.seeds()[0]["passage"]
    assert row["source_response"] == ROWS["en"][0].response
    assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"]
    assert row["messages"][1]["content"] == row["response"]
    assert row["scores"] is None
    assert {"stage": "answer", "value": "written for xl-suite"} in row["provenance"]["models"]
    scored = TrainingRow(
        **{**{name: getattr(ROWS["fi"][0], name) for name in TrainingRow.__slots__}, "scores": {"precision": 4.0}}
    )
    assert scored.as_dict()["scores"] == {**dict.fromkeys(CRITERIA), "precision": 4.0}


def test_other_languages_are_not_there() -> None:
    with pytest.raises(ValueError, match="sw"):
        next(sample.rows("sw"))
