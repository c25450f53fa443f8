"""An endpoint judges the answers that are there while the candidate makes others."""

import json
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Result, start_alpacaeval
from tests.commands import run_alpacaeval as run
from tests.helpers import PATIENCE, wait_until
from tests.servers.judge import Behaviour, JudgeServer
from xl_alpacaeval_metric.files import jsonl

N = 6


def lines(file: Path) -> list[dict[str, Any]]:
    return list(jsonl.read_lines(file))


def answer(body: Mapping[str, Any]) -> str:
    """Another for each prompt, so that no two questions to the judge are the same."""
    return f"Antwort mit {len(str(body['messages']))} Zeichen auf: {body['messages'][-1]['content'][:40]}"


class Candidate(JudgeServer):
    """Answers in order. `gates`: number of an answer -> what must hold before it is given."""

    def __init__(self) -> None:
        super().__init__(reply=self._answer)
        self.gates: dict[int, Any] = {}
        self.opened: list[bool] = []

    def _answer(self, body: dict[str, Any]) -> str:
        number = len(self.seen.log)  # The first request shows whether the model thinks.
        if number in self.gates:
            wait_until(self.gates.pop(number))
            self.opened.append(True)
        return answer(body)


@pytest.fixture
def candidate() -> Iterator[Candidate]:
    with Candidate() as server:
        yield server


@pytest.fixture
def judge() -> Iterator[JudgeServer]:
    with JudgeServer() as server:
        yield server


def command(candidate: JudgeServer, judge: JudgeServer, folder: Path, *options: object) -> list[object]:
    model = ["eval", "any", "--backend", "local-chat-completions", "--model-args", f"base_url={candidate.url}"]
    asked = ["--judge", "openai/any", "--judge-base-url", judge.url, "--one-order", "--languages", "de", "--limit", N]
    return [*model, *asked, "--concurrency", 1, "--output", folder, *options]


def results(folder: Path) -> dict[str, Any]:
    """Without what differs from run to run."""
    found: dict[str, Any] = json.loads((folder / "results.json").read_text())
    del found["usage"]
    return found


def last_line(result: Result) -> str:
    """Of standard error, with exit code 2."""
    assert result.returncode == 2, result.stderr
    return result.stderr.splitlines()[-1]


def changed(server: JudgeServer, **options: Any) -> bool:
    server.change(**options)
    return True


def questions(server: JudgeServer) -> int:
    """Without the probes, which are all alike."""
    return len(server.seen.keys) - 1


def test_answers_are_judged_while_others_are_made(candidate: Candidate, judge: JudgeServer, tmp_path: Path) -> None:
    candidate.gates = {4: lambda: questions(judge) >= 2, N: lambda: questions(judge) >= 4}
    result = run(*command(candidate, judge, tmp_path / "run"))
    assert result.returncode == 0, result.stderr
    assert candidate.opened == [True, True]
    assert questions(judge) == N
    assert judge.stats()["max_per_key"] == 1
    usage = json.loads((tmp_path / "run" / "results.json").read_text())["usage"]
    assert (usage["requests"], usage["cached"]) == (N, 0)
    assert usage["seconds"] > 0
    assert "judged: " in result.stderr
    # Judged afterwards, from a file, it is the same.
    pairs = tmp_path / "run" / "samples.jsonl"
    with JudgeServer() as other:
        by = ("--judge", "openai/any", "--judge-base-url", other.url, "--one-order")
        again = run("judge", pairs, *by, "--output", tmp_path / "j")
        assert again.returncode == 0, again.stderr
    same = [key for key in results(tmp_path / "j") if key not in ("signature", "by_language", "thinking")]
    live, later = results(tmp_path / "run"), results(tmp_path / "j")
    assert {key: live[key] for key in same} == {key: later[key] for key in same}


def test_criteria_are_rated_meanwhile_too(candidate: Candidate, judge: JudgeServer, tmp_path: Path) -> None:
    levels = {"precision": 4, "informativeness": 3, "naturalness": 5, "objectivity": 2}
    judge.change(reply=lambda body: None if "logprobs" in body else json.dumps(levels))
    candidate.gates = {N: lambda: questions(judge) >= 8}
    result = run(*command(candidate, judge, tmp_path / "run"), "--criteria", "--both-orders")
    assert result.returncode == 0, result.stderr
    assert candidate.opened == [True]
    assert questions(judge) == 3 * N
    found = results(tmp_path / "run")
    assert {name: score["mean"] for name, score in found["criteria"].items()} == levels
    assert len(lines(tmp_path / "run" / "verdicts.jsonl")) == 2 * N


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_is_asked_twice_after_a_kill(
    ending: signal.Signals, candidate: Candidate, judge: JudgeServer, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    assert run(*command(candidate, judge, tmp_path / "whole")).returncode == 0
    expected, candidate.seen, judge.seen = results(tmp_path / "whole"), type(judge.seen)(), type(judge.seen)()
    ended: list[int] = []
    candidate.gates = {4: lambda: bool(ended)}
    process = start_alpacaeval(*command(candidate, judge, folder))
    # Three are answered, and three judged.
    verdicts = folder / "verdicts.jsonl"
    wait_until(lambda: verdicts.exists() and len(lines(verdicts)) == 3, process)
    process.send_signal(ending)
    process.communicate(timeout=PATIENCE)
    ended.append(1)
    answered = len(lines(folder / "samples.jsonl"))
    assert answered == 3
    result = run(*command(candidate, judge, folder))
    assert result.returncode == 0, result.stderr
    assert questions(judge) == N
    probe_requests = 2
    assert len(judge.seen.log) == N + probe_requests
    assert results(folder) == expected
    assert json.loads((folder / "results.json").read_text())["usage"]["cached"] == 3


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"ends_after": 3, "ends_with": 401}, "401"),
        ({"retry_after": "90000", "fault_rate": 1.0, "faults": ("rate_limit",)}, "90000"),
    ],
)
def test_a_judge_that_fails_does_not_stop_the_answers(
    fault: dict[str, Any], reason: str, candidate: Candidate, judge: JudgeServer, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    # A judge that fails at the first question is asked no other.
    candidate.gates = {
        4: lambda: questions(judge) >= 2 and changed(judge, **fault),
        5: lambda: questions(judge) >= 3,
    }
    result = run(*command(candidate, judge, folder))
    assert len(lines(folder / "samples.jsonl")) == N, result.stderr
    assert reason in last_line(result)
    assert f"all answers and {len(lines(folder / 'verdicts.jsonl'))} judgements are kept" in last_line(result)
    assert not (folder / "results.json").exists()
    candidate_requests, judge.behaviour = len(candidate.seen.log), Behaviour()
    again = run(*command(candidate, judge, folder))
    assert again.returncode == 0, again.stderr
    assert len(candidate.seen.log) == candidate_requests
    assert results(folder)["n"] == N
    assert results(folder)["n_missing"] == 0


def test_verdicts_are_kept_when_the_candidate_fails(candidate: Candidate, judge: JudgeServer, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    candidate.gates = {4: lambda: questions(judge) >= 2, 5: lambda: changed(candidate, ends_after=0)}
    result = run(*command(candidate, judge, folder))
    assert "404" in last_line(result)
    kept = lines(folder / "verdicts.jsonl")
    assert len(kept) >= 2
    candidate.change(ends_after=None)
    again = run(*command(candidate, judge, folder))
    assert again.returncode == 0, again.stderr
    whole = lines(folder / "verdicts.jsonl")
    assert len(whole) == N
    assert [verdict for verdict in whole if verdict in kept] == kept


def test_replies_in_a_cache_are_not_asked_for(candidate: Candidate, judge: JudgeServer, tmp_path: Path) -> None:
    cache = ("--cache", tmp_path / "cache.sqlite")
    assert run(*command(candidate, judge, tmp_path / "one", *cache)).returncode == 0
    requests = len(judge.seen.log)
    result = run(*command(candidate, judge, tmp_path / "two", *cache))
    assert result.returncode == 0, result.stderr
    assert len(judge.seen.log) == requests + 1, "the probe alone"
    assert results(tmp_path / "one") == results(tmp_path / "two")
