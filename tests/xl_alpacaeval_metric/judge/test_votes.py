"""A judge that is asked several times: each vote is a sample, and their mean is the verdict."""

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.commands import run_alpacaeval
from tests.helpers import comparison
from tests.servers.dialects import Dialect
from tests.servers.judge import JudgeServer, Refused
from xl_alpacaeval_metric import scoring
from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import votes
from xl_alpacaeval_metric.judge.estimate import estimate
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records.judgements import Verdict
from xl_alpacaeval_metric.runs import verdicts as run_verdicts

ITEMS = [comparison(number) for number in range(6)]


def sampled(request: Request) -> Completion:
    """The letter that this sample has: A in three of four."""
    assert request.temperature == 1.0
    return Completion("AAAB"[request.sample % 4])


def sampled_by_a_server(body: dict[str, Any]) -> float:
    """A in about seven of ten samples, by the seed of the request."""
    if "seed" not in body:
        return 0.9  # The probe.
    assert body["temperature"] == 1.0
    return float(random.Random(f"{body['seed']} {body['messages'][-1]['content']}").random() < 0.7)


def test_the_mean_of_the_votes_is_the_verdict() -> None:
    result = scoring.score(ITEMS, Judge(ScriptedClient(sampled), votes=4))
    assert result.overall.n == len(ITEMS)
    assert result.usage.requests == 4 * len(ITEMS)
    assert "judge_votes:4" in result.signature
    given = list(Judge(ScriptedClient(sampled), votes=4).verdicts([(ITEMS[0], "candidate_first")] * 0))
    assert given == []
    judge = Judge(ScriptedClient(sampled), votes=4, both_orders=True)
    found = votes.averaged(judge.verdicts(judge.questions(ITEMS)))
    assert {(v.order, v.preference) for v in found} == {("candidate_first", 0.75), ("reference_first", 0.25)}


def test_one_verdict_is_asked_for_as_ever() -> None:
    (question,) = Judge(ScriptedClient(lambda _: "A")).questions(ITEMS[:1])
    request = Judge(ScriptedClient(lambda _: "A")).request(*question)
    assert (question.vote, request.temperature, request.sample) == (0, 0.0, 0)
    assert "judge_votes" not in Judge(ScriptedClient(lambda _: "A")).settings


def test_votes_that_are_missing_are_left_out_and_counted() -> None:
    judge = Judge(ScriptedClient(lambda request: "A" if request.sample < 3 else "Hm."), votes=4)
    result = scoring.score(ITEMS, judge)
    assert result.overall.n_missing == 0
    assert f"{2 * len(ITEMS)} of {4 * len(ITEMS)} votes are missing; the mean is that of the others" in result.warnings
    assert sum(result.missing_reasons.values()) == 2 * len(ITEMS)
    nothing = scoring.score(ITEMS, Judge(ScriptedClient(lambda _: "Hm."), votes=2))
    assert nothing.overall.n_missing == len(ITEMS)
    assert nothing.overall.win_rate is None


def test_votes_of_an_earlier_run_are_kept() -> None:
    judge = Judge(ScriptedClient(sampled), votes=4)
    all_votes = list(judge.verdicts(judge.questions(ITEMS)))
    kept = [vote for vote in all_votes if vote.vote % 2 or vote.id == ITEMS[0].id]
    task = JudgingTask.of(ITEMS, judge, verdicts=kept)
    assert len(task.pending) == len(all_votes) - len(kept)
    assert estimate(task).requests == len(task.pending)
    found = {vote.key: vote.preference for vote in task.judge_pending()}
    assert found == {vote.key: vote.preference for vote in all_votes}


def test_an_analysis_reads_the_mean() -> None:
    verdict = Verdict("1", "de", "candidate_first", 1.0)
    rows = [("line", vars_of(replace(verdict, vote=n, preference=p))) for n, p in ((1, 1.0), (2, 0.0), (3, None))]
    ((_, found),) = run_verdicts.of_rows([*rows, rows[0]]).items()
    assert [one.preference for one in found] == [0.5]


def vars_of(verdict: Verdict) -> dict[str, object]:
    return {name: getattr(verdict, name) for name in verdict.__slots__}


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "3", 10**9])
def test_a_number_of_votes_that_is_none_is_refused(number: Any) -> None:
    with pytest.raises(UserError, match=r"the judge's votes are .*need a whole number from 1"):
        Judge(ScriptedClient(sampled), votes=number)


@pytest.mark.parametrize("refuses", [(), ("seed",)], ids=["", "no seed"])
def test_votes_of_an_endpoint_differ_by_seed_and_share_no_cache(refuses: tuple[str, ...], tmp_path: Path) -> None:
    dialect = Dialect("reasoning_content", logprobs=False, refuses=refuses)
    with (
        JudgeServer(dialect=dialect, verdict=sampled_by_a_server) as server,
        Judge.from_spec("openai/m", base_url=server.url, votes=5, cache=tmp_path / "replies") as judge,
    ):
        judge.client.preflight()
        first = {vote.key: vote for vote in judge.verdicts(judge.questions(ITEMS))}
        asked = server.stats()["requests"]
        again = {vote.key: vote for vote in judge.verdicts(judge.questions(ITEMS))}
        assert server.stats()["requests"] == asked
    assert {key: vote.preference for key, vote in first.items()} == {k: v.preference for k, v in again.items()}
    assert len(first) == 5 * len(ITEMS)
    if not refuses:
        assert {vote.preference for vote in first.values()} == {0.0, 1.0}


@pytest.mark.slow
def test_the_command_loses_no_vote(tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    row = {"instruction": "Say hello in German.", "prediction": "Hallo!", "reference": "Guten Tag!", "language": "de"}
    pairs.write_text("".join(json.dumps(row | {"id": str(n)}) + "\n" for n in range(5)))
    folder = tmp_path / "run"

    def some_fail(body: dict[str, Any]) -> float:
        if body.get("seed") == 3 and not healthy:
            raise Refused(400, "Not today.")
        return sampled_by_a_server(body)

    healthy = False
    with JudgeServer(dialect=Dialect("hidden", logprobs=False), verdict=some_fail) as server:
        judge = ("--judge", "openai/m", "--judge-base-url", server.url, "--judge-votes", 3, "--max-missing", 0)
        first = run_alpacaeval("judge", pairs, *judge, "--output", folder)
        assert first.returncode == 0, first.stderr
        assert "5 of 15 votes are missing" in first.stdout + first.stderr
        asked, healthy = server.stats()["requests"], True
        second = run_alpacaeval("judge", pairs, *judge, "--output", folder)
        assert second.returncode == 0, second.stderr
        assert server.stats()["requests"] <= asked + 5 + 3  # The probe takes up to three.
    verdicts = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text().splitlines()]
    assert sorted(verdict["vote"] for verdict in verdicts) == sorted([1, 2, 3] * 5)
    assert json.loads((folder / "run.json").read_text())["settings"]["judge_votes"] == 3
