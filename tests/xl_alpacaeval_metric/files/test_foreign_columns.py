"""Foreign columns as a conversation: every form, what goes with it, and what is refused."""

from typing import Any

import pytest

from tests.foreign_rows import ANSWERED, ASKED, FORMS
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.foreign_columns import conversation_of, texts_of

USER, ASSISTANT = {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Darum."}
SYSTEM = {"role": "system", "content": "Be kind."}


def turns(**row: Any) -> list[tuple[str, str]]:
    return [(role, content) for role, content in conversation_of(row, "data line 3").turns]


@pytest.mark.parametrize("row", FORMS)
def test_every_form_is_the_same_conversation(row: dict[str, Any]) -> None:
    assert turns(**row) == [("user", ASKED), ("assistant", ANSWERED)]
    assert conversation_of(row, "data line 3").unused == ()
    assert ANSWERED in texts_of(row, "data line 3")


def test_the_columns_that_were_read_are_named() -> None:
    assert conversation_of({"query": "a", "output": "b", "messages": None}, "").columns == ("query", "output")
    assert conversation_of({"prompt": "Why?", "messages": [USER, ASSISTANT]}, "").columns == ("messages",)


def test_a_system_prompt_and_a_history_come_first() -> None:
    alpaca = {"instruction": "Why?", "output": "Darum.", "system": "Be kind.", "history": [["Hi.", "Hallo."]]}
    said = [("system", "Be kind."), ("user", "Hi."), ("assistant", "Hallo."), ("user", "Why?"), ("assistant", "Darum.")]
    assert turns(**alpaca) == said
    assert turns(**alpaca | {"history": [{"role": "user", "content": "Hi."}, ["x", "y"]]})[1:3] == [
        ("user", "Hi."),
        ("user", "x"),
    ]
    assert turns(question="Why?", response="Darum.", system_prompt="Be kind.") == [said[0], *said[3:]]
    assert turns(messages=[USER, ASSISTANT], system="Be kind.") == [said[0], *said[3:]]
    assert turns(messages=[SYSTEM, USER, ASSISTANT], system="Be  kind. ") == [said[0], *said[3:]]


def test_a_chat_that_has_more_than_the_columns_beside_it_is_taken() -> None:
    more = conversation_of({"prompt": "Why?", "response": "Darum.", "messages": [USER, ASSISTANT, USER]}, "")
    assert (len(more.turns), more.unused) == (3, ())
    other = conversation_of({"question": "Why? ", "answer": "42", "messages": [USER, ASSISTANT]}, "")
    assert (other.turns[1].text, other.unused) == ("Darum.", ("answer",))
    two = conversation_of({"prompt": [USER], "input": "Really?", "completion": "Ja."}, "")
    assert [turn.text for turn in two.turns] == ["Why?", "Really?", "Ja."]


def test_other_roles_keep_their_names() -> None:
    assert [role for role, _ in turns(messages=[USER, {"role": "tool", "content": "4"}])] == ["user", "tool"]
    assert turns(messages=[]) == []


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({}, "no instruction with its response; needs instruction or prompt and response or output, or messages, and"),
        ({"text": "x"}, "or messages, and has text"),
        ({"prompt": "x"}, "and has prompt"),
        ({"instruction": "x", "answer": ["y", "z"]}, "answer is a list; need text"),
        ({"instruction": "x", "response": None}, "response is empty; need text"),
        ({"instruction": "x", "response": 4.5}, "response is a number; need text"),
        ({"instruction": b"x", "response": "y"}, "instruction is binary data; need text"),
        ({"instruction": "x", "response": {"text": "y"}}, "response is an object; need text"),
        ({"instruction": "x", "output": "y", "system": ["z"]}, "system is a list; need text"),
        ({"instruction": "x", "output": "y", "history": "z"}, "history is text; need a list of turns"),
        ({"messages": ["x"]}, "a turn of its chat is no object with role and content"),
        ({"messages": [{"content": "x"}]}, "a turn of its chat is no object with role and content"),
        ({"messages": [USER, {"role": "assistant", "content": None}]}, "the assistant turn of its chat has no text"),
        ({"conversations": [{"from": "gpt", "value": 4}]}, "the gpt turn of its chat has no text"),
        ({"prompt": [USER, 4], "completion": "x"}, "a turn of its chat is no object with role and content"),
        ({"instruction": "x", "output": "y", "history": ["z"]}, "a turn of its chat is no object with role"),
        ({"instruction": "x", "output": "y", "messages": [4]}, "a turn of its chat is no object with role"),
    ],
)
def test_what_is_no_conversation_is_one_line(row: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as error:
        conversation_of(row, "data line 3")
    assert str(error.value).startswith("data line 3: ")
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_every_text_of_a_row_is_found_once_at_any_depth() -> None:
    row = {"id": "7", "messages": [USER, ASSISTANT], "chosen": [USER, {"content": ["Nie."]}], "n": 4, "prompt": "Why?"}
    assert texts_of(row, "") == ["user", "Why?", "assistant", "Darum.", "Nie."]
    deep: Any = "unten"
    for _ in range(5000):
        deep = [deep]
    assert texts_of({"text": "oben", "more": deep}, "") == ["oben", "unten"]


@pytest.mark.parametrize("row", [{}, {"id": "x"}, {"source": "web"}, {"instruction": None, "messages": []}])
def test_a_row_without_text_is_one_line(row: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"^data line 3: no text; needs instruction and response, or messages$"):
        texts_of(row, "data line 3")
