"""What a judging task counts as done and as pending."""

from dataclasses import replace

import pytest

from tests.helpers import comparison
from xl_alpacaeval_metric.clients.base import Completion
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import rubric_file
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records.judgements import Verdict

ITEMS = [comparison(n) for n in range(4)]


def judge() -> Judge:
    return Judge(ScriptedClient(lambda _: Completion("A", prompt_tokens=9)), both_orders=True)


def test_questions_with_a_preference_are_done_and_the_others_pending() -> None:
    done = Verdict("item-1", "de", "candidate_first", 0.3, prompt_tokens=7)
    failed = Verdict("item-2", "de", "candidate_first", None, reason="timeout")
    other = Verdict("item-9", "de", "candidate_first", 0.3)
    task = JudgingTask.of(ITEMS, judge(), verdicts=[replace(done, preference=0.9), done, failed, other])
    assert task.verdicts == {done.key: done}
    assert len(task.pending) == 7
    assert task.n_questions == 8
    new: list[Verdict] = []
    verdicts = task.judge_pending(new.append)
    assert {question.key for question in task.pending} == {verdict.key for verdict in new}
    assert len(verdicts) == 8
    assert [verdict.prompt_tokens for verdict in verdicts if verdict.cached] == [0]


def test_answers_are_put_in_without_another_look_at_the_verdicts() -> None:
    done = Verdict("item-1", "de", "candidate_first", 0.3)
    rubric = rubric_file.load()
    before = JudgingTask.of(ITEMS, judge(), rubric=rubric, verdicts=[done])
    answered = [replace(item, prediction=f"Antwort {item.id}") for item in reversed(ITEMS)]
    after = before.with_answers(answered)
    assert after == JudgingTask.of(list(reversed(answered)), before.judge, rubric=rubric, verdicts=[done])
    with pytest.raises(UserError, match="prediction is NoneType, not text"):
        before.with_answers([replace(item, prediction=None) for item in ITEMS])  # type: ignore[arg-type]


def test_without_a_judge_nothing_is_asked() -> None:
    task = JudgingTask.of(ITEMS, None)
    assert (task.n_questions, task.judge_pending(), task.rate_unrated()) == (0, [], [])
    with pytest.raises(UserError, match="criteria are rated by a judge"):
        JudgingTask.of(ITEMS, None, rubric=rubric_file.load())
