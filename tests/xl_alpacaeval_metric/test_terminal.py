"""What commands print: no control characters from data, at any width, encoding and stream."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import complaint, run_alpacaeval, run_instruct
from tests.helpers import FINNISH, GERMAN, PATIENCE, ROOT, ROW, write_jsonl
from tests.servers.judge import JudgeServer, Refused
from xl_alpacaeval_metric import terminal

ESCAPE = "\x1b]0;title\x07\x1b[2J\x9b31m\u202e"
"""Sets the window's title, clears the screen, writes in red, turns the rest of the line around."""
ASCII = {"PYTHONIOENCODING": "ascii"}


def hostile(text: str) -> bool:
    return terminal.printable(text) != text


def test_texts_of_people_are_kept() -> None:
    texts = [GERMAN, FINNISH, "नमस्ते, क्\u200dष", "می\u200cخواهم", "שלום\u200f", "漢字", "a\tb\n", "👩\u200d🔬"]
    assert [terminal.printable(text) for text in texts] == texts


@pytest.fixture
def outputs(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "outputs.jsonl", [{"prediction": GERMAN, "language": "de"}])


def test_names_and_rows_of_others_send_nothing_to_the_terminal(tmp_path: Path) -> None:
    named = write_jsonl(tmp_path / f"{ESCAPE}.jsonl", [{"prediction": GERMAN, "language": "de"}])
    shown = run_alpacaeval("fidelity", named)
    assert shown.returncode == 0, shown.stderr
    refused = run_alpacaeval("fidelity", write_jsonl(tmp_path / "columns.jsonl", [{f"{ESCAPE}prediction": GERMAN}]))
    data = write_jsonl(tmp_path / "data.jsonl", [{**ROW, "id": ESCAPE, "language": f"{ESCAPE}xx"}])
    unknown = run_alpacaeval("judge", data, "--judge", "none", "--output", tmp_path / "run")
    push = run_instruct("push", tmp_path / ESCAPE, "--repo", "a/b", cwd=tmp_path)
    assert complaint(refused)
    assert complaint(unknown)
    assert complaint(push)
    assert not hostile("".join(text for one in (shown, refused, unknown, push) for text in one[1:]))


def test_an_endpoint_sends_nothing_to_the_terminal(tmp_path: Path) -> None:
    def refuse(_: object) -> str:
        raise Refused(401, f"{ESCAPE} go away")

    pairs = write_jsonl(tmp_path / "pairs.jsonl", [ROW])
    with JudgeServer(reply=refuse) as server:
        options = ("--judge", "openai/any", "--judge-base-url", server.url, "--output", tmp_path / "run")
        refused = run_alpacaeval("judge", pairs, *options)
    assert "go away" in complaint(refused)
    assert not hostile(refused.stderr)


def test_characters_that_the_terminal_lacks_are_replaced(tmp_path: Path, outputs: Path) -> None:
    chinese = outputs.rename(tmp_path / "输出.jsonl")
    shown = run_alpacaeval("fidelity", chinese, **ASCII)
    assert shown.returncode == 0, shown.stderr
    assert "??.jsonl" in shown.stdout
    assert "??" in complaint(run_alpacaeval("fidelity", tmp_path / "没有.jsonl", **ASCII))


def in_shell(redirection: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "xl_alpacaeval_metric", *map(str, arguments)]
    shell = ["bash", "-c", f'set -o pipefail; "$@" {redirection}', "bash", *command]
    settings = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    return subprocess.run(shell, capture_output=True, text=True, env=settings, timeout=PATIENCE)


def test_closed_streams_are_no_crash(tmp_path: Path, outputs: Path) -> None:
    for number, redirection in enumerate((">&-", "2>&-", "<&- >&- 2>&-")):
        file = tmp_path / f"{number}.json"
        result = in_shell(redirection, "fidelity", outputs, "--output", file)
        assert result.returncode == 0, result.stderr
        assert not result.stderr
        assert file.exists()
    assert in_shell("2>&-", "fidelity", "no-such-file").returncode == 2


def test_nothing_reads_the_output(outputs: Path) -> None:
    result = in_shell("| true", "fidelity", outputs)
    assert (result.returncode, result.stderr) == (141, "")
    result = in_shell("| true", "fidelity", "--help")
    assert (result.returncode, result.stderr) == (141, "")


def test_a_result_is_shown_in_no_columns(outputs: Path) -> None:
    assert "line pass" in run_alpacaeval("fidelity", outputs, COLUMNS="0").stdout


def test_commands_print_in_one_way() -> None:
    """What a module prints by itself is not cleaned."""
    exempt = {"terminal.py", "server.py"}  # The stand-in server of the demo prints its address.
    for package in ("xl_alpacaeval_metric", "xl_instruct_dataset", "lm_eval_tasks"):
        for file in (ROOT / package).rglob("*.py"):
            calls = [node.func for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call)]
            names = {one.id for one in calls if isinstance(one, ast.Name)}
            assert file.name in exempt or not names & {"print", "Console"}, file.relative_to(ROOT)


def test_a_number_stands_with_its_noun_in_the_right_form() -> None:
    assert [terminal.counted(n, "row") for n in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert terminal.counted(1, "row is", "rows are") == "1 row is"
    assert terminal.counted(1234, "row is", "rows are", form=",") == "1,234 rows are"
    assert terminal.counted_of(1, 2, "row") == "1 of 2 rows is"
    assert terminal.counted_of(1, 1, "row", "has", "have") == "1 of 1 row has"
    assert terminal.counted_of(1000, 1001, "reply", several="replies", form=",") == "1,000 of 1,001 replies are"
