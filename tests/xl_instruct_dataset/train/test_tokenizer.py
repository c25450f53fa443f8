"""The chat template, and what is too long."""

from pathlib import Path

import pytest

from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.train.dataset import tokenized_examples
from xl_instruct_dataset.train.dataset import tokenizer as dataset_tokenizer
from xl_instruct_dataset.train.dataset.examples import Example
from xl_instruct_dataset.train.settings import Settings, resolve


def settings(**options: object) -> Settings:
    return resolve(None, {"data": "sample", **options})


def example(prompt: str, completion: str, group: str = "en-de") -> Example:
    return Example("1", group, "1", ({"role": "user", "content": prompt},), completion, "mit")


def test_the_model_s_own_template_goes_first(tiny: Path) -> None:
    tokenizer, template = dataset_tokenizer.load(str(tiny), settings())
    assert (template.source, template.end, template.own, template.notes) == ("own", "<|im_end|>", True, [])
    assert "<|im_start|>" in tokenizer.chat_template


def test_a_base_model_gets_the_plain_template_and_a_line_says_so(base: Path, tmp_path: Path) -> None:
    tokenizer, template = dataset_tokenizer.load(str(base), settings())
    assert template.source == "plain"
    assert template.end == tokenizer.eos_token
    assert "has no chat template: the plain one of xl-suite is used" in template.notes[0]
    chat = [{"role": "user", "content": "Wer?\n"}, {"role": "assistant", "content": " Ich."}]
    asked = tokenizer.apply_chat_template(chat[:1], add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template(chat, tokenize=False)
    assert asked == f"{tokenizer.bos_token}### Instruction:\nWer?\n\n### Response:\n"
    assert whole == f"{asked}Ich.{tokenizer.eos_token}"
    assert dataset_tokenizer.load(str(base), settings(chat_template="plain"))[1] == template


def test_own_refuses_a_model_without_a_template(base: Path) -> None:
    with pytest.raises(UserError, match="its tokenizer has no chat template; give --chat-template FILE, or plain"):
        dataset_tokenizer.load(str(base), settings(chat_template="own"))


def test_a_template_of_the_user_s_own(base: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.jinja"
    file.write_text("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}")
    _, template = dataset_tokenizer.load(str(base), settings(chat_template=str(file)))
    assert template.source == "mine.jinja"
    assert template.end is None
    assert template.notes[0] == "chat template: mine.jinja, saved with the model"
    assert "ends in no special token" in template.notes[1]
    file.write_text("{% for m in messages %}")
    with pytest.raises(UserError, match=r"chat template .*mine\.jinja does not work: "):
        dataset_tokenizer.load(str(base), settings(chat_template=str(file)))
    file.write_text("Hello")
    with pytest.raises(UserError, match="leaves out the question or the answer"):
        dataset_tokenizer.load(str(base), settings(chat_template=str(file)))
    with pytest.raises(UserError, match=r"--chat-template .*: No such file"):
        dataset_tokenizer.load(str(base), settings(chat_template=str(tmp_path / "none")))


def test_what_is_too_long_is_dropped_or_truncated_and_counted(tiny: Path) -> None:
    tokenizer, _ = dataset_tokenizer.load(str(tiny), settings())
    short, long = example("Hi.", "Yes."), example("Hi.", "word " * 100, "en-fi")
    no_room = example("word " * 100, "Yes.", "en-fi")
    dropped = tokenized_examples.fit([short, long, no_room], tokenizer, 128, "drop")
    assert [one.example for one in dropped.examples] == [short]
    assert (dropped.dropped, dropped.truncated) == ({"en-fi": 2}, {})
    kept = tokenized_examples.fit([short, long, no_room], tokenizer, 128, "truncate")
    assert [one.example for one in kept.examples] == [short, long]
    assert (kept.dropped, kept.truncated) == ({"en-fi": 1}, {"en-fi": 1})
    assert kept.tokens == dropped.tokens + 128


@pytest.mark.parametrize(
    "prompt",
    [
        ({"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi."}),
        ({"role": "user", "content": "Half a character: \ud800"},),
    ],
)
def test_a_mixed_row_that_the_template_or_the_tokenizer_refuses_is_left_out_and_counted(
    prompt: tuple[dict[str, str], ...], base: Path, tmp_path: Path
) -> None:
    file = tmp_path / "mine.jinja"
    file.write_text(
        "{% for m in messages %}{% if m['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
        "{{ m['content'] }}{% endfor %}"
    )
    tokenizer, _ = dataset_tokenizer.load(str(base), settings(chat_template=str(file)))
    mixed, good = Example("set 1", "set", "1", prompt, "Yes.", "mit", mixed=True), example("Hi.", "Yes.")
    found = tokenized_examples.fit([mixed, good, mixed], tokenizer, 128, "drop")
    assert [one.example for one in found.examples] == [good]
    assert (found.refused, found.dropped) == ({"set": 2}, {})
    assert found.reasons["set"]
    own = Example("row 7", "en-de", "7", prompt, "Yes.", "mit")
    with pytest.raises(
        UserError, match=r"en-de row 'row 7': the chat template or the tokenizer does not take it \(.+\);"
    ):
        tokenized_examples.fit([good, own], tokenizer, 128, "drop")


def test_the_answer_begins_where_prompt_and_whole_differ(base: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.jinja"
    turns = "{% for m in messages %}{{ m['role'][0] }}:{{ m['content'] }};{% endfor %}"
    tokenizer, _ = dataset_tokenizer.load(str(base), settings(chat_template="plain"))
    tokenizer.chat_template = turns
    found = tokenized_examples.fit([example("Hi.", "Yes.")], tokenizer, 128, "drop")
    (one,) = found.examples
    assert tokenizer.decode(one.ids[: one.prompt_length]) == "u:Hi.;"
    assert tokenizer.decode(one.ids[one.prompt_length :]) == "a:Yes.;"
    assert found.shifted == 0
    tokenizer.chat_template = turns + "{% if add_generation_prompt %}A:{% endif %}"
    shifted = tokenized_examples.fit([example("Hi.", "Yes.")], tokenizer, 128, "drop")
    assert (shifted.examples, shifted.shifted) == (found.examples, 1)
    file.write_text("{% for m in messages %}{{ m['content'] }}<|im_end|>{% endfor %}")
    assert dataset_tokenizer.load(str(base), settings(chat_template=str(file)))[1].moves_end is False
    file.write_text("{% for m in messages %}{{ m['content'] }}<|endoftext|>{% endfor %}")
    tokenizer, template = dataset_tokenizer.load(str(base), settings(chat_template=str(file)))
    assert (template.end, template.moves_end, tokenizer.eos_token) == ("<|endoftext|>", True, "<|endoftext|>")


def test_a_model_without_a_tokenizer_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="its tokenizer cannot be loaded"):
        dataset_tokenizer.load(str(tmp_path), settings())
