"""Runs in another script that may be clauses: figures and bars of tables are no words of them."""

import pytest

from xl_alpacaeval_metric.languages.switches import script_runs


@pytest.mark.parametrize(
    ("language", "script", "text"),
    [
        ("hi", "Deva", "| फ़ोन | OnePlus 12R | iQOO Neo 9 Pro | 35000 | रुपये |"),
        ("ru", "Cyrl", "| Модель | Apple iPhone 15 Pro | A17 Pro | 48 | рублей |"),
    ],
)
def test_names_in_a_row_of_a_table_are_none(language: str, script: str, text: str) -> None:
    assert script_runs.of([text], language, script) == []


def test_a_clause_without_frequent_words_is_one() -> None:
    text = "Для тіста dodaj dwie szklanki cukru i wymieszaj, а потім поставте миску в холодильник."
    (found,) = script_runs.of([text], "uk", "Cyrl")
    assert found[1][0].startswith("dodaj dwie szklanki")
