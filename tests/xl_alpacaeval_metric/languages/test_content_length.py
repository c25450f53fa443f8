"""How many characters a language takes for the same content."""

import pytest

from xl_alpacaeval_metric.languages.content_length import characters_per_content, content_lengths


@pytest.mark.parametrize(("code", "other"), [("sh", "hr"), ("no", "nb"), ("pt-BR", "pt"), ("zh-Hant", "zh")])
def test_a_language_that_was_not_measured_takes_as_many_as_one_that_stands_for_it(code: str, other: str) -> None:
    assert characters_per_content(code) == characters_per_content(other)


def test_what_is_no_language_takes_the_median_of_all() -> None:
    assert 0.9 < characters_per_content("klingonish") < 1.1


def test_a_text_is_measured_in_the_language_that_it_is_in() -> None:
    text = "Danas je na ulici bilo mnogo ljudi i automobila."
    assert content_lengths([text, text], ["sh", "zh"]) == [len(text) / characters_per_content("hr")] * 2
    assert content_lengths(["123"], ["sh"]) == [3 / characters_per_content("hr")]
