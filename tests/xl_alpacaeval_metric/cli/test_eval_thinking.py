"""`xl-alpacaeval eval` with models that think: in process and behind a server."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests import thinking_model
from tests.commands import Result, complaint
from tests.commands import run_alpacaeval as run
from tests.servers.judge import JudgeServer, Refused
from xl_alpacaeval_metric.files import jsonl

THOUGHT = "The user wants an answer in German, so I should think about it first. "
ANSWER = "Der Hund läuft durch den Wald und findet dort einen alten Knochen unter dem Baum."

pytestmark = pytest.mark.slow


def evaluate(model: object, folder: Path, *options: object) -> Result:
    return run(
        "eval", model, "--languages", "de", "--limit", 2, "--judge", "none", "--max-tokens", 20, "--device", "cpu",
        "--output", folder, *options,
    )  # fmt: skip


def samples(folder: Path) -> list[dict[str, Any]]:
    return list(jsonl.read_lines(folder / "samples.jsonl"))


def results(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = jsonl.read_json(folder / "results.json")
    return found


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a switch in its template; it thinks unless that is off."""
    folder = tmp_path_factory.mktemp("models") / "thinker"
    # With thinking off, the prompt ends with </think>, which is the token before the answer.
    return thinking_model.make(
        folder, ["<think>", THOUGHT, "</think>", ANSWER], thinking_model.SWITCHED, start="assistant"
    )


def test_the_answer_alone_is_measured_and_the_thought_is_kept(thinker: Path, tmp_path: Path) -> None:
    result = evaluate(thinker, tmp_path / "run")
    assert result.returncode == 0, result.stderr
    for row in samples(tmp_path / "run"):
        assert (row["prediction"], row["thinking"], row["thinking_tokens"]) == (
            ANSWER,
            THOUGHT.strip(),
            row["thinking_tokens"],
        )
        assert row["thinking_tokens"] > 0
        assert "cut" not in row
    found = results(tmp_path / "run")
    assert found["line_pass_rate"] == 100
    assert found["avg_length"] == len(ANSWER)
    assert found["thinking"]["n"] == 2
    assert found["thinking"]["unfinished"] == 0
    assert found["thinking"]["languages"] == {"en": 100}
    assert found["by_language"]["de"]["thinking"] == found["thinking"]
    assert "2 of 2 answers come with a thought" in result.stdout


def test_thinking_off_goes_through_the_template(thinker: Path, tmp_path: Path) -> None:
    result = evaluate(thinker, tmp_path / "run", "--thinking", "off")
    assert result.returncode == 0, result.stderr
    assert [row["prediction"] for row in samples(tmp_path / "run")] == [ANSWER] * 2
    assert results(tmp_path / "run")["thinking"] is None
    other = complaint(evaluate(thinker, tmp_path / "run", "--thinking", "on"))
    assert 'holds a run with thinking "off", this one has "on"' in other


def test_a_thought_without_end_is_an_empty_answer(tmp_path: Path) -> None:
    model = thinking_model.make(
        tmp_path / "model", [THOUGHT], thinking_model.OPENED, start="<think>", special=["<think>"], endless=True
    )
    result = evaluate(model, tmp_path / "run", "--thinking-tokens", 30)
    assert result.returncode == 0, result.stderr
    rows = samples(tmp_path / "run")
    assert [(row["prediction"], row["unfinished"]) for row in rows] == [("", True)] * 2
    found = results(tmp_path / "run")
    assert found["thinking"]["unfinished"] == 2
    assert any("--thinking-tokens" in line for line in found["warnings"])


@pytest.mark.parametrize(
    ("text", "start", "special", "template"),
    [
        (["[THINK]", THOUGHT, "[/THINK]", ANSWER], "assistant", ["[THINK]", "[/THINK]"], thinking_model.SWITCHED),
        ([THOUGHT, "</think>", ANSWER], "<think>", ["<think>", "</think>"], thinking_model.OPENED),
        (
            ["<|channel|>", "analysis", "<|message|>", THOUGHT, "<|end|>"],
            "assistant",
            ["<|channel|>", "<|message|>", "<|end|>"],
            thinking_model.SWITCHED,
        ),
    ],
    ids=["brackets", "opened", "harmony"],
)
def test_special_tokens_that_mark_a_thought_are_read(
    tmp_path: Path, text: list[str], start: str, special: list[str], template: str
) -> None:
    model = thinking_model.make(tmp_path / "model", text, template, start=start, special=special)
    result = evaluate(model, tmp_path / "run")
    assert result.returncode == 0, result.stderr
    for row in samples(tmp_path / "run"):
        assert row["thinking"] == THOUGHT.strip()
        assert row["prediction"] == (ANSWER if text[-1] == ANSWER else "")


def test_without_a_switch_thinking_cannot_be_chosen(tiny: Path, tmp_path: Path) -> None:
    for mode in ("on", "off"):
        result = evaluate(tiny, tmp_path / mode, "--thinking", mode)
        assert result.returncode == 2
        assert "its chat template knows no thinking" in result.stderr.splitlines()[-1]
        assert "Traceback" not in result.stderr


def test_max_tokens_wins_over_the_models_own_settings(tmp_path: Path) -> None:
    for name, own in (("few", 3), ("many", 60)):
        model = thinking_model.make(
            tmp_path / name, ["wort "], thinking_model.HEAD, start="\n", endless=True, max_new_tokens=own
        )
        result = evaluate(model, tmp_path / f"run-{name}")
        assert result.returncode == 0, result.stderr
        for row in samples(tmp_path / f"run-{name}"):
            assert row["prediction"].split() == ["wort"] * 20
            assert row["cut"] is True


def behind(server: JudgeServer, folder: Path, *options: object) -> Result:
    arguments = f"base_url={server.url},max_retries=1"
    return evaluate("any", folder, "--backend", "local-chat-completions", "--model-args", arguments, *options)


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "parts", "tags"])
def test_a_thought_from_an_endpoint_is_taken_from_its_field(tmp_path: Path, field: str) -> None:
    def message(_: dict[str, Any]) -> dict[str, Any]:
        if field == "tags":
            return {"content": f"<think>{THOUGHT}</think>\n\n{ANSWER}"}
        if field == "parts":
            thought = {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}
            return {"content": [thought, {"type": "text", "text": ANSWER}]}
        return {"content": ANSWER, field: THOUGHT}

    with JudgeServer(message=message) as server:
        result = behind(server, tmp_path / "run")
        assert result.returncode == 0, result.stderr
        assert server.seen.last_body["max_tokens"] == 20 + 4096
    for row in samples(tmp_path / "run"):
        assert (row["prediction"], row["thinking"].strip()) == (ANSWER, THOUGHT.strip())
    assert results(tmp_path / "run")["line_pass_rate"] == 100


def test_answers_cut_off_by_an_endpoint_and_thoughts_without_end_are_counted(tmp_path: Path) -> None:
    with JudgeServer(reply=lambda _: ANSWER, finish="length") as server:
        result = behind(server, tmp_path / "cut")
        assert result.returncode == 0, result.stderr
        assert server.seen.last_body["max_tokens"] == 20
    assert [row["cut"] for row in samples(tmp_path / "cut")] == [True] * 2
    with JudgeServer(message=lambda _: {"content": None, "reasoning_content": THOUGHT}, finish="length") as server:
        result = behind(server, tmp_path / "endless", "--thinking", "on", "--thinking-tokens", 50)
        assert result.returncode == 0, result.stderr
        assert server.seen.last_body["max_tokens"] == 70
        assert server.seen.last_body["chat_template_kwargs"] == {"enable_thinking": True, "thinking": True}
    found = results(tmp_path / "endless")
    assert (found["thinking"]["unfinished"], found["n_empty"]) == (2, 2)
    assert json.dumps(samples(tmp_path / "endless")).count("LMEVAL") == 0


def test_thinking_off_behind_an_endpoint_that_knows_reasoning_effort_alone(tmp_path: Path) -> None:
    def message(body: dict[str, Any]) -> dict[str, Any]:
        if "chat_template_kwargs" in body:
            raise Refused(400, "Unrecognized request argument supplied: chat_template_kwargs")
        off = body.get("reasoning_effort") == "none"
        return {"content": ANSWER} if off else {"content": None, "reasoning": THOUGHT}

    with JudgeServer(message=message) as server:
        result = behind(server, tmp_path / "run", "--thinking", "off")
        assert result.returncode == 0, result.stderr
        assert server.seen.last_body["max_tokens"] == 20
        assert server.seen.last_body["reasoning_effort"] == "none"
    assert [row["prediction"] for row in samples(tmp_path / "run")] == [ANSWER] * 2
    with JudgeServer(message=lambda _: {"content": None, "reasoning": THOUGHT}) as server:
        result = behind(server, tmp_path / "deaf", "--thinking", "off")
    assert result.returncode == 2
    assert "nothing turns it off" in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
