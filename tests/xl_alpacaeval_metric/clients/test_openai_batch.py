"""The Batch API against a real HTTP server with files and batches."""

import json
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.commands import run_alpacaeval, start_alpacaeval
from tests.helpers import comparison, wait_until
from tests.servers.batch import BatchServer
from tests.servers.judge import hash_verdict
from tests.xl_alpacaeval_metric.clients.endpoint_client import ask, asks, is_verdict
from xl_alpacaeval_metric.cli import app
from xl_alpacaeval_metric.cli.options.judging import ask_in_batches
from xl_alpacaeval_metric.clients.base import Completion, Failure, Reply, Request
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.clients.openai_batch import api, bounded_replies
from xl_alpacaeval_metric.clients.openai_batch.client import BatchClient
from xl_alpacaeval_metric.clients.openai_batch.ledger import Job, Ledger
from xl_alpacaeval_metric.clients.openai_batch.lines import input_files
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import ModelUnavailable, UserError
from xl_alpacaeval_metric.judge.pairwise import Judge
from xl_alpacaeval_metric.progress import silent
from xl_alpacaeval_metric.runs import evaluate as runs

KEY = "sk-very-secret-key"
FATES = ("answer", "refused", "limited", "nonsense", "empty", "missing", "unsent", "broken")
NO_REPLY = ("missing", "unsent", "broken")


def letter(request: Request) -> str:
    return "A" if hash_verdict({"messages": request.messages}) > 0.5 else "B"


def fate(body: dict[str, Any]) -> str:
    """The fates in turn, by the number at the end of the message."""
    return FATES[int(body["messages"][0]["content"].split()[-1]) % len(FATES)]


@contextmanager
def client_of(server: BatchServer, folder: Path, key: str = KEY, **options: Any) -> Iterator[BatchClient]:
    inner = OpenAIClient("m", base_url=server.url, api_key=key, concurrency=8, timeout=5.0, retries=2)
    options = {"poll_seconds": 0.01, "patience": 5.0, "long_patience": 5.0, **options}
    with closing(BatchClient(inner, folder, **options)) as client:
        yield client


def complete(server: BatchServer, folder: Path, requests: list[Request], **options: Any) -> dict[int, Reply]:
    """Every reply, each index once."""
    with client_of(server, folder, **options) as client:
        replies = list(client.complete(requests, is_verdict))
    assert sorted(index for index, _ in replies) == list(range(len(requests)))
    return dict(replies)


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer() as server:
        yield server


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "backoff", lambda attempt: 0.01)


# Replies


def test_the_replies_are_those_of_the_ordinary_path(server: BatchServer, tmp_path: Path) -> None:
    requests = [*asks(20), ask("pair 3"), ask("pair 5"), ask("pair 3")]
    server.change(polls=3)
    batched = complete(server, tmp_path, requests)
    with closing(OpenAIClient("m", base_url=server.url, api_key=KEY)) as ordinary:
        assert dict(ordinary.complete(requests, is_verdict)) == batched
    assert [reply.text for _, reply in sorted(batched.items()) if isinstance(reply, Completion)] == [
        letter(request) for request in requests
    ]
    assert len(server.uploads) == len(server.batches) == 1
    assert server.uploads[0]["purpose"] == "batch"
    assert server.creations == [
        {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    ]
    rows = server.lines("file-1")
    assert len({row["custom_id"] for row in rows}) == len(rows) == 20
    assert {(row["method"], row["url"]) for row in rows} == {("POST", "/v1/chat/completions")}


def test_what_came_to_nothing_is_asked_the_ordinary_way(
    server: BatchServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    requests = asks(2 * len(FATES))
    server.change(row=fate)
    replies = complete(server, tmp_path, requests)
    for index, request in enumerate(requests):
        reply = replies[index]
        assert isinstance(reply, Completion), reply
        assert reply.text == letter(request)
        assert reply.retries == (FATES[index % len(FATES)] not in ("answer", *NO_REPLY)), FATES[index % len(FATES)]
    assert len(server.seen.log) == 1 + 14, "the probe, and what the batch did not answer"
    assert len(server.batches) == 1
    assert "14 of 16 requests go on one by one" in caplog.text
    assert "no usable answer in 'I am not sure.'" in caplog.text


@pytest.mark.parametrize("ends", ["expired", "cancelled"])
def test_of_a_batch_that_ended_early_the_answers_are_taken(
    server: BatchServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, ends: str
) -> None:
    server.change(ends=ends, row=lambda body: "unsent" if hash_verdict(body) > 0.5 else "answer")
    requests = asks(30)
    unsent = sum(letter(request) == "A" for request in requests)
    replies = complete(server, tmp_path, requests)
    assert [replies[i].text for i in range(30)] == [letter(request) for request in requests]  # type: ignore[union-attr]
    assert len(server.seen.log) == 1 + unsent
    assert f"batch_1 {ends}: {unsent} of 30 requests go on one by one" in caplog.text


def test_a_batch_that_failed_as_a_whole_is_asked_the_ordinary_way(
    server: BatchServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.change(ends="failed")
    replies = complete(server, tmp_path, asks(5))
    assert [replies[i].text for i in range(5)] == [letter(request) for request in asks(5)]  # type: ignore[union-attr]
    assert all(reply.retries == 0 for reply in replies.values())
    assert "batch_1 failed (This line is not parseable" in caplog.text
    assert "5 of 5 requests go on one by one" in caplog.text
    # Requests that failed one by one, too, are in no further batch.
    complete(server, tmp_path, asks(2))
    assert len(server.batches) == 1


def test_half_a_character_stays_out_of_the_file(server: BatchServer, tmp_path: Path) -> None:
    requests = [ask("pair 0"), ask("half \ud800"), ask("line\u2028ends\u0085 and हिन्दी")]
    replies = complete(server, tmp_path, requests)
    assert isinstance(replies[1], Failure)
    assert replies[1].kind == "refused"
    content = server.files["file-1"].decode()
    assert len(content.splitlines()) == len(server.lines("file-1")) == 2
    assert server.lines("file-1")[1]["body"]["messages"][0]["content"] == "line\u2028ends\u0085 and हिन्दी"


def test_no_requests_no_batch(server: BatchServer, tmp_path: Path) -> None:
    assert complete(server, tmp_path / "run", []) == {}
    assert not server.calls
    assert not (tmp_path / "run").exists()


# Limits


def test_many_requests_are_several_batches(server: BatchServer, tmp_path: Path) -> None:
    requests = asks(10)
    replies = complete(server, tmp_path, requests, max_requests=4)
    assert [replies[i].text for i in range(10)] == [letter(request) for request in requests]  # type: ignore[union-attr]
    assert [len(server.lines(upload["id"])) for upload in server.uploads] == [4, 4, 2]
    assert len(server.seen.log) == 1


@given(st.lists(st.integers(0, 60), max_size=30), st.integers(1, 8), st.integers(100, 400))
def test_no_file_is_beyond_the_limits(lengths: list[int], max_requests: int, max_bytes: int) -> None:
    bodies = [(str(index), {"text": "é" * length}) for index, length in enumerate(lengths)]
    found = []
    for names, file in input_files(bodies, max_requests, max_bytes):
        size = file.tell()
        file.seek(0)
        rows = [json.loads(line) for line in file]
        assert [row["custom_id"] for row in rows] == list(names)
        assert len(rows) <= max_requests
        assert size <= max_bytes or len(rows) == 1
        found += [(row["custom_id"], row["body"]) for row in rows]
    assert found == bodies


def test_batches_wait_for_each_other_where_the_account_lets_few_in(server: BatchServer, tmp_path: Path) -> None:
    server.change(enqueued=4, polls=2)
    replies = complete(server, tmp_path, asks(10), max_requests=3)
    assert all(isinstance(reply, Completion) for reply in replies.values())
    assert len(server.seen.log) == 1, "nothing was asked at the full price"
    assert len(server.uploads) == 4


def test_a_batch_that_the_account_does_not_let_in_is_one_line(server: BatchServer, tmp_path: Path) -> None:
    server.change(enqueued=4)
    with pytest.raises(UserError, match=r"Enqueued token limit reached.*give fewer rows") as caught:
        complete(server, tmp_path, asks(5))
    assert "\n" not in str(caught.value)
    assert len(server.seen.log) == 1
    server.change(enqueued=5)
    assert len(complete(server, tmp_path, asks(5))) == 5
    assert len(server.uploads) == 1, "the file that is there was used"


# Resuming


@pytest.mark.slow
def test_a_killed_run_goes_on_with_the_same_batch(server: BatchServer, tmp_path: Path) -> None:
    pairs = tmp_path / "pairs.jsonl"
    items = [comparison(number) for number in range(6)]
    row = {"language": "de"}
    pairs.write_text(
        "".join(
            json.dumps(
                {**row, "id": i.id, "instruction": i.instruction, "prediction": i.prediction, "reference": i.reference}
            )
            + "\n"
            for i in items
        )
    )
    command = [
        "judge",
        pairs,
        "--judge",
        "openai/m",
        "--batch",
        "--judge-base-url",
        server.url,
        "--output",
        tmp_path / "run",
    ]
    server.change(hold=True)
    with start_alpacaeval(*command, OPENAI_API_KEY=KEY) as process:
        wait_until(lambda: server.calls["GET /v1/batches/*"] >= 2, process)
        os.kill(process.pid, signal.SIGKILL)
    state = (tmp_path / "run" / "batch.json").read_text()
    assert "batch_1" in state
    assert KEY not in state
    server.change(hold=False)
    result = run_alpacaeval(*command, OPENAI_API_KEY=KEY)
    assert result.returncode == 0, result.stderr
    assert (len(server.uploads), len(server.batches)) == (1, 1)
    assert len(server.seen.log) == 2, "a probe each"

    ordinary = Judge(OpenAIClient("m", base_url=server.url, api_key=KEY))
    ordinary.client.preflight()
    runs.judge_pairs(items, ordinary, tmp_path / "ordinary", silent)
    one, other = (json.loads((tmp_path / name / "results.json").read_text()) for name in ("run", "ordinary"))
    del one["usage"]["seconds"], other["usage"]["seconds"]
    assert one == other
    assert (one["n"], one["usage"]["requests"]) == (6, 6)


def test_an_interrupted_wait_goes_on(server: BatchServer, tmp_path: Path) -> None:
    def interrupt(step: str, done: int, total: int, text: str = "", /) -> None:
        steps.append((text, done, total))
        if text == "batch in progress":
            raise KeyboardInterrupt

    steps: list[tuple[str, int, int]] = []
    server.change(hold=True)
    with client_of(server, tmp_path, progress=interrupt) as client, pytest.raises(KeyboardInterrupt):
        list(client.complete(asks(5)))
    server.change(hold=False)
    # More requests than before: these alone are in a batch of their own.
    assert len(complete(server, tmp_path, asks(7))) == 7
    assert [len(server.lines(upload["id"])) for upload in server.uploads] == [5, 2]
    assert steps == [("batch being uploaded", 0, 5), ("batch validating", 0, 5), ("batch in progress", 0, 5)]


def test_what_a_batch_answered_is_not_fetched_twice(server: BatchServer, tmp_path: Path) -> None:
    with client_of(server, tmp_path) as client:
        replies = client.complete(asks(10))
        first = [next(replies) for _ in range(4)]
        replies.close()  # type: ignore[attr-defined]
    calls = server.calls.copy()
    done = {index for index, _ in first}
    rest = [request for index, request in enumerate(asks(10)) if index not in done]
    replies_now = complete(server, tmp_path, rest)
    assert [replies_now[i].text for i in range(6)] == [letter(request) for request in rest]  # type: ignore[union-attr]
    assert server.calls == calls
    assert len(server.seen.log) == 2


@pytest.mark.parametrize("mishap", ["drop", "500", "429", "html", "nothing", "long", "packed"])
def test_passing_faults_are_sat_out(
    server: BatchServer, tmp_path: Path, mishap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_replies, "MAX_FILE_BYTES", 2**24)
    calls = ("POST /v1/files", "POST /v1/batches", "GET /v1/batches/*", "GET /v1/files/*/content", "GET /v1/batches")
    server.mishaps = {call: [mishap, mishap] for call in calls}
    texts: list[str] = []
    replies = complete(server, tmp_path, asks(5), progress=lambda step, done, total, text="": texts.append(text))
    assert all(isinstance(reply, Completion) for reply in replies.values())
    assert (len(server.uploads), len(server.batches), len(server.seen.log)) == (1, 1, 1)
    assert not any(server.mishaps.values())
    assert sum("trying again" in text for text in texts) == 10


def test_a_new_file_need_not_be_known_everywhere_at_once(server: BatchServer, tmp_path: Path) -> None:
    server.mishaps = {"POST /v1/batches": ["unknown"], "GET /v1/files/*/content": ["unknown", "unknown"]}
    assert len(complete(server, tmp_path, asks(5))) == 5
    assert (len(server.uploads), len(server.batches), len(server.seen.log)) == (1, 1, 1)
    server.mishaps = {"GET /v1/files/*/content": ["unknown"] * 1000}
    with pytest.raises(UserError, match=r"No File found with id 'file-batch_2-output'.*deleted, or another key"):
        complete(server, tmp_path / "other", asks(5), patience=0.1)


@pytest.mark.parametrize("lists", [True, False])
def test_a_batch_whose_making_was_not_answered_is_found_again(server: BatchServer, tmp_path: Path, lists: bool) -> None:
    """By its file in the list of batches; an endpoint without that list gets a second batch."""
    server.mishaps = {"POST /v1/batches": ["lost"], **({} if lists else {"GET /v1/batches": ["404"]})}
    assert len(complete(server, tmp_path, asks(5))) == 5
    assert len(server.batches) == (1 if lists else 2)


def test_a_process_killed_before_the_batch_was_noted_goes_on_with_it(server: BatchServer, tmp_path: Path) -> None:
    server.mishaps = {"POST /v1/batches": ["lost", "500"], "GET /v1/batches": ["500"] * 3}
    with pytest.raises(ModelUnavailable, match=r"status 500|no connection"):
        complete(server, tmp_path, asks(5), patience=0.02)
    assert json.loads((tmp_path / "batch.json").read_text())["jobs"][0]["batch"] is None
    server.mishaps = {}
    assert len(complete(server, tmp_path, asks(5))) == 5
    assert (len(server.uploads), len(server.batches)) == (1, 1)


def test_an_endpoint_that_is_gone_while_a_batch_runs_is_one_line(server: BatchServer, tmp_path: Path) -> None:
    server.mishaps = {"GET /v1/batches/*": ["503"] * 1000}
    with pytest.raises(ModelUnavailable, match=r"status 503.*the same command goes on here") as caught:
        complete(server, tmp_path, asks(5), long_patience=0.1)
    assert "\n" not in str(caught.value)
    server.mishaps = {}
    assert len(complete(server, tmp_path, asks(5))) == 5
    assert (len(server.uploads), len(server.batches)) == (1, 1)


def test_a_batch_that_the_endpoint_does_not_know_is_not_replaced(server: BatchServer, tmp_path: Path) -> None:
    server.change(hold=True)
    server.mishaps = {"GET /v1/batches/*": ["503"] * 1000}
    with pytest.raises(ModelUnavailable):
        complete(server, tmp_path, asks(5), long_patience=0.0)
    server.mishaps = {}
    server.batches.clear()
    with pytest.raises(UserError, match=r"No Batch found.*another key.*batch\.json to begin anew"):
        complete(server, tmp_path, asks(5))
    assert len(server.uploads) == 1
    (tmp_path / "batch.json").unlink()
    server.change(hold=False)
    assert len(complete(server, tmp_path, asks(5))) == 5


@pytest.mark.parametrize("content", ["{", "[]", '{"jobs": 3}', '{"jobs": [{"file": "f"}]}', '{"jobs": ["f"]}', "{}"])
def test_a_damaged_ledger_is_one_line(server: BatchServer, tmp_path: Path, content: str) -> None:
    (tmp_path / "batch.json").write_text(content)
    with pytest.raises(UserError, match=r"batch\.json"):
        complete(server, tmp_path, asks(1))
    assert not server.uploads


# Endpoints and keys


@pytest.mark.parametrize("without", ["/v1/files", "/v1/batches"])
def test_an_endpoint_without_the_batch_api_is_one_line(server: BatchServer, tmp_path: Path, without: str) -> None:
    server.change(without=(without,))
    with pytest.raises(UserError, match=r"status 404.*--batch needs an endpoint with OpenAI's Batch API") as caught:
        complete(server, tmp_path, asks(5))
    assert "\n" not in str(caught.value)
    assert server.url in str(caught.value)
    assert len(server.seen.log) == 1


def test_a_key_that_is_refused_is_one_line_without_the_key(
    server: BatchServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with client_of(server, tmp_path) as client:
        client.preflight()
        server.change(key="sk-another")
        with pytest.raises(ModelUnavailable, match=r"status 401.*check OPENAI_API_KEY") as caught:
            list(client.complete(asks(5)))
    assert "\n" not in str(caught.value)
    assert KEY not in f"{caught.value} {caplog.text}"


def test_a_refused_batch_is_one_line(server: BatchServer, tmp_path: Path) -> None:
    server.mishaps = {"POST /v1/batches": ["400"]}
    with pytest.raises(UserError, match="the batch was refused: status 400: Told to answer 400"):
        complete(server, tmp_path, asks(5))


def test_credentials_in_the_address_reach_files_and_batches_and_no_log(
    server: BatchServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = server.url.replace("http://", "http://user:pass-word@") + "?api-key=query-secret"
    with closing(BatchClient(OpenAIClient("m", base_url=url), tmp_path, poll_seconds=0.01)) as client:
        assert len(list(client.complete(asks(2)))) == 2
        client.preflight()
    assert server.seen.last_path.endswith("?api-key=query-secret")
    said = f"{caplog.text} {(tmp_path / 'batch.json').read_text()}"
    assert "POST" in said
    assert not [secret for secret in ("pass-word", "query-secret") if secret in said]


@pytest.mark.parametrize("command", ["judge", "eval"])
def test_other_judges_have_no_batches(tmp_path: Path, command: str) -> None:
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text('{"instruction": "i", "prediction": "p", "reference": "r", "language": "de"}\n')
    words = {"judge": [str(pairs)], "eval": ["some/model", "--limit", "1", "--languages", "de"]}[command]
    with pytest.raises(UserError, match="--batch goes with a judge openai/MODEL, not with none"):
        app([command, *words, "--judge", "none", "--batch", "--output", str(tmp_path / "run")], standalone_mode=False)
    with pytest.raises(UserError, match="not with scripted/scripted"):
        ask_in_batches(Judge(ScriptedClient(lambda request: "A")), tmp_path, silent)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("batch", ["verdicts", "../x", "criteria", "rows", "a" * 500, "batch", "\ud800"])
def test_a_batch_s_file_replaces_no_other_file_of_the_run(batch: str, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    file = ledger.replies_file(Job("file-1", batch, "completed", ()))
    assert file.parent == tmp_path
    assert file.name.startswith("batch-")
    file.write_bytes(b"")
    usual = ledger.replies_file(Job("file-1", "batch_6720f", "completed", ()))
    assert usual.name == "batch_6720f.jsonl"
