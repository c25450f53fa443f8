"""The recipes of the page Endpoints, each run against servers that answer as its kind does."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_alpacaeval
from tests.helpers import GERMAN, ROOT, write_jsonl
from tests.pages import commands_in, lines_of_code
from tests.servers.dialects import DIALECTS, Dialect
from tests.servers.judge import JudgeServer, Refused
from xl_alpacaeval_metric.files import jsonl

PAGE = ROOT / "docs" / "cookbook" / "endpoints.md"
THOUGHT = "The user wants German. Verdict: B"
GPT_5 = Dialect("hidden", refuses=("logprobs", "top_logprobs", "temperature", "max_tokens"), efforts=("minimal",))
KINDS: Mapping[str, list[Dialect]] = {
    "OpenAI, models that reason": [GPT_5],
    "Azure": [DIALECTS["plain"], GPT_5],
    "vLLM": [
        Dialect("reasoning_content", switched=True),
        Dialect("marks", switched=True),
        Dialect("marks", switched=True, window=4096),
    ],
    "SGLang": [
        DIALECTS["SGLang with a reasoning parser, no log-probabilities"],
        DIALECTS["a thought opened by the prompt"],
    ],
    "llama.cpp": [DIALECTS["llama.cpp, raw thoughts"]],
    "Ollama": [DIALECTS["Ollama, OpenRouter"]],
    "OpenRouter": [DIALECTS["Ollama, OpenRouter"]],
    "A gateway": [
        DIALECTS["a gateway that does not say what it refuses"],
        DIALECTS["Gemma"],
        DIALECTS["a reasoner with a least number of tokens"],
    ],
}
"""Heading of the page -> how servers of that kind answer as judges."""


def recipes() -> Iterator[tuple[str, list[str]]]:
    """(heading, words of a command), in the order of the page."""
    for section in PAGE.read_text("utf-8").split("\n## ")[1:]:
        heading, _, text = section.partition("\n")
        for line in lines_of_code(text):
            for call in commands_in(line):
                yield heading, call


JUDGES = [(heading, call, dialect) for heading, call in recipes() if call[1] == "judge" for dialect in KINDS[heading]]
CANDIDATES = [(heading, call) for heading, call in recipes() if call[1] == "eval"]


def replaced(call: list[str], **options: str) -> list[str]:
    """The words behind the program's name, with these values for these options."""
    words = call[1:]
    for name, value in options.items():
        option = "--" + name.replace("_", "-")
        if option in words:
            words[words.index(option) + 1] = value
        else:
            words += [option, value]
    return words


def test_every_kind_has_a_recipe() -> None:
    assert {heading for heading, _ in recipes()} == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize(("heading", "call", "dialect"), JUDGES)
def test_the_recipe_of_a_judge(heading: str, call: list[str], dialect: Dialect, tmp_path: Path) -> None:
    row = {"instruction": "Say hello in German.", "prediction": GERMAN, "reference": "Guten Tag!", "language": "de"}
    with JudgeServer(dialect=dialect, verdict=lambda _: 0.8) as server:
        words = replaced(call, judge_base_url=server.url, output=str(tmp_path / "run"))
        words[1] = str(write_jsonl(tmp_path / "pairs.jsonl", [row]))
        result = run_alpacaeval(*words, "--both-orders", OPENAI_API_KEY="sk-of-the-test")
    assert result.returncode == 0, result.stderr
    found = list(jsonl.read_lines(tmp_path / "run" / "verdicts.jsonl"))
    for verdict in found:
        assert (verdict["preference"] > 0.5) == (verdict["order"] == "candidate_first")
    assert len(found) == 2


def candidate(heading: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the candidate's server of a kind replies: a thought in its way, unless it is off."""
    effort, switch = body.get("reasoning_effort"), body.get("chat_template_kwargs")
    if heading in ("Ollama", "OpenAI, models that reason"):
        if switch is not None:
            raise Refused(400, "Unknown parameter: 'chat_template_kwargs'.")
        if effort == "none" and heading != "Ollama":
            raise Refused(400, "Unsupported value: 'reasoning_effort' does not support 'none'.")
        off = effort is not None
    else:
        off = switch is not None and switch["enable_thinking"] is False
    if off:
        return {"content": GERMAN}
    if heading in ("llama.cpp", "SGLang"):
        return {"content": f"<think>{THOUGHT}</think>\n\n{GERMAN}"}
    return {"content": GERMAN, "reasoning" if heading in ("Ollama", "OpenRouter") else "reasoning_content": THOUGHT}


@pytest.mark.slow
def test_a_candidate_at_azure_gets_the_key_in_its_own_header(tmp_path: Path) -> None:
    """The server is the proxy of an address of Azure's, which so is not looked up."""
    with JudgeServer(message=lambda body: candidate("Azure", body)) as server:
        proxy = server.url.removesuffix("/v1")
        result = run_alpacaeval(
            *("eval", "my-deployment", "--backend", "local-chat-completions", "--concurrency", "1"),
            *("--model-args", "base_url=http://my-name.openai.azure.com/v1,max_retries=1", "--judge", "none"),
            *("--languages", "de", "--limit", "1", "--max-tokens", "40", "--output", tmp_path / "run"),
            OPENAI_API_KEY="sk-of-the-test",
            HTTP_PROXY=proxy,
            http_proxy=proxy,
            NO_PROXY="",
            no_proxy="",
        )
        assert result.returncode == 0, result.stderr
        assert server.seen.last_headers["api-key"] == "sk-of-the-test"
        assert "authorization" not in server.seen.last_headers
    (row,) = jsonl.read_lines(tmp_path / "run" / "samples.jsonl")
    assert row["prediction"] == GERMAN


@pytest.mark.slow
@pytest.mark.parametrize(("heading", "call"), CANDIDATES)
def test_the_recipe_of_a_candidate(heading: str, call: list[str], tmp_path: Path) -> None:
    with JudgeServer(message=lambda body: candidate(heading, body)) as server:
        arguments = f"base_url={server.url},max_retries=1"
        words = replaced(call, model_args=arguments, judge="none", output=str(tmp_path / "run"))
        few = ("--languages", "de", "--limit", 1, "--max-tokens", 40)
        result = run_alpacaeval(*words, *few, OPENAI_API_KEY="sk-of-the-test")
        assert result.returncode == 0, result.stderr
        assert server.seen.last_body.get("max_tokens", server.seen.last_body.get("max_completion_tokens")) == (
            40 if "off" in call else 40 + 4096
        )
    (row,) = jsonl.read_lines(tmp_path / "run" / "samples.jsonl")
    assert row["prediction"] == GERMAN
    assert ("thinking" in row) == ("off" not in call)
    assert json.dumps(row).count("Verdict: B") == ("off" not in call)
