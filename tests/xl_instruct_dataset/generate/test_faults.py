"""Faulty models and endpoints: rejects have reasons, transient faults change no row."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tests import helpers
from tests.servers import teacher
from tests.servers.judge import FAULTS, Behaviour, JudgeServer
from tests.xl_instruct_dataset.generate import generating
from xl_alpacaeval_metric.errors import UserError
from xl_instruct_dataset.generate import report
from xl_instruct_dataset.generate.config import work_folder
from xl_instruct_dataset.quality.sanitise import plain


def test_each_rejection_says_why_and_the_counts_add_up(tmp_path: Path) -> None:
    with JudgeServer(reply=teacher.Faulty()) as server:
        generating.run(generating.settings(server, targets="fi,zh,en"), tmp_path / "out")
        again = Counter(generating.asked(server).values())
    generating.adds_up(tmp_path / "out", ["fi", "zh", "en"])
    why = {(line["id"], line["language"]): line for line in generating.rejects(tmp_path / "out")}
    for number, stage, reason in (
        (1, "instruct", "unreadable reply"),
        (2, "answer", "unreadable reply"),
        (3, "score", "score below the threshold"),
        (4, "score", "unreadable reply"),
    ):
        line = why[f"{number - 1:08d}", ""]
        assert (line["stage"], line["reason"]) == (stage, reason)
    assert why["00000000", ""]["text"] == "According to the passage above, what is it about?"
    assert why["00000002", ""]["detail"] == "2.75 of 5 on average"
    for number, stage, reason in (
        (5, "translate", "wrong language"),
        (8, "translate", "leaked"),
        (9, "translate", "unreadable reply"),
        (11, "translate", "repetition"),
        (12, "translate", "length ratio"),
    ):
        for target in ("fi", "zh"):
            line = why[f"{number - 1:08d}", target]
            if (number, target) == (8, "zh"):  # One of two lines is English.
                stage, reason = "translate", "wrong language"
            assert (line["stage"], line["reason"]) == (stage, reason), line
    # Unreadable: instruct, answer, and two languages of two candidates ask three times, as score
    # does; nothing asks more.
    assert max(again) == 6  # Two candidates of one text differ in their seed alone.
    assert {f"{number:08d}-en" for number in range(4, 24)} == {
        row["id"] for row in generating.rows(tmp_path / "out", "en-en")
    }


def test_an_unreadable_reply_is_asked_for_three_times(tmp_path: Path) -> None:
    def mute(body: dict[str, Any]) -> str:
        return "" if teacher.stage_of(body) == "score" else teacher.fluent(body)

    with JudgeServer(reply=mute) as server:
        outcome = generating.run(generating.settings(server, passages=3), tmp_path / "out")
        assert sorted(generating.asked(server).values()) == [1] * 6 + [3] * 3
    assert outcome.written == {}
    assert not (tmp_path / "out").exists()
    assert outcome.tally.dropped == {("score", "unreadable reply", ""): 3}
    written = report.file(work_folder.of(tmp_path / "out")).read_text(encoding="utf-8")
    assert "| score |  | unreadable reply | 3 |" in written


def test_a_reply_that_was_cut_off_is_no_response(tmp_path: Path) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        generating.run(generating.settings(server, passages=3, max_tokens=60), tmp_path / "out")
    assert {line["reason"] for line in generating.rejects(tmp_path / "out")} == {"reply cut off at 60 tokens"}


def test_a_server_may_cut_a_reply_off_before_its_tokens_are_spent(tmp_path: Path) -> None:
    with JudgeServer(reply=teacher.fluent, finish="length") as server:
        generating.run(generating.settings(server, passages=3), tmp_path / "out")
        assert set(generating.asked(server).values()) == {3}
    assert {(line["stage"], line["reason"]) for line in generating.rejects(tmp_path / "out")} == {
        ("instruct", "reply cut off at 256 tokens")
    }


def test_thoughts_before_a_reply_have_room_when_asked_for(tmp_path: Path) -> None:
    def thinking(body: dict[str, Any]) -> str:
        return f"<think>{'Well, let me see. ' * 120}</think>\n{teacher.fluent(body)}"

    with JudgeServer(reply=thinking) as server:
        outcome = generating.run(generating.settings(server, passages=3, targets="fi"), tmp_path / "short")
        assert {reason for _, reason, _ in outcome.tally.dropped} == {"reply cut off at 256 tokens"}
        outcome = generating.run(
            generating.settings(server, passages=3, targets="fi", reasoning_tokens=2000), tmp_path / "long"
        )
    assert outcome.tally.rows["fi"] == len(generating.survivors("fi", 3))


def test_a_tenth_of_faults_changes_no_row(tmp_path: Path) -> None:
    # Every fault that a reply shows; nonsense is a valid instruction.
    faults = tuple(fault for fault in FAULTS if fault != "nonsense")
    good = Behaviour(reply=teacher.fluent)
    bad = Behaviour(reply=teacher.fluent, fault_rate=0.1, faults=faults, retry_after="0.05")
    with JudgeServer(good) as server:
        generating.run(generating.settings(server, passages=16, select="judge"), tmp_path / "good")
    with JudgeServer(bad) as server:
        generating.run(generating.settings(server, passages=16, select="judge", timeout=1), tmp_path / "bad")
        assert len(server.stats()["answers"]) > 5
    for pair in ("en-fi", "en-zh"):
        assert generating.rows(tmp_path / "good", pair) == generating.rows(tmp_path / "bad", pair)
    assert generating.rejects(tmp_path / "good") == generating.rejects(tmp_path / "bad")


def test_what_the_endpoint_refuses_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    passage = json.loads((generating.passages(tmp_path / "p.jsonl", 3)).read_text(encoding="utf-8").split("\n")[1])
    marker = passage["text"][20:60]
    with JudgeServer(reply=teacher.fluent, marker=marker) as server:
        outcome = generating.run(generating.settings(server, passages=3, targets="fi"), tmp_path / "out")
    assert outcome.tally.dropped["instruct", "refused by the model's server", ""] == 1


def test_an_endpoint_that_ends_costs_what_is_left_alone(tmp_path: Path) -> None:
    chosen = {"passages": 12, "targets": "fi", "concurrency": 4}
    with JudgeServer(reply=teacher.fluent, ends_after=20) as server:
        with pytest.raises(UserError, match=r"^write-score: .*404.*check the model's name"):
            generating.run(generating.settings(server, **chosen), tmp_path / "out")
        answered = generating.asked(server)
        server.behaviour = Behaviour(reply=teacher.fluent)
        generating.run(generating.settings(server, **chosen), tmp_path / "out")
        assert max((generating.asked(server) - answered).values()) <= 2
        assert generating.asked(server).total() == 12 * (3 + 2)


def test_an_endpoint_that_forbids_all_of_a_sudden_costs_no_row(tmp_path: Path) -> None:
    chosen = {"passages": 12, "targets": "fi", "concurrency": 4}
    with JudgeServer(reply=teacher.fluent, ends_after=20, ends_with=403) as server:
        with pytest.raises(UserError, match=r"^write-score: .*403"):
            generating.run(generating.settings(server, **chosen), tmp_path / "out")
        server.behaviour = Behaviour(reply=teacher.fluent)
        outcome = generating.run(generating.settings(server, **chosen), tmp_path / "out")
    assert outcome.tally.rows["fi"] == len(generating.survivors("fi", 12))


def test_an_instruction_in_another_language_is_rejected(tmp_path: Path) -> None:
    def german(body: dict[str, Any]) -> str:
        asked = teacher.stage_of(body) == "instruct"
        return (
            "Was sollte man darüber wissen, und worauf kommt es dabei vor allem an?" if asked else teacher.fluent(body)
        )

    with JudgeServer(reply=german) as server:
        outcome = generating.run(generating.settings(server, passages=2, targets="fi"), tmp_path / "out")
        assert generating.asked(server).total() == 2  # There are no further requests for such a passage.
    assert outcome.tally.dropped == {("instruct", "wrong language", ""): 2}


HOSTILE = (
    "The baker of the village wrote [bold]not bold[/bold] and [/] and {braces} and ${rank} and %s on the old wall of the mill.\n"
    "~~~~~\n\n# What the children saw there in the morning\n\n"
    "They saw \x1b[31mred\x1b[0m letters \x00 and \x07 half \ud83d a sign ~ and nothing else on all of the other walls.\r\n"
    "Nobody could say who it was \u2028 that wrote the | last | line of them with so much <b>care</b> and with ``` such ink.\n"
)


def hostile(body: dict[str, Any]) -> str:
    """Good replies with every kind of character in them."""
    match teacher.stage_of(body):
        case "instruct":
            return "What is known about [bold]markup[/bold], \x1b[31mcolours\x1b[0m, | tables | and `ticks`\ud83d?\x00"
        case "answer":
            return f"{teacher.part(body, 'passage')}\n\n{HOSTILE}"
        case "translate":
            return teacher.part(body, "text")
    return teacher.fluent(body)


def test_no_text_breaks_anything(tmp_path: Path) -> None:
    texts = [
        f"{number} {HOSTILE} The {word} walked to the old market in the morning and bought bread, cheese and {word} apples "
        f"for the long {word} winter that everybody in the small {word} village was talking about, since the river had begun "
        f"to freeze and the {word} mill stood still. "
        + "x" * 100
        + f" Nobody there had seen the {word} ice so early before."
        for number, word in enumerate(("baker", "sailor", "teacher", "farmer", "weaver", "doctor"))
    ]
    helpers.write_jsonl(
        tmp_path / "seeds.jsonl", [{"id": f"[b]{n}\x1b\ud800|", "text": t} for n, t in enumerate(texts)]
    )
    chosen = {"seeds": str(tmp_path / "seeds.jsonl"), "targets": "en", "min_words": 10, "passages": 6}
    with JudgeServer(reply=hostile) as server:
        given = generating.settings(server, **chosen)
        outcome = generating.run(given, tmp_path / "out")
    assert outcome.tally.passages == 6, outcome.unused
    generating.adds_up(tmp_path / "out", ["en"])
    kept = generating.rows(tmp_path / "out", "en-en")
    assert kept, generating.rejects(tmp_path / "out")
    for row in kept:
        assert "[bold]markup[/bold]" in row["instruction"]
        assert not any(mark in row["instruction"] + row["response"] for mark in "\x00\x07\x1b\r")
        assert "\ufffd" in row["response"]
    text = report.file(work_folder.of(tmp_path / "out")).read_text(encoding="utf-8")
    assert "\x1b" not in text
    # Each of a row's two blocks opens and closes with a fence that nothing in it is as long as.
    fences = [line for line in text.split("\n") if line.startswith("~~~~~~")]
    assert len([line for line in fences if line.endswith("text")]) == len(kept)
    with (tmp_path / "shown.txt").open("w", encoding="utf-8") as file:
        report.show(outcome, Console(file=file))
    assert "English (en)" in (tmp_path / "shown.txt").read_text(encoding="utf-8")


def test_plain_text_is_what_any_file_can_hold() -> None:
    assert plain("a\r\nb\rc\td\x00\x1b[0m\x85\ud83d\U0001f600") == "a\nb\nc\td[0m\ufffd\U0001f600"


def test_a_damaged_file_without_a_hash_is_told_of(tmp_path: Path) -> None:
    with JudgeServer(reply=teacher.fluent) as server:
        given = generating.settings(server, passages=3, targets="fi")
        generating.run(given, tmp_path / "out")
        work = work_folder.of(tmp_path / "out")
        (work / "seeds" / "00000.jsonl.sha256").unlink()  # As version 0.1 left it.
        (work / "seeds" / "00000.jsonl").write_text('{"text": "half\n', encoding="utf-8")
        with pytest.raises(UserError, match=r"^write-score: .*00000.jsonl line 1: damaged"):
            generating.run(given, tmp_path / "out")
        (work / "job.json").write_text("{", encoding="utf-8")
        with pytest.raises(UserError, match=r"job.json: not readable as JSON"):
            generating.run(given, tmp_path / "out")
