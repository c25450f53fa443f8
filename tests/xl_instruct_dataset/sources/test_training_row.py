"""Training rows from foreign columns: known names are read, and nothing is lost in silence."""

from typing import Any

import pytest

from tests.foreign_rows import ANSWERED, ASKED, FORMS
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.records import Provenance, Selection, TrainingRow
from xl_instruct_dataset.sources.training_row import row_of

USER, ASSISTANT = {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Darum."}


def row(**found: Any) -> TrainingRow:
    return row_of(found, "de.jsonl line 3", ("en", "de"), "en-de-0000003", Provenance("mine", "mit"))


@pytest.mark.parametrize("found", FORMS)
def test_columns_under_their_usual_names(found: dict[str, Any]) -> None:
    taken = row(**found)
    assert (taken.instruction, taken.response, taken.id) == (ASKED, ANSWERED, "en-de-0000003")
    assert (taken.instruction_language, taken.response_language) == ("en", "de")
    assert taken.provenance == Provenance("mine", "mit")


def test_our_own_rows_come_back_as_they_were() -> None:
    before = TrainingRow(
        id="7",
        instruction="Why?",
        response="Darum.",
        instruction_language="en",
        response_language="de",
        provenance=Provenance("theirs", "cc-by-4.0", "web", "odc-by", {"answer": "m"}, {"answer": "ab12"}, True),
        scores={"precision": 4.5, "objectivity": 1.0},
        selection=Selection("best", 3, 1, [0.5, 0.75, 0.25]),
        passage="Because it is so.",
        source_response="Therefore.",
    )
    assert row(**before.as_dict()) == before


def test_stages_may_be_a_mapping() -> None:
    found = row(instruction="a", response="b", provenance={"dataset": "d", "models": {"answer": "m"}})
    assert found.provenance == Provenance("d", "mit", models={"answer": "m"})


def test_scores_may_be_columns_of_their_own() -> None:
    assert row(instruction="a", response="b", precision=5, naturalness=None).scores == {"precision": 5.0}
    assert row(instruction="a", response="b", scores=None).scores is None


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({}, "has nothing"),
        ({"text": "x"}, "no instruction with its response; needs instruction or prompt"),
        ({"instruction": "x", "response": 5}, "response is a number; need text"),
        ({"instruction": "x", "response": " "}, "the response is empty"),
        ({"instruction": "", "response": "x"}, "the instruction is empty"),
        ({"messages": []}, "a chat of no turns"),
        ({"messages": [USER]}, "a chat of user; needs one turn of user and one of assistant"),
        ({"messages": [USER, ASSISTANT, USER, ASSISTANT]}, "a chat of user, assistant, user, assistant"),
        ({"messages": [{"role": "system", "content": "x"}, USER, ASSISTANT]}, "a chat of system, user, assistant"),
        ({"messages": [{"role": "user", "content": None}, ASSISTANT]}, "the user turn of its chat has no text"),
        ({"messages": ["x", "y"]}, "a turn of its chat is no object"),
        (
            {"instruction": "a", "response": "b", "system": "c"},
            "a chat of system, user, assistant; needs one turn of user",
        ),
        ({"instruction": "a", "output": "b", "history": [["c", "d"]]}, "a chat of user, assistant, user, assistant"),
        (
            {"prompt": "Why?", "response": "Darum.", "messages": [USER, ASSISTANT] * 2},
            "a chat of user, assistant, user",
        ),
        (
            {"answer": "42", "messages": [USER, ASSISTANT]},
            "answer and messages have different texts; leave out one of them",
        ),
        (
            {"prompt": "a", "answer": "b", "messages": [USER, ASSISTANT]},
            "prompt and answer and messages have different",
        ),
        ({"prompt": [USER, ASSISTANT, USER], "completion": [ASSISTANT]}, "needs one turn of user"),
        ({"instruction": "a", "response": "b", "precision": 7}, "precision is '7'; a score is a number from 1 to 5"),
        ({"instruction": "a", "response": "b", "scores": {"precision": "4"}}, "precision is '4'"),
        ({"instruction": "a", "response": "b", "precision": float("nan")}, "precision is 'nan'"),
        ({"instruction": "a", "response": "b", "precision": True}, "precision is 'True'"),
        ({"instruction": "a", "response": "\ud83d"}, "half a character"),
        ({"instruction": "a", "response": "b", "selection": {"method": "x", "candidates": "3"}}, "selection needs"),
        ({"instruction": "a", "response": "b", "selection": {"method": "x", "chosen": 2**40}}, "selection needs"),
        ({"instruction": "a", "response": "b", "selection": {"method": "x", "scores": ["1"]}}, "selection needs"),
        ({"instruction": "a", "response": "b", "provenance": {"dataset": "d", "models": "gpt"}}, "models and prompts"),
        (
            {"instruction": "a", "response": "b", "provenance": {"dataset": "d", "models": [{"stage": []}]}},
            "models and",
        ),
        ({"instruction": "a", "response": "b", "provenance": {"dataset": "d", "license": 4}}, "needs text as license"),
    ],
)
def test_a_row_that_would_lose_something_is_refused(found: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as error:
        row(**found)
    assert str(error.value).startswith("de.jsonl line 3: ")
    assert says in str(error.value)
    assert "\n" not in str(error.value)
