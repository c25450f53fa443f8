import json
import re
from pathlib import Path

import pytest

from tests.commands import complaint
from tests.commands import run_alpacaeval as run
from tests.helpers import ROW, comparison, write_jsonl
from tests.servers.dialects import DIALECTS
from tests.servers.judge import JudgeServer
from xl_alpacaeval_metric.clients.base import Completion, Failure, Thinking
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.judge import rubric_file
from xl_alpacaeval_metric.judge.estimate import Estimate, estimate
from xl_alpacaeval_metric.judge.judging_task import JudgingTask
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.records.judgements import Rating, Verdict

ITEMS = [comparison(n) for n in range(10)]


def judge(**options: object) -> Judge:
    return Judge(ScriptedClient(lambda _: "A"), **options)  # type: ignore[arg-type]


def test_requests_are_counted_exactly() -> None:
    rubric = rubric_file.load()
    assert estimate(JudgingTask.of(ITEMS, judge())).requests == 10
    assert estimate(JudgingTask.of(ITEMS, judge(both_orders=True))).requests == 20
    assert estimate(JudgingTask.of(ITEMS, judge(), rubric=rubric)).requests == 20
    done = [Verdict(*item.key, judge().orders(ITEMS)[item.key][0], 0.5) for item in ITEMS[:4]]
    assert estimate(JudgingTask.of(ITEMS, judge(), verdicts=done)).requests == 6
    rated = Rating(*ITEMS[0].key, dict.fromkeys(rubric.names, 3), rubric=rubric.sha)
    assert estimate(JudgingTask.of(ITEMS, judge(), rubric=rubric, verdicts=done, ratings=[rated])).requests == 15
    assert estimate(JudgingTask.of(ITEMS, None)).requests == 0


def test_nothing_is_sent_without_a_pilot() -> None:
    asked = judge()
    assert estimate(JudgingTask.of(ITEMS, asked)).prompt_tokens > 0
    assert asked.client.sent == []  # type: ignore[attr-defined]


def test_a_pilot_stands_for_all() -> None:
    client = ScriptedClient(lambda _: Completion("A", prompt_tokens=300, completion_tokens=2))
    found = estimate(JudgingTask.of(ITEMS, Judge(client)), pilot=5)
    assert len(client.sent) == 5
    assert found.pilot == 5
    assert found.completion_tokens == 20
    # The texts differ by a digit or so in length.
    assert found.prompt_tokens == pytest.approx(3000, rel=0.02)


def test_a_pilot_that_is_not_answered_is_an_error() -> None:
    client = ScriptedClient(lambda _: Failure("refused", "too long"))
    with pytest.raises(UserError, match="none of 2 requests was answered with a token count: too long"):
        estimate(JudgingTask.of(ITEMS, Judge(client)), pilot=2)


def test_thoughts_are_counted() -> None:
    with JudgeServer(dialect=DIALECTS["GPT-5"]) as server:
        for thinking, known, tokens in [
            (Thinking(), False, 1),
            (Thinking(), True, 601),
            (Thinking("on", 50), False, 51),
            (Thinking("off"), False, 1),
        ]:
            with Judge.from_spec("openai/m", base_url=server.url, thinking=thinking) as asked:
                if known:
                    asked.client.preflight()
                assert estimate(JudgingTask.of(ITEMS, asked)).completion_tokens == tokens * len(ITEMS)


def test_a_judge_that_was_not_probed_may_think() -> None:
    for thinking, tokens in [(Thinking(), 4096), (Thinking("auto", 50), 50), (Thinking("off"), 0), (Thinking("on"), 0)]:
        with Judge.from_spec("openai/m", base_url="http://127.0.0.1:9/v1", thinking=thinking) as asked:
            found = estimate(JudgingTask.of(ITEMS, asked), probed=False)
        assert found.thought_tokens == tokens * len(ITEMS)
        assert (f"up to {found.thought_tokens} completion tokens more if the judge thinks" in found.line()) == (
            tokens > 0
        )


def test_the_price_is_per_million_tokens() -> None:
    assert Estimate(1, 2_000_000, 500_000).price(2.5, 10.0) == pytest.approx(10.0)


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    file = tmp_path / "pairs.jsonl"
    rows = (ROW | {"instruction": f"Say hello {n} times in German."} for n in range(8))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_the_command_prints_requests_tokens_and_price(pairs: Path) -> None:
    with JudgeServer() as server:
        options = ("--judge", "openai/any", "--judge-base-url", server.url, "--price-input", 2.5, "--price-output", 10)
        found = run("estimate", pairs, *options)
        assert server.stats()["requests"] == 0
        piloted = run("estimate", pairs, *options, "--pilot", 2)
        assert server.stats()["requests"] == 3  # With the probe.
    assert found.returncode == piloted.returncode == 0, found.stderr + piloted.stderr
    assert "8 requests" in found.stdout
    assert "up to 32768 completion tokens more if the judge thinks, which --pilot finds out" in found.stdout
    assert re.search(r"price: 0\.0\d .*; 0\.3\d at most", found.stdout)
    assert "thinks" not in piloted.stdout
    assert "measured on 2" in piloted.stdout


def test_max_requests_stops_before_the_first(pairs: Path, tmp_path: Path) -> None:
    with JudgeServer() as server:
        judge_options = ("--judge", "openai/any", "--judge-base-url", server.url, "--output", tmp_path / "run")
        refused = run("judge", pairs, *judge_options, "--max-requests", 7)
        assert "judging would take 8 requests, --max-requests allows 7" in refused.stderr
        assert refused.returncode == 2
        assert server.stats()["requests"] == 1  # The probe.
        done = run("judge", pairs, *judge_options, "--max-requests", 8)
        assert done.returncode == 0, done.stderr
        assert "judging will take 8 requests" in done.stderr
        again = run("judge", pairs, *judge_options, "--max-requests", 0)
        assert again.returncode == 0, again.stderr


def test_a_cache_answers_another_run(pairs: Path, tmp_path: Path) -> None:
    with JudgeServer() as server:
        options = ("--judge", "openai/any", "--judge-base-url", server.url, "--cache", tmp_path / "replies.sqlite")
        for name in ("one", "two"):
            result = run("judge", pairs, *options, "--output", tmp_path / name)
            assert result.returncode == 0, result.stderr
        assert server.stats()["requests"] == 8 + 2  # With a probe for each run.
    one, two = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("one", "two"))
    assert two["usage"]["requests"] == 0
    assert two["usage"]["cached"] == 8
    assert one["win_rate"] == two["win_rate"]


def test_wrong_use_is_one_line(pairs: Path) -> None:
    assert "judge none takes no requests" in complaint(run("estimate", pairs, "--judge", "none"))
    url = ("--judge", "openai/any", "--judge-base-url", "http://127.0.0.1:9/v1")
    assert "give both" in complaint(run("estimate", pairs, *url, "--price-input", 1))


def test_a_benchmark_is_estimated_before_there_are_answers(tmp_path: Path) -> None:
    judge = ("--judge", "openai/any", "--judge-base-url", "http://127.0.0.1:9/v1")
    command = ("estimate", "--benchmark", "mini", "--languages", "fi,fo", "--limit", 3, *judge)
    one, four = run(*command), run(*command, "--models", 4)
    assert one.returncode == four.returncode == 0, one.stderr + four.stderr
    assert one.stdout.startswith("12 requests, ")  # Two orders of six items.
    assert four.stdout.startswith("4 models: 48 requests, ")
    assert "3 of 6 rows have no reference" in one.stderr
    assert "one of them" in complaint(run("estimate", *judge))
    pairs = write_jsonl(tmp_path / "pairs.jsonl", [ROW])
    assert "one of them" in complaint(run("estimate", pairs, "--benchmark", "mini", *judge))


def test_of_a_run_only_what_is_missing_is_priced(tmp_path: Path) -> None:
    pairs, folder = write_jsonl(tmp_path / "pairs.jsonl", [{**ROW, "id": f"p{n}"} for n in range(4)]), tmp_path / "run"
    prices = ("--price-input", 100, "--price-output", 100)
    with JudgeServer() as server:
        one = ("--judge", "openai/one", "--judge-base-url", server.url)
        other = ("--judge", "openai/other", "--judge-base-url", server.url)
        assert run("judge", pairs, *one, "--output", folder).returncode == 0
        asked = server.stats()["requests"]
        same = run("estimate", folder, *one, *prices, "--output", tmp_path / "same.json")
        both = run("estimate", folder, *one, "--both-orders")
        rated = run("estimate", folder, *one, "--criteria")
        new = run("estimate", folder, *other)
        assert server.stats()["requests"] == asked
    assert same.stdout.startswith("0 requests"), same.stderr
    assert "4 of 4 requests are answered in" in same.stdout
    assert "price: 0.00" in same.stdout
    assert re.search(r"price of all 4 requests: 0\.0*[1-9]", same.stdout)
    found = json.loads((tmp_path / "same.json").read_text())
    assert (found["requests"], found["requests_in_all"]) == (0, 4)
    assert both.stdout.startswith("4 requests")
    assert "4 of 8 requests are answered" in both.stdout
    assert rated.stdout.startswith("4 requests")
    assert new.stdout.startswith("4 requests")
    assert "are answered" not in new.stdout
