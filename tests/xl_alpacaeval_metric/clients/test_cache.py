"""The cache: which replies it finds again, which it must not, what a killed process leaves."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers import wait_until
from tests.servers.judge import Behaviour, JudgeServer, key_of
from tests.xl_alpacaeval_metric.clients.endpoint_client import ask
from xl_alpacaeval_metric.clients.base import Completion, Failure, IsUsable, Reply, Request
from xl_alpacaeval_metric.clients.cache import CachedAsyncClient, CachedClient
from xl_alpacaeval_metric.clients.fingerprint import canonical, fingerprint
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
from xl_alpacaeval_metric.clients.openai.probe import PROBE
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities
from xl_alpacaeval_metric.clients.reply_store import ReplyStore
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
from xl_alpacaeval_metric.errors import UserError


def answer(request: Request) -> Completion:
    text = request.messages[0]["content"]
    return Completion(text, {"A": -0.25, "B": -1.5}, prompt_tokens=len(text), completion_tokens=1)


def judged(
    path: Path, requests: Sequence[Request], client: Any = None, is_usable: IsUsable | None = None
) -> dict[int, Reply]:
    with closing(CachedClient(client or ScriptedClient(answer), path)) as cached:
        replies = list(cached.complete(requests, is_usable))
    assert sorted(index for index, _ in replies) == list(range(len(requests)))
    return dict(replies)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "cache.sqlite"


def test_a_reply_is_paid_for_once(path: Path) -> None:
    requests = [ask(f"pair {i}") for i in range(1200)]
    first = judged(path, requests)
    assert first[7] == answer(requests[7])
    client = ScriptedClient(answer)
    again = judged(path, [ask("new"), *requests], client)
    assert client.sent == [ask("new")]
    kept = again[8]
    assert isinstance(kept, Completion)
    assert kept == Completion("pair 7", {"A": -0.25, "B": -1.5}, prompt_tokens=6, completion_tokens=1, cached=True)
    assert sum(isinstance(reply, Completion) and reply.cached for reply in again.values()) == 1200


def test_the_same_request_twice_is_one_request(path: Path) -> None:
    client = ScriptedClient(answer)
    for _ in range(2):
        replies = judged(path, [ask("x"), ask("y"), ask("x")], client)
        copy = replies[2]
        assert isinstance(copy, Completion)
        assert (copy.text, copy.cached, copy.prompt_tokens) == ("x", True, 0)
    assert client.sent == [ask("x"), ask("y")]


CHANGES: list[dict[str, Any]] = [
    {"messages": ({"role": "user", "content": "x "},)},
    {"messages": ({"role": "system", "content": "x"},)},
    {"messages": ({"role": "user", "content": "x"}, {"role": "user", "content": "x"})},
    {"max_tokens": 2},
    {"temperature": 0.5},
    {"choices": ("A",)},
    {"choices": ()},
    {"json_schema": {"type": "object"}},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_another_request_is_another_reply(path: Path, change: Mapping[str, Any]) -> None:
    judged(path, [ask("x")])
    client = ScriptedClient(answer)
    judged(path, [ask("x", **change)], client)
    assert len(client.sent) == 1


def test_another_model_is_another_reply(path: Path) -> None:
    judged(path, [ask("x")], ScriptedClient(answer, model="m"))
    for model, sent in (("n", 1), ("m", 0)):
        client = ScriptedClient(answer, model=model)
        judged(path, [ask("x")], client)
        assert len(client.sent) == sent


def test_what_the_endpoint_takes_is_part_of_the_key_and_the_pace_is_not(path: Path) -> None:
    with JudgeServer() as server:
        for behaviour, options, cached in (
            (Behaviour(), {"concurrency": 2}, False),
            (Behaviour(), {"concurrency": 8, "retries": 1, "timeout": 9.0, "api_key": "another"}, True),
            (Behaviour(logprobs=False), {}, False),
        ):
            server.behaviour = behaviour
            client = OpenAIClient("m", base_url=server.url, **options)
            reply = judged(path, [ask("x")], client)[0]
            assert isinstance(reply, Completion)
            assert reply.cached is cached


VERDICT = Request(
    ({"role": "system", "content": "Antworte."}, {"role": "user", "content": "Wähle A oder B"}), 1, choices=("A", "B")
)
RATING = Request(({"role": "user", "content": "Rate it"},), 64, 0.7, json_schema={"type": "object"}, sample=3)


@pytest.mark.parametrize(
    ("capabilities", "asked", "key"),
    [
        (Capabilities(), VERDICT, "9cf099722aeb34dd838b0f16c0aec8fd04bc8a646b280caf6ce7c2945fc40242"),
        (Capabilities(), RATING, "af3b8397bd111cf31a686f0bb767f44fb620f97c24d1a362c7d43861f328ffc7"),
        (
            Capabilities(top_logprobs=0, temperature=False),
            VERDICT,
            "fa076ededcfb3c06bff3705c5279900b2d7d34adfd3175d8c7fbe1bff4ce74dd",
        ),
    ],
    ids=["verdict", "rating", "an endpoint that takes less"],
)
def test_a_cache_of_version_0_1_0_is_hit(capabilities: Capabilities, asked: Request, key: str, tmp_path: Path) -> None:
    """The keys were computed, and the file's schema was taken, from version 0.1.0."""
    path = tmp_path / "cache.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE replies (key BLOB PRIMARY KEY, reply TEXT NOT NULL)")
        db.execute(f"PRAGMA application_id = {0x584C4143}")
        db.execute("PRAGMA user_version = 1")
        db.execute("INSERT INTO replies VALUES (?, ?)", (bytes.fromhex(key), '["A", {"A": -0.25}, 30, 1]'))
        db.commit()
    client = OpenAIClient("gpt-4o", base_url="http://localhost:8000/v1", capabilities=capabilities)
    with closing(CachedAsyncClient(client, path)) as cached:
        reply = asyncio.run(cached.answer(asked))
    assert reply == Completion("A", {"A": -0.25}, prompt_tokens=30, completion_tokens=1, cached=True)


def test_only_usable_completions_are_kept(path: Path) -> None:
    answers: dict[str, Reply | str] = {"refused": Failure("refused", "no"), "odd": "hm", "good": "A"}
    client = ScriptedClient(lambda request: answers[request.messages[0]["content"]])
    requests = [ask(text) for text in answers]
    for _ in range(2):
        replies = judged(path, requests, client, lambda completion: completion.text == "A")
        assert [type(replies[index]) for index in range(3)] == [Failure, Failure, Completion]
    assert client.sent == [*requests, *requests[:2]]


def test_a_kept_reply_that_is_no_longer_usable_is_asked_for_again(path: Path) -> None:
    judged(path, [ask("x")], ScriptedClient(lambda _: "perhaps A"))
    for sent in (1, 0):
        client = ScriptedClient(lambda _: "A")
        assert judged(path, [ask("x")], client, lambda completion: completion.text == "A")[0]
        assert len(client.sent) == sent


@given(st.text(st.characters(), max_size=20), st.none() | st.dictionaries(st.text(), st.floats(allow_nan=False)))
def test_every_completion_comes_back_as_it_was(text: str, logprobs: dict[str, float] | None) -> None:
    with closing(ReplyStore(":memory:")) as store:
        store.keep(b"k", Completion(text, logprobs, 3, 4, retries=2))
        assert list(store.find([b"k", b"l"])) == [(b"k", Completion(text, logprobs, 3, 4, cached=True)), (b"l", None)]


def test_a_text_cut_inside_a_character_is_kept(path: Path) -> None:
    judged(path, [ask("\ud83d")])
    assert judged(path, [ask("\ud83d")], ScriptedClient(lambda _: "not asked"))[0] == Completion(
        "\ud83d", {"A": -0.25, "B": -1.5}, 1, 1, cached=True
    )


def test_the_fingerprint_does_not_depend_on_spelling() -> None:
    one = Request(({"role": "user", "content": "x"},), 1, 0, ("A",), {"a": 1, "b": (2,)})
    two = Request(({"content": "x", "role": "user"},), 1, 0.0, ("A",), {"b": [2], "a": 1})
    assert fingerprint(one) == fingerprint(two)
    assert fingerprint(one, canonical({"model": "m"})) != fingerprint(one, canonical({"model": "n"}))
    with pytest.raises(TypeError, match="only JSON values"):
        fingerprint(ask("x", json_schema={"a": object()}))


class Negotiating(ScriptedClient):
    """Like an endpoint's client: it knows its identity only after the preflight."""

    settled = False
    closed = False
    stopped = False

    @property
    def identity(self) -> Mapping[str, object]:
        return {"settled": self.settled}

    def preflight(self) -> None:
        self.settled = True

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        try:
            yield from super().complete(requests, is_usable)
        finally:
            self.stopped = True

    def close(self) -> None:
        self.closed = True


def test_passes_on_what_is_not_its_own(path: Path) -> None:
    client = Negotiating(answer, model="m")
    cached = CachedClient(client, path)
    assert cached.spec == "scripted/m"
    replies = cached.complete([ask("x"), ask("y")])
    next(replies)
    assert cached.identity == {"settled": True}
    assert not client.stopped
    replies.close()  # type: ignore[attr-defined]
    assert client.stopped
    cached.close()
    assert client.closed
    judged(path, [ask("x")], later := Negotiating(answer))
    assert later.sent == []


# Files


def damaged_in_the_middle(path: Path) -> None:
    judged(path, [ask(f"{i} {'x' * 200}") for i in range(300)])
    data = bytearray(path.read_bytes())
    data[4096:] = random.Random(0).randbytes(len(data) - 4096)
    path.write_bytes(data)


def of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE replies (key, reply)")


def of_a_later_version(path: Path) -> None:
    judged(path, [ask("x")])
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_text("id,verdict\n" * 1000), "file is not a database; give another file"),
        (of_another_program, "not a cache of this version"),
        (of_a_later_version, "not a cache of this version"),
        (damaged_in_the_middle, "malformed; give another file"),
        (lambda path: path.mkdir(), "unable to open database file; give a file that can be written"),
    ],
    ids=["text", "another program", "later version", "damaged", "folder"],
)
def test_a_file_that_is_no_cache_is_told_in_one_line(tmp_path: Path, make: Any, says: str) -> None:
    path = tmp_path / "cache.sqlite"
    make(path)
    with pytest.raises(UserError, match=says) as caught:
        judged(path, [ask(f"{i} {'x' * 200}") for i in range(300)])
    assert str(caught.value).startswith(f"cache {path}: ")
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="give a file that can be written"):
        CachedClient(ScriptedClient(answer), tmp_path / "file" / "cache.sqlite")


def test_an_empty_file_is_a_new_cache(tmp_path: Path) -> None:
    (tmp_path / "cache.sqlite").touch()
    judged(tmp_path / "cache.sqlite", [ask("x")])


# Concurrent and killed processes

WRITER = """
import sys
from pathlib import Path
from xl_alpacaeval_metric.clients.cache import CachedClient
from xl_alpacaeval_metric.clients.base import Request
from xl_alpacaeval_metric.clients.scripted import ScriptedClient
name, path = sys.argv[1:]
sys.stdin.read()
requests = [Request(({"role": "user", "content": f"{i}"},), 1) for i in range(400)]
cached = CachedClient(ScriptedClient(lambda request: name), path)
print(len(list(cached.complete(requests))))
"""


def test_several_processes_share_one_file(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in "abcd"
    ]
    for writer in writers:  # all have imported by now or soon: start them together
        assert writer.stdin is not None
        writer.stdin.close()
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.read() == "400\n"
        assert writer.wait() == 0
    client = ScriptedClient(lambda _: "not asked")
    replies = judged(path, [Request(({"role": "user", "content": f"{i}"},), 1) for i in range(400)], client)
    assert client.sent == []
    assert {reply.text for reply in replies.values() if isinstance(reply, Completion)} <= set("abcd")


JUDGE = """
import os, sys
import aiohttp
from xl_alpacaeval_metric.clients.cache import CachedClient
from xl_alpacaeval_metric.clients.base import Request
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient
url, path, n, concurrency = sys.argv[1:]
for line in sys.stdin:
    # A process for each run, forked so that the slow imports happen once.
    if child := os.fork():
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    client = CachedClient(OpenAIClient("m", base_url=url, concurrency=int(concurrency)), path)
    requests = [Request(({"role": "user", "content": f"pair {i}"},), 1, choices=("A", "B")) for i in range(int(n))]
    done = sum(reply.logprobs is not None for _, reply in client.complete(requests))
    os._exit(0 if done == len(requests) else 1)
"""


@pytest.mark.slow
def test_twenty_killed_processes_repeat_no_more_than_was_in_flight(tmp_path: Path) -> None:
    n, concurrency, kills = 900, 8, 20
    path = tmp_path / "cache.sqlite"
    chance = random.Random(1)
    with JudgeServer(Behaviour(latency=0.04)) as server:

        def sent() -> int:
            return len(server.seen.log) - server.seen.keys[key_of(PROBE.messages)]

        arguments = [sys.executable, "-c", JUDGE, server.url, str(path), str(n), str(concurrency)]
        with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as judge:
            assert judge.stdin is not None
            assert judge.stdout is not None

            def start() -> int:
                print("go", file=judge.stdin, flush=True)
                return int(judge.stdout.readline())  # type: ignore[union-attr]

            at_work = 0
            for kill in range(kills):
                before, child = sent(), start()
                if kill % 2:
                    wait_until(lambda: sent() > before)  # noqa: B023
                time.sleep(chance.uniform(0.0, 0.2))
                os.kill(child, signal.SIGKILL)
                assert int(judge.stdout.readline()) == -signal.SIGKILL
                at_work += sent() > before
            assert sent() < n, "the runs should have been killed before the end"
            assert at_work >= kills // 2
            start()
            assert int(judge.stdout.readline()) == 0
        assert n <= sent() <= n + at_work * concurrency
        # The last run has sent exactly the requests whose replies no earlier run kept.
        total = sent()
        client = OpenAIClient("m", base_url=server.url)
        replies = judged(path, [ask(f"pair {i}") for i in range(n)], client)
        assert sent() == total
    assert all(isinstance(reply, Completion) and reply.cached for reply in replies.values())
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM replies").fetchone() == (n,)
        assert all(json.loads(reply)[1] for (reply,) in db.execute("SELECT reply FROM replies"))


def test_equal_requests_at_the_same_time_are_sent_once(tmp_path: Path) -> None:
    texts = ("to all", "to marked", "to all", "to all", "to marked")

    async def asked(server: JudgeServer) -> list[Reply]:
        with closing(
            CachedAsyncClient(OpenAIClient("judge", base_url=server.url), tmp_path / "replies.sqlite")
        ) as client:
            return await asyncio.gather(*(client.answer(ask(text)) for text in texts))

    with JudgeServer(latency=0.05, marker="marked") as server:
        replies = asyncio.run(asked(server))
        sent = Counter(key for _, key, _ in server.seen.log)
    # A refusal is not shared: each request that waited is sent.
    assert [isinstance(reply, Completion) for reply in replies] == [True, False, True, True, False]
    assert [sent[key_of(ask(text).messages)] for text in texts[:2]] == [1, 2]
