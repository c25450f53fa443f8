"""A check is paid once, also where replies without a verdict would be the same again."""

from pathlib import Path

import pytest

from xl_alpacaeval_metric.clients.base import UNUSABLE, Completion, Failure, Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.judge_check.checking import JudgeChecking
from xl_alpacaeval_metric.judge_check.references import controls_from
from xl_alpacaeval_metric.records.judge_check import JudgeCheck

UNDECIDED = Completion("A\n\nA\n\nB")


def as_a_local_judge(request: Request) -> Failure:
    """A model in this process, which is greedy, writes the same text again."""
    return Failure("refused", f"{UNUSABLE}{UNDECIDED.text!r}", reply=UNDECIDED)


def as_an_endpoint(request: Request) -> Failure:
    return Failure("gave_up", f"{UNUSABLE}{UNDECIDED.text!r} (7 attempts)")


def check(client: ScriptedClient) -> JudgeCheck:
    return JudgeChecking(Judge(client), controls_from(None, ["fi", "ga"], "small", 10, 0)).run()


def test_replies_without_a_verdict_are_kept_where_they_would_be_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XL_CHECK_CACHE", str(tmp_path))
    first, again = (check(client) for client in (ScriptedClient(as_a_local_judge), ScriptedClient(as_a_local_judge)))
    assert (first.requests, first.cached) == (20, 0)
    assert (again.requests, again.cached) == (0, 20)
    assert again.overall == first.overall
    assert again.overall.verdict == "no judge"
    assert again.by_language["fi"].reason == "gives no verdict on 5 of 5 pairs"


def test_those_of_an_endpoint_are_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XL_CHECK_CACHE", str(tmp_path))
    assert [check(ScriptedClient(as_an_endpoint)).requests for _ in range(2)] == [20, 20]
