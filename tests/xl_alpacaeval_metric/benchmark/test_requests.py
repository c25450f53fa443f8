"""Every prompt reads as a person would write it: all rows of all benchmarks, in all languages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import SHARED
from xl_alpacaeval_metric import benchmark, languages
from xl_alpacaeval_metric.benchmark import Row
from xl_alpacaeval_metric.benchmark.context import FENCE
from xl_alpacaeval_metric.benchmark.phrasing import ask_in

SEEDS = range(20)
MORE_LANGUAGES = ("sw", "ja", "th", "pt-BR", "zh-Hant", "sr-Latn", "en-GB")
DOUBLED = re.compile(r"[,;:!?。，！？]{2}|(?<!\.)\.\.(?!\.)|[.!?] [.,;:!?]| {2}|\s[,.](?!\d)")
JOINED = re.compile(r"[a-zäöü][.!?][A-ZÄÖÜ][a-zäöü]")
SPACE_IN_HAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff。，！？] +[\u3040-\u30ff\u4e00-\u9fff]")


def rows_written_here() -> Iterator[Row]:
    yield from benchmark.load("context").rows
    for seed in SEEDS:
        yield from benchmark.load("mini", benchmark.MINI_LANGUAGES, seed=seed).rows


def faults(row: Row) -> Iterator[str]:
    """What in a row's prompt no person would write."""
    text = row.instruction
    yield from (f"{match[0]!r}" for pattern in (DOUBLED, JOINED) for match in pattern.finditer(text))
    if SPACE_IN_HAN.search(text):
        yield "a space between Chinese characters"
    name = languages.get(row.response_language).name
    if re.search(rf"\b{name}, not in {name}\b", text):
        yield "a language that is not itself"
    if row.request is not None and row.request not in text:
        yield "another request"


def test_rows_written_here_have_no_fault() -> None:
    found = {(row.id, row.response_language, fault) for row in rows_written_here() for fault in faults(row)}
    assert found == set()


def test_a_fault_is_found() -> None:
    def row(text: str) -> Row:
        return Row("1", text, None, "en", "en")

    for text in (
        "Why??Now",
        "Tell me..",
        "Sit down.Then go.",
        "什么时候？ 请用中文回答。",
        "in English, not in English",
    ):
        assert list(faults(row(text))), text


@pytest.mark.parametrize("code", ["fi", *MORE_LANGUAGES])
def test_a_request_that_ends_in_a_colon_is_not_cut_from_what_follows_it(code: str) -> None:
    for seed in SEEDS:
        text = ask_in("Write the next line of this poem:", code, item="x", seed=seed)
        assert text.endswith("poem:")
        assert languages.get(code).name in text


def test_a_request_in_the_language_itself_stays_as_it_is() -> None:
    assert ask_in("Why?", "en", item="x") == "Why?"
    assert ask_in("Miksi?", "fi", item="x", request_language="fi") == "Miksi?"
    assert ask_in("Miksi?", "en", item="x", request_language="fi") != "Miksi?"


def test_phrasings_fit_scripts_and_varieties() -> None:
    for code in MORE_LANGUAGES:
        for seed in SEEDS:
            assert "only knows" not in ask_in("Why?", code, item="x", seed=seed)


def test_a_context_is_fenced_and_its_request_is_not() -> None:
    for row in benchmark.load("context").rows:
        assert row.context is not None
        assert FENCE not in row.context
        assert row.instruction.startswith(f"{FENCE}\n{row.context}\n{FENCE}\n\n{row.request}")


def test_names_of_another_script_stand_in_both_where_the_context_is_foreign() -> None:
    by_id = {row.id: row for row in benchmark.load("context").rows}
    for item, name in {"02": "Helena Matos", "03": "Tarnafüred", "17": "An Clochán", "19": "阿强"}.items():
        assert name in by_id[f"context-{item}-context"].instruction


def test_alpaca_evals_requests_have_no_fault_of_ours() -> None:
    file: Path = SHARED / "alpaca_eval" / "instructions.jsonl"
    if not file.exists():
        pytest.skip("AlpacaEval's requests are not here")
    for code in ("fi", *MORE_LANGUAGES):
        for row in benchmark.load("xl", [code], path=file).rows:
            assert row.request is not None
            added = row.instruction.replace(row.request, "Why?", 1)
            assert not list(faults(Row(row.id, added, "Why?", "en", code))), added
