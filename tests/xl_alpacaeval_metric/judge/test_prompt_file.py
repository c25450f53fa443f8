"""The judge's prompt: the present one, an earlier version's, a file of one's own."""

from pathlib import Path

import pytest

from xl_alpacaeval_metric import templates
from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import prompt_file
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records.judgements import Comparison

ITEM = Comparison("1", "fi", "Miksi?", "Koska {answer_b}.", "Siksi.")
OWN = "[user]\nTask: {instruction}\nA: {answer_a}\nB: {answer_b}\nWhich is better?\n"


def own(folder: Path, text: str = OWN) -> Path:
    file = folder / "own.txt"
    file.write_text(text, "utf-8")
    return file


def asked(judge: Judge) -> str:
    return "\n".join(message["content"] for message in judge.request(ITEM, "candidate_first").messages)


def client() -> ScriptedClient:
    return ScriptedClient(lambda _request: "A")


def test_a_prompt_of_ones_own_is_asked_and_named(tmp_path: Path) -> None:
    judge = Judge(client(), prompt=own(tmp_path))
    assert asked(judge) == "Task: Miksi?\nA: Koska {answer_b}.\nB: Siksi.\nWhich is better?"
    assert judge.settings["prompt"] == templates.parse("own", OWN).sha != Judge(client()).settings["prompt"]


def test_the_prompt_of_version_0_1_is_the_one_that_its_signatures_name() -> None:
    judge = Judge(client(), prompt="0.1")
    assert judge.settings["prompt"] == "6e52cfe9"
    assert prompt_file.version_of("6e52cfe9") == "0.1"
    assert prompt_file.version_of(Judge(client()).settings["prompt"]) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Which?", r"must start with a line \[system\] or \[user\]"),
        (
            "[user]\nA: {answer_a} B: {answer_b}",
            r"has no slot {instruction}; need {answer_a}, {answer_b}, {instruction}",
        ),
        (f"{OWN}{{model}}", r"unknown slot {model}; there are"),
        (f"{OWN}{{Language}}", r"unknown slot {Language}; there are"),
        (f"{OWN}{{ANSWER_A}} {{answer1}}", r"unknown slot {ANSWER_A}, {answer1}; there are"),
        (f"{OWN}{{ language }}", r"unknown slot { language }; there are"),
    ],
)
def test_a_bad_prompt_is_one_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(UserError, match=f"^judge prompt .*own.txt: .*{problem}"):
        prompt_file.load(own(tmp_path, text))


def test_a_byte_order_mark_is_no_part_of_the_prompt(tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_text(OWN, "utf-8-sig")
    assert prompt_file.load(file).sha == templates.parse("own", OWN).sha


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none.txt: no such file; give a file, or the version 0.1"):
        prompt_file.load(tmp_path / "none.txt")


def test_a_file_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "own.txt"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"own.txt: cannot be read"):
        prompt_file.load(file)


def test_braces_that_are_no_slots_stay_text(tmp_path: Path) -> None:
    judge = Judge(client(), prompt=own(tmp_path, OWN + '{"winner": "A"} {}'))
    assert asked(judge).endswith('{"winner": "A"} {}')


def test_the_verdict_of_ones_own_prompt_is_read_as_any_other(tmp_path: Path) -> None:
    def reply(request: Request) -> Completion:
        return Completion("B", {"A": -2.0, "B": -0.2})

    [verdict] = Judge(ScriptedClient(reply), prompt=own(tmp_path)).verdicts([(ITEM, "candidate_first")])
    assert verdict.preference is not None
    assert verdict.preference < 0.5
