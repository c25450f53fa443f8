"""Judges of every kind at an endpoint: every verdict is right, or missing with its reason."""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import comparison
from tests.servers.dialects import DIALECTS, Dialect, odd_replies
from tests.servers.judge import FAULTS, JudgeServer
from xl_alpacaeval_metric.clients.base import Thinking
from xl_alpacaeval_metric.clients.openai.protocol import Fault
from xl_alpacaeval_metric.clients.openai.reply import read_reply
from xl_alpacaeval_metric.errors import ModelUnavailable
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records.judgements import Comparison, Verdict

ITEMS = [
    comparison(number, prediction=f"candidate {number}.", reference=f"reference {number}.") for number in range(24)
]
PREFERENCES = [random.Random(number).choice((0.05, 0.2, 0.4, 0.6, 0.8, 0.95)) for number in range(len(ITEMS))]


def opinion(body: dict[str, Any]) -> float:
    prompt = body["messages"][-1]["content"]
    candidate = re.search(r"candidate (\d+)\.", prompt)
    if candidate is None:
        return 0.9  # the probe
    preference = PREFERENCES[int(candidate[1])]
    return preference if candidate.start() < prompt.index(f"reference {candidate[1]}.") else 1 - preference


def judged(server: JudgeServer, items: Sequence[Comparison] = ITEMS, **settings: Any) -> list[Verdict]:
    """The verdicts on the items, in their order."""
    args = {"retries": 12, **settings.pop("args", {})}
    with Judge.from_spec("openai/m", base_url=server.url, concurrency=8, args=args, **settings) as judge:
        judge.client.preflight()
        found = {verdict.id: verdict for verdict in judge.verdicts(judge.questions(items))}
    return [found[item.id] for item in items]


@pytest.mark.parametrize("fault_rate", [0.0, 0.1], ids=["", "with faults"])
@pytest.mark.parametrize("name", DIALECTS)
def test_every_verdict_is_right(name: str, fault_rate: float) -> None:
    dialect = DIALECTS[name]
    quick = tuple(fault for fault in FAULTS if fault not in ("silence", "rate_limit"))
    with JudgeServer(dialect=dialect, verdict=opinion) as server:
        server.change(fault_rate=fault_rate, faults=(*quick, "odd"))
        verdicts = judged(server)
    assert [verdict.reason for verdict in verdicts] == [None] * len(ITEMS)
    reported = dialect.logprobs and "logprobs" not in dialect.refuses
    expected = [p if reported else float(p > 0.5) for p in PREFERENCES]
    assert [verdict.preference for verdict in verdicts] == pytest.approx(expected)


@pytest.mark.parametrize("thought", ["marks", "opened", "reasoning_content", "hidden"])
def test_a_thought_that_does_not_end_is_no_verdict(thought: Any) -> None:
    with (
        JudgeServer(dialect=Dialect(thought), verdict=opinion) as server,
        Judge.from_spec("openai/m", base_url=server.url, args={"retries": 1}) as judge,
    ):
        judge.client.preflight()
        server.change(dialect=Dialect(thought, endless=True))
        verdicts = list(judge.verdicts([(item, "candidate_first") for item in ITEMS[:4]]))
    assert [verdict.preference for verdict in verdicts] == [None] * 4
    assert all(verdict.reason for verdict in verdicts)


def test_a_judge_that_has_too_little_room_is_found_before_anything_is_judged() -> None:
    with JudgeServer(dialect=Dialect("hidden", endless=True), verdict=opinion) as server:
        with pytest.raises(ModelUnavailable, match=r"4096 tokens went into reasoning; .*--judge-thinking-tokens"):
            judged(server)
        with pytest.raises(ModelUnavailable, match="--judge-thinking auto"):
            judged(server, thinking=Thinking("off"))


def test_letters_in_the_noise_of_the_first_token_are_no_verdict() -> None:
    """A judge that always writes something else: the letters have 0.1% of the mass."""
    with JudgeServer(dialect=Dialect(before="Well ", unsure=True), verdict=opinion) as server:
        server.change(reply=lambda _: None)
        verdicts = judged(server, ITEMS[:6], args={"retries": 1}, thinking=Thinking("off"))
    assert [verdict.preference for verdict in verdicts] == [None] * 6


def test_thinking_can_be_asked_for_and_turned_off() -> None:
    with JudgeServer(dialect=Dialect("marks"), verdict=opinion) as server:
        judged(server, ITEMS[:2], thinking=Thinking("on", 500))
        assert server.seen.last_body["max_tokens"] == 516
        assert server.seen.last_body["chat_template_kwargs"] == {"enable_thinking": True, "thinking": True}
    with JudgeServer(dialect=Dialect(), verdict=opinion) as server:
        judged(server, ITEMS[:2], thinking=Thinking("off"))
        assert server.seen.last_body["chat_template_kwargs"]["enable_thinking"] is False
        assert server.seen.last_body["max_tokens"] == 1
        server.change(refuses=("chat_template_kwargs",))
        verdicts = judged(server, ITEMS[:2], thinking=Thinking("off"))
        assert [verdict.preference for verdict in verdicts] == pytest.approx(PREFERENCES[:2])


GPT = ("logprobs", "top_logprobs", "temperature", "max_tokens", "chat_template_kwargs")


@pytest.mark.parametrize(
    ("dialect", "effort"),
    [
        (Dialect("hidden", refuses=GPT, efforts=("none",)), "none"),
        (Dialect("hidden", refuses=GPT, efforts=("minimal",)), "minimal"),
        (Dialect("hidden", logprobs=False, least_tokens=16, efforts=("minimal",)), "minimal"),
        (Dialect("reasoning", logprobs=False, efforts=("none", "minimal")), "none"),
        (Dialect("reasoning_content", switched=True), None),
        (Dialect("marks", switched=True, efforts=()), None),
        (Dialect(refuses=GPT, efforts=()), None),
    ],
    ids=["GPT-5.1", "GPT-5", "no log-probabilities", "Ollama", "SGLang", "vLLM", "a model that does not think"],
)
def test_thinking_is_turned_off_where_something_can(dialect: Dialect, effort: str | None) -> None:
    with JudgeServer(dialect=dialect, verdict=opinion) as server:
        verdicts = judged(server, ITEMS[:6], thinking=Thinking("off"))
        assert server.seen.last_body.get("reasoning_effort") == effort
    reported = dialect.logprobs and "logprobs" not in dialect.refuses
    expected = [p if reported else float(p > 0.5) for p in PREFERENCES[:6]]
    assert [verdict.preference for verdict in verdicts] == pytest.approx(expected)


@pytest.mark.parametrize("efforts", [(), None], ids=["refused", "ignored"])
@pytest.mark.parametrize("thought", ["hidden", "marks", "reasoning", "harmony"])
def test_thinking_that_nothing_turns_off_is_one_line(thought: Any, efforts: tuple[str, ...] | None) -> None:
    with (
        JudgeServer(dialect=Dialect(thought, efforts=efforts, logprobs=False), verdict=opinion) as server,
        pytest.raises(ModelUnavailable, match=r"nothing turns it off: .*reasoning_effort; .*--judge-thinking auto"),
    ):
        judged(server, ITEMS[:2], thinking=Thinking("off"))


def test_settings_of_thinking_do_not_share_a_cache(tmp_path: Path) -> None:
    cache = tmp_path / "replies.sqlite"
    with JudgeServer(dialect=Dialect(), verdict=opinion) as server:
        for thinking, cached in [
            (Thinking(), False),
            (Thinking(), True),
            (Thinking("off"), False),
            (Thinking("on"), False),
            (Thinking("on", 100), False),
            (Thinking("on", 100), True),
        ]:
            verdicts = judged(server, ITEMS[:3], cache=cache, thinking=thinking)
            assert [verdict.cached for verdict in verdicts] == [cached] * 3
            assert [verdict.preference for verdict in verdicts] == pytest.approx(PREFERENCES[:3])


def test_thoughts_survive_in_a_cache(tmp_path: Path) -> None:
    cache = tmp_path / "replies.sqlite"
    with JudgeServer(dialect=Dialect("reasoning_content", before="Verdict: "), verdict=opinion) as server:
        first, second = (judged(server, cache=cache) for _ in range(2))
    assert [verdict.preference for verdict in first] == [verdict.preference for verdict in second]
    assert all(verdict.cached for verdict in second)


@pytest.mark.parametrize("number", range(len(odd_replies())))
def test_an_odd_reply_is_a_passing_fault(number: int) -> None:
    outcome = read_reply(odd_replies()[number], ("A", "B"), 1)
    assert isinstance(outcome, Fault)
    assert outcome.kind == "transient"


def test_the_message_of_a_provider_is_kept() -> None:
    (body,) = (text for text in odd_replies() if "provider is down" in text)
    outcome = read_reply(body, ("A", "B"))
    assert isinstance(outcome, Fault)
    assert "The provider is down." in outcome.reason


def test_a_quota_of_hours_ends_the_command_and_keeps_what_was_answered() -> None:
    with (
        JudgeServer(dialect=Dialect(), verdict=opinion) as server,
        Judge.from_spec("openai/m", base_url=server.url, concurrency=2) as judge,
    ):
        judge.client.preflight()
        verdicts = judge.verdicts([(item, "candidate_first") for item in ITEMS])
        kept = [next(verdicts) for _ in range(3)]
        server.change(capacity=0, retry_after="25920")
        with pytest.raises(ModelUnavailable, match=r"429.*wait 7\.2 hours \(Retry-After 25920\).*kept"):
            kept.extend(verdicts)
    assert 3 <= len(kept) < len(ITEMS)
