"""A candidate's prompts that its endpoint refuses each time, in a whole `eval`."""

from pathlib import Path
from typing import Any

from tests.commands import Result
from tests.commands import run_alpacaeval as run
from tests.servers.judge import TOO_LONG, JudgeServer, Refused
from xl_alpacaeval_metric import benchmark
from xl_alpacaeval_metric.clients.endpoints.thinking import PROBE_TOKENS
from xl_alpacaeval_metric.files import jsonl

ROWS = 4


def evaluate(candidate: JudgeServer, judge: JudgeServer, folder: Path, *options: object) -> Result:
    return run(
        "eval", "any", "--backend", "local-chat-completions", "--model-args", f"base_url={candidate.url},max_retries=1",
        "--judge", "openai/any", "--judge-base-url", judge.url, "--no-judge-check", "--languages", "de",
        "--limit", ROWS, "--output", folder, *options,
    )  # fmt: skip


class Candidate:
    """Refuses prompts with one of `texts`, after rate limits that the probe does not meet."""

    def __init__(self, texts: dict[str, int], limits: int = 0) -> None:
        self.texts, self.limits = texts, limits

    def __call__(self, body: dict[str, Any]) -> str:
        prompt = str(body["messages"][-1]["content"])
        if self.limits and body["max_tokens"] > PROBE_TOKENS:
            self.limits -= 1
            raise Refused(429, "Slow down.", retry_after="0")
        for text, status in self.texts.items():
            if text in prompt:
                raise Refused(status, TOO_LONG, "messages")
        return "Hallo"


def test_a_prompt_that_is_refused_is_an_empty_answer(tmp_path: Path) -> None:
    rows = benchmark.load("mini", ["de"], limit=ROWS).rows
    refused = {rows[0].instruction: 400, min((row.instruction for row in rows[1:]), key=len): 413}
    replies = Candidate(refused, limits=9)
    folder = tmp_path / "run"
    with JudgeServer(reply=replies) as candidate, JudgeServer() as judge:
        first = evaluate(candidate, judge, folder)
        assert first.returncode == 0, first.stderr
        assert first.stderr.count("status 429: 8 times in a row; the next attempt is in") == 1
        samples = list(jsonl.read_lines(folder / "samples.jsonl"))
        for row in samples:
            status = refused.get(row["instruction"])
            assert row["prediction"] == ("Hallo" if status is None else "")
            assert row.get("refused") == (None if status is None else f"status {status}: {TOO_LONG} (messages)")
        said = f"2 of {ROWS} prompts were refused by the endpoint, and not answered (status "
        assert said in " ".join(first.stdout.split())
        results: dict[str, Any] = jsonl.read_json(folder / "results.json")
        assert any(said in line for line in results["warnings"])

        asked, judged = len(candidate.seen.log), len(judge.seen.log)
        assert evaluate(candidate, judge, folder).returncode == 0
        assert len(candidate.seen.log) == asked, "what was refused is not asked again"

        replies.texts = {}
        again = evaluate(candidate, judge, folder, "--retry-refused")
        assert again.returncode == 0, again.stderr
        assert [row["prediction"] for row in jsonl.read_lines(folder / "samples.jsonl")] == ["Hallo"] * ROWS
        assert "refused by the endpoint" not in again.stdout
        assert len(judge.seen.log) > judged + 2, "their answers are judged again"


def test_an_endpoint_that_refuses_every_prompt_ends_the_command(tmp_path: Path) -> None:
    with JudgeServer(refuses=("seed",)) as candidate, JudgeServer() as judge:
        result = evaluate(candidate, judge, tmp_path / "run")
    assert result.returncode == 2
    said = "xl-alpacaeval: any: the endpoint refuses every prompt: status 400: Unsupported parameter: 'seed'"
    assert said in result.stderr.splitlines()[-1]
    assert not (tmp_path / "run" / "samples.jsonl").exists()
