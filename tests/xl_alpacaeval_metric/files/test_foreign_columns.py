"""Foreign columns as a conversation: every form, what goes with it, and what is refused."""

from typing import Any

import pytest

from tests.foreign_rows import ANSWERED, ASKED, FORMS
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.conversations import unread_columns
from xl_alpacaeval_metric.files.conversations.foreign_columns import conversation_of, texts_of

USER, ASSISTANT = {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Darum."}
SYSTEM = {"role": "system", "content": "Be kind."}


def turns(**row: Any) -> list[tuple[str, str]]:
    return [(role, content) for role, content in conversation_of(row, "data line 3")]


@pytest.mark.parametrize("row", FORMS)
def test_every_form_is_the_same_conversation(row: dict[str, Any]) -> None:
    assert turns(**row) == [("user", ASKED), ("assistant", ANSWERED)]
    assert ANSWERED in texts_of(row, "data line 3")


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
    more = turns(prompt="Why?", response="Darum.", messages=[USER, ASSISTANT, USER])
    assert [role for role, _ in more] == ["user", "assistant", "user"]
    assert turns(prompt="Why? ", messages=[USER, ASSISTANT]) == [("user", "Why?"), ("assistant", "Darum.")]
    two = turns(prompt=[USER], input="Really?", completion="Ja.")
    assert [text for _, text in two] == ["Why?", "Really?", "Ja."]


def test_a_history_beside_a_chat_is_read_after_its_system_prompt() -> None:
    said = turns(history=[["Hi.", "Hallo."]], messages=[SYSTEM, USER, ASSISTANT])
    assert [text for _, text in said] == ["Be kind.", "Hi.", "Hallo.", "Why?", "Darum."]
    assert len(turns(history=[["Why?", "Darum."]], messages=[USER, ASSISTANT, USER, ASSISTANT])) == 4


@pytest.mark.parametrize(
    "row",
    [
        {"instruction": "Sum up.", "context": "LONG", "response": "R"},
        {"instruction": "Sum up.", "input": "LONG", "context": "LONG", "response": "R"},
        {"instruction": "Sum up.", "context": "LONG", "prompt": "Sum up.\n\nLONG", "response": "R", "output": "R "},
        {"instruction": "Sum up.", "context": "LONG", "query": "Sum up. ", "response": "R"},
        {"prompt": "Sum up.", "context": "LONG", "messages": [], "answer": "R"},
        {
            "context": "LONG",
            "messages": [{"role": "user", "content": "Sum up.\n\nLONG"}, {"from": "gpt", "value": "R"}],
        },
        {
            "instruction": "Sum up.",
            "input": "LONG",
            "messages": [{"role": "user", "content": "Sum up.\n\nLONG"}, {"role": "assistant", "content": "R"}],
        },
        {"instruction": " ", "prompt": "Sum up.\n\nLONG", "response": "", "output": "R"},
    ],
)
def test_what_belongs_to_an_instruction_and_what_repeats_it(row: dict[str, Any]) -> None:
    assert turns(**row) == [("user", "Sum up.\n\nLONG"), ("assistant", "R")]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"prompt": "Other?"}, "prompt and instruction have different texts; leave out one of them"),
        ({"inputs": "LONG"}, "inputs and instruction have different texts"),
        ({"question": [USER]}, "question and instruction have different texts"),
        ({"output": "S"}, "output and response have different texts"),
        ({"output": "Ask."}, "output and response have different texts"),
        ({"answer": ["S"], "targets": "T"}, "answer and targets and response have different texts"),
        ({"system": "Be kind.", "system_message": "Be rude."}, "system_message and system have different texts"),
        ({"context": ["LONG"]}, "context is a list; need text"),
        ({"input": 4}, "input is a number; need text"),
        ({"messages": [USER, ASSISTANT]}, "instruction and response and messages have different texts"),
        (
            {"prompt": "Why?", "messages": [USER, ASSISTANT]},
            "instruction and response and messages have different texts",
        ),
    ],
)
def test_a_column_that_says_something_else_is_named(more: dict[str, Any], says: str) -> None:
    with pytest.raises(UserError) as error:
        conversation_of({"instruction": "Ask.", "response": "R", **more}, "data line 3")
    assert str(error.value).startswith("data line 3: ")
    assert says in str(error.value)


def test_a_chat_loses_nothing_beside_it() -> None:
    chat = [USER, ASSISTANT]
    for more in ({"answer": "42"}, {"context": "LONG"}, {"conversations": [USER, {"from": "gpt", "value": "x"}]}):
        with pytest.raises(UserError, match=f"{next(iter(more))} and messages have different texts"):
            conversation_of({"messages": chat, **more}, "")
    assert turns(messages=chat, system_message="Be kind.")[0] == ("system", "Be kind.")
    assert turns(instruction="Why?", response="Darum.", system_message="Be kind.")[0] == ("system", "Be kind.")


def test_a_turn_may_be_in_parts() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    row = {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": ["three"]}]}
    assert conversation_of(row, "f row 1") == (("user", "one\ntwo"), ("assistant", "three"))


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
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}]}]},
            "the user turn of its chat has a part without text",
        ),
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
    assert texts_of({"id": "7", "data": ["Why is that so?", "Darum."]}, "") == ["Why is that so?", "Darum."]
    arena = {"conversation_a": [USER, ASSISTANT], "conversation_b": [USER, {**ASSISTANT, "content": "Es ist so."}]}
    assert {"Why?", "Darum.", "Es ist so."} <= {*texts_of(arena, "")}
    deep: Any = "unten"
    for _ in range(5000):
        deep = [deep]
    assert texts_of({"text": "oben", "more": deep}, "") == ["oben", "unten"]


@pytest.mark.parametrize("row", [{}, {"id": "x"}, {"source": "web"}, {"instruction": None, "messages": []}])
def test_a_row_without_text_is_one_line(row: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"^data line 3: no text; needs instruction and response, or messages$"):
        texts_of(row, "data line 3")


@pytest.mark.parametrize(
    "more",
    [
        {"document": "Tea is older than coffee."},
        {"passage": "茶比咖啡更早。"},
        {"chosen": [USER, {"role": "assistant", "content": "Because it is so."}]},
        {"notes": {"of": ["the author of this"]}},
        {"source_text": "Tea is older than coffee."},
        {"code": "return x + 1"},
        {"tools": '[{"name":"f"}]'},
        {"source": "Tea is older than coffee. " * 20},
        {"task": "Answer.\nUse one word."},
    ],
)
def test_a_text_that_no_turn_has_needs_a_word_of_the_user(more: dict[str, Any]) -> None:
    row = {"instruction": "Why?", "response": "Darum.", **more}
    with pytest.raises(
        UserError, match=f"line 3: column {next(iter(more))} has text that is not read; call it context"
    ):
        conversation_of(row, "data line 3")
    assert len(conversation_of(row, "data line 3", more.keys())) == 2
    assert len(conversation_of(unread_columns.LeftOut(more.keys()).without(row), "")) == 2


@pytest.mark.parametrize(
    "more",
    [
        {"category": "open question", "source_id": "a b", "_url": "https://x.org", "n": 4, "meta": {"by": "A. Writer"}},
        {"marker": "stackexchange", "tools": "[]", "document": "", "passage": None, "notes": []},
        {"text": "### Ask:\nWhy?\n\n### Answer:\nDarum.", "reply": "Darum."},
        {"text": "### Ask:\nWhy?\n\n### Input:\nRain.\n\n### Answer:\nDarum.", "input": "Rain."},
        {"country": "New Zealand", "header": {"user-agent": "Mozilla/5.0 (X11; Linux)"}, "Gattung": "Küche"},
        {"created_at": "2024-01-01 10:00", "reviewed_by": "Ann Lee", "annotators": ["Ann Lee"], "subset": "aya human"},
        {"language": "Brazilian Portuguese", "source": "Common Crawl, 2023", "品詞": "名詞"},
    ],
)
def test_labels_and_repetitions_are_passed_over(more: dict[str, Any]) -> None:
    row = {"instruction": "Why?", "response": "Darum.", **more}
    assert len(conversation_of(row, "data line 3")) == 2
    assert not {"n", "document", "passage", "notes"} & set(unread_columns.of(row, ("instruction", "response")))


def test_a_part_of_a_turn_that_is_not_read_needs_a_word_of_the_user() -> None:
    labelled = {**ASSISTANT, "weight": 1, "name": "Ann Lee", "country": "New Zealand"}
    assert turns(messages=[USER, labelled]) == turns(messages=[USER, ASSISTANT])
    row: dict[str, Any] = {"messages": [USER, {**labelled, "thinking": "They ask why."}]}
    with pytest.raises(
        UserError,
        match=r"^line 3, a turn of assistant: column thinking has text that is not read; leave it out with --leave-out thinking$",
    ):
        conversation_of(row, "line 3")
    assert turns(**unread_columns.LeftOut(["thinking", "content"]).without(row)) == turns(messages=[USER, ASSISTANT])


def test_other_names_of_a_chat_its_history_and_system_prompt() -> None:
    assert turns(dialog=[USER, ASSISTANT]) == turns(dialogue=[USER, ASSISTANT]) == turns(messages=[USER, ASSISTANT])
    said = turns(instruction="Why?", response="Darum.", sys_prompt="Be kind.", chat_history=[["Hi.", "Hallo."]])
    assert [text for _, text in said] == ["Be kind.", "Hi.", "Hallo.", "Why?", "Darum."]
    with pytest.raises(UserError, match="chat_history and history have different texts"):
        turns(instruction="Why?", response="Darum.", history=[["Hi.", "Hallo."]], chat_history=[["Hi.", "Moin."]])


def test_a_column_to_leave_out_that_no_row_has_is_named() -> None:
    left_out = unread_columns.LeftOut(["note", "thinking", "nope", "never"])
    left_out.without({"note": "a", "messages": [{**USER, "thinking": "b"}]})
    left_out.without({"id": "1"})
    with pytest.raises(
        UserError, match=r"--leave-out nope,never: no row has such a column.*; there are note, messages, id"
    ):
        left_out.check()
    unread_columns.LeftOut().check()
