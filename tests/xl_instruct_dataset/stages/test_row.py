"""The language instruction, and models that are not for commercial use."""

import pytest

from xl_alpacaeval_metric.benchmark import ask_in
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.stages import row


def test_english_requests_get_a_phrasing_of_the_benchmark() -> None:
    found = {row.instruction("Why?", "en", "fi", item=f"row-{n}") for n in range(60)}
    assert found == {ask_in("Why?", "fi", item=f"row-{n}") for n in range(60)}
    assert len(found) == 9
    assert all("Why?" in text and "Finnish" in text for text in found)
    assert row.instruction("Why?", "en", "fi", item="a", seed=1) == ask_in("Why?", "fi", item="a", seed=1)


@pytest.mark.parametrize(
    ("source", "target", "sentence"),
    [
        ("de", "fi", "Bitte auf Finnisch antworten."),
        ("zh", "de", "请用德语回答。"),
        ("pt-BR", "en", "Responda em inglês, por favor."),
        ("DE", "fin", "Bitte auf Finnisch antworten."),
    ],
)
def test_other_requests_get_a_sentence_in_their_language(source: str, target: str, sentence: str) -> None:
    assert row.instruction("- a\n- b", source, target, item="x") == f"- a\n- b\n\n{sentence}"


@pytest.mark.parametrize(
    ("source", "target", "name"),
    [
        ("sw", "fi", "Finnish"),
        ("de", "sw", "Swahili"),
        ("de", "pt-BR", "Brazilian Portuguese"),
        ("zh-Hant", "de", "German"),
    ],
)
def test_where_there_is_none_the_english_phrasing_does(source: str, target: str, name: str) -> None:
    text = row.instruction("{language}?", source, target, item="x")
    assert name in text
    assert "{language}?" in text


def test_nothing_is_added_where_the_language_is_that_of_the_request() -> None:
    assert row.instruction("Why?", "en", "en", item="x") == "Why?"
    assert row.instruction("Warum?", "de", "deu", item="x") == "Warum?"


def test_an_unknown_language_is_an_error() -> None:
    with pytest.raises(UserError, match="unknown language"):
        row.instruction("Why?", "en", "qq", item="x")


@pytest.mark.parametrize(
    "model",
    ["facebook/nllb-200-3.3B", "hf/facebook/nllb-200-distilled-600M", "Unbabel/TowerInstruct-7B-v0.2", "Unbabel/Tower-Plus-9B",
     "CohereForAI/aya-expanse-8b", "openai/CohereLabs/aya-23-35B", "CohereForAI/c4ai-command-r-plus", "command-r",
     "Unbabel/wmt22-cometkiwi-da", "Unbabel/XCOMET-XL", "facebook/seamless-m4t-v2-large"],
)  # fmt: skip
def test_models_for_non_commercial_use_are_named(model: str) -> None:
    assert row.non_commercial(["Qwen/Qwen3-8B", model, model]) == [model]


def test_others_are_not() -> None:
    free = ["Qwen/Qwen3-8B", "utter-project/EuroLLM-9B-Instruct", "CohereForAI/aya-101", "mistralai/Mistral-7B-Instruct-v0.3",
            "google/madlad400-3b-mt", "openai/gpt-4o", "hf/./my-tower", "Helsinki-NLP/opus-mt-en-fi", "written for xl-suite"]  # fmt: skip
    assert row.non_commercial(free) == []
