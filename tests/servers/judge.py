"""A judge behind a real HTTP server, whose latency and faults are switched by its options.

In a test:        with JudgeServer(Behaviour(latency=0.05)) as server: ... server.url ... server.stats()
On the command line:  python tests/judge_server.py --port 0 --latency 0.3     (prints its address)

It answers `/v1/chat/completions` and `/v1/models` as OpenAI does, and `/stats` with what it has seen.
Verdicts are a function of the request alone, so that a run can be held to the verdicts it should have.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

FAULTS = ("rate_limit", "error", "drop", "html", "empty", "cut", "nonsense", "silence")
Verdict = Callable[[dict[str, Any]], float]
"""Request body -> probability of the answer "A"."""


def key_of(messages: Iterable[Mapping[str, str]]) -> str:
    """What a request is counted under: its messages alone."""
    return hashlib.sha256(json.dumps([dict(m) for m in messages], sort_keys=True).encode()).hexdigest()


def hash_verdict(body: dict[str, Any]) -> float:
    """A probability in (0, 1) that depends on the messages alone."""
    return (int(key_of(body["messages"])[:8], 16) + 1) / (2**32 + 2)


@dataclass(frozen=True)
class Behaviour:
    """How the server behaves. `fault_rate` is the share of answers that are one of `faults`, drawn from `seed`.

    `refuses` names request parameters that are answered by 400, and `max_top_logprobs` the largest number accepted.
    `logprobs=False` ignores the parameter silently. `capacity` is how many requests at once are answered; more get a 429.
    `ends_after` kills the service: from that request on, every answer has the status `ends_with`. `reply` writes another
    text than a verdict. Messages with `marker` in them get `marker_status`. `finish` is the reason that answers end for.
    """

    latency: float = 0.0
    fault_rate: float = 0.0
    faults: tuple[str, ...] = FAULTS
    seed: int = 0
    retry_after: str | None = "0.2"
    key: str | None = None
    models: tuple[str, ...] = ()
    marker: str | None = None
    marker_status: int = 400
    finish: str = "stop"
    logprobs: bool = True
    max_top_logprobs: int = 20
    refuses: tuple[str, ...] = ()
    capacity: int | None = None
    ends_after: int | None = None
    ends_with: int = 404
    reasoning: bool = False
    verdict: Verdict = hash_verdict
    reply: Callable[[dict[str, Any]], str] | None = None


@dataclass
class Seen:
    """What the server has seen: one (monotonic seconds, key, what it was answered) per request, and how often each key."""

    log: list[tuple[float, str, str]] = field(default_factory=list)
    keys: Counter[str] = field(default_factory=Counter)
    last_body: dict[str, Any] = field(default_factory=dict)
    last_headers: dict[str, str] = field(default_factory=dict)
    last_path: str = ""
    in_flight: int = 0
    max_in_flight: int = 0
    abandoned: int = 0


class _Refused(Exception):
    def __init__(self, status: int, message: str, param: str | None = None, headers: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.headers = status, message, param, headers


class JudgeServer:
    """The server in a thread of its own; use it as a context manager. `behaviour` may be replaced while it runs."""

    def __init__(self, behaviour: Behaviour | None = None, port: int = 0, **options: Any) -> None:
        self.behaviour = behaviour or Behaviour(**options)
        self.seen = Seen()
        self._port = port
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def stats(self) -> dict[str, Any]:
        seen = self.seen
        return {
            "requests": len(seen.log),
            "distinct": len(seen.keys),
            "max_per_key": max(seen.keys.values(), default=0),
            "in_flight": seen.in_flight,
            "max_in_flight": seen.max_in_flight,
            "abandoned": seen.abandoned,
            "answers": dict(Counter(answer for _, _, answer in seen.log)),
        }

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve(ready.set)), daemon=True)
        self._thread.start()
        assert ready.wait(10), "the judge server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def serve(self, ready: Callable[[], None]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", self._port, backlog=1024)
        self._port = server.sockets[0].getsockname()[1]
        ready()
        await self._stop.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; False where the connection is over."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        self.seen.last_path, path = path, path.partition("?")[0]
        return await self._route(method, path, headers, raw, reader, writer)

    async def _route(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        raw: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        if method == "GET" and path == "/stats":
            self._write(writer, 200, self.stats())
        elif method == "GET" and path == "/v1/models":
            self._write(writer, 200, {"object": "list", "data": [{"id": m} for m in self.behaviour.models]})
        elif method == "POST" and path == "/v1/chat/completions":
            return await self._judge(headers, raw, reader, writer)
        else:
            self._write(writer, 404, {"detail": "Not Found"})
        return True

    async def _judge(
        self, headers: dict[str, str], raw: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        seen, behaviour = self.seen, self.behaviour
        body: dict[str, Any] = json.loads(raw)
        key = key_of(body["messages"])
        fault = self._fault(key)
        seen.keys[key] += 1
        seen.last_body, seen.last_headers = body, headers
        seen.in_flight += 1
        seen.max_in_flight = max(seen.max_in_flight, seen.in_flight)
        try:
            answer: dict[str, Any] | None = None
            try:
                self._check(headers, body)
                answer = _completion(body, behaviour)
                label = fault or "answer"
            except _Refused as refused:
                label = str(refused.status)
                error = {"message": refused.message, "type": "invalid_request_error", "param": refused.param}
                seen.log.append((time.monotonic(), key, label))
                self._write(writer, refused.status, {"error": error}, refused.headers)
                return True
            seen.log.append((time.monotonic(), key, label))
            if fault == "silence":
                await reader.read()  # until the client gives up
                return False
            if behaviour.latency and fault != "rate_limit":
                await asyncio.sleep(behaviour.latency)
            if reader.at_eof():
                seen.abandoned += 1
                return False
            return self._answer(writer, fault, answer)
        finally:
            seen.in_flight -= 1

    def _fault(self, key: str) -> str | None:
        """Drawn from the seed, the request and how often it came: the same faults whatever the order of arrival."""
        draw = random.Random(f"{self.behaviour.seed} {key} {self.seen.keys[key]}")
        return draw.choice(self.behaviour.faults) if draw.random() < self.behaviour.fault_rate else None

    def _check(self, headers: dict[str, str], body: dict[str, Any]) -> None:
        behaviour = self.behaviour
        if behaviour.key is not None and headers.get("authorization") != f"Bearer {behaviour.key}":
            raise _Refused(401, f"Incorrect API key provided: {headers.get('authorization', '')[7:]}.")
        if behaviour.ends_after is not None and len(self.seen.log) >= behaviour.ends_after:
            raise _Refused(behaviour.ends_with, "The service has ended.")
        if behaviour.models and body["model"] not in behaviour.models:
            raise _Refused(404, f"The model `{body['model']}` does not exist or you do not have access to it.")
        if behaviour.marker is not None and behaviour.marker in json.dumps(body["messages"], ensure_ascii=False):
            about = (
                "The message is not allowed."
                if behaviour.marker_status == 403
                else "This model's maximum context length is 8192 tokens."
            )
            raise _Refused(behaviour.marker_status, about, "messages")
        for name in behaviour.refuses:
            if name in body:
                hint = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
                raise _Refused(400, f"Unsupported parameter: '{name}' is not supported with this model.{hint}", name)
        if (body.get("top_logprobs") or 0) > behaviour.max_top_logprobs:
            raise _Refused(400, f"Requested top_logprobs is greater than the maximum {behaviour.max_top_logprobs}.")
        if behaviour.capacity is not None and self.seen.in_flight > behaviour.capacity:
            raise _Refused(429, "Rate limit reached.", headers=self._retry_after())

    def _retry_after(self) -> str:
        return "" if self.behaviour.retry_after is None else f"Retry-After: {self.behaviour.retry_after}\r\n"

    def _answer(self, writer: asyncio.StreamWriter, fault: str | None, answer: dict[str, Any]) -> bool:
        if fault == "drop":
            writer.transport.abort()
            return False
        if fault == "rate_limit":
            self._write(writer, 429, {"error": {"message": "Rate limit reached."}}, self._retry_after())
        elif fault == "error":
            self._write(writer, 500, {"error": {"message": "The server had an error."}})
        elif fault == "html":
            self._write(writer, 200, b"<!DOCTYPE html>\n<html><body>Bad gateway</body></html>", content="text/html")
        elif fault == "empty":
            self._write(writer, 200, {**answer, "choices": []})
        elif fault == "cut":
            text = json.dumps(answer).encode()
            self._write(writer, 200, text[: len(text) // 2])
        elif fault == "nonsense":
            choice = {"index": 0, "message": {"role": "assistant", "content": "I am not sure."}, "logprobs": None}
            self._write(writer, 200, {**answer, "choices": [choice]})
        else:
            self._write(writer, 200, answer)
        return True

    @staticmethod
    def _write(
        writer: asyncio.StreamWriter, status: int, body: object, headers: str = "", content: str = "application/json"
    ) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        head = f"HTTP/1.1 {status} X\r\nContent-Type: {content}\r\nContent-Length: {len(data)}\r\n{headers}\r\n"
        writer.write(head.encode("latin-1") + data)


def _completion(body: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    probability = behaviour.verdict(body)
    text = behaviour.reply(body) if behaviour.reply else "A" if probability > 0.5 else "B"
    message: dict[str, Any] = {"role": "assistant", "content": text}
    choice: dict[str, Any] = {"index": 0, "message": message, "logprobs": None, "finish_reason": behaviour.finish}
    if behaviour.reasoning:
        message["content"], choice["finish_reason"] = "", "length"
    elif behaviour.logprobs and body.get("logprobs") and not behaviour.reply:
        # As real models do, the probability of a letter is spread over spellings of it, and some goes elsewhere.
        spread = {"A": 0.8 * probability, " A": 0.1 * probability, "B": 0.9 * (1 - probability), "The": 0.1}
        top = [{"token": token, "logprob": math.log(p), "bytes": None} for token, p in spread.items()]
        choice["logprobs"] = {
            "content": [{**top[0 if text == "A" else 2], "top_logprobs": top[: body.get("top_logprobs", 0)]}]
        }
    prompt_tokens = sum(len(m["content"]) for m in body["messages"]) // 4 + 1
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [choice],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": len(text) // 4 + 1,
            "total_tokens": prompt_tokens + len(text) // 4 + 1,
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--fault-rate", type=float, default=0.0, help="share of the answers that are a fault")
    parser.add_argument("--faults", default=",".join(FAULTS), help="which ones, separated by commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--retry-after", default="1", help="value of the header with a 429; '' for none")
    parser.add_argument("--key", help="the API key to insist on")
    parser.add_argument("--models", default="", help="the models served, separated by commas; others get 404")
    parser.add_argument("--marker", help="messages with this text get 400")
    parser.add_argument("--no-logprobs", dest="logprobs", action="store_false", help="ignore the parameter logprobs")
    parser.add_argument("--max-top-logprobs", type=int, default=20)
    parser.add_argument("--refuses", default="", help="request parameters that get 400, separated by commas")
    parser.add_argument("--capacity", type=int, help="requests at once; more get 429")
    arguments = vars(parser.parse_args())
    port = arguments.pop("port")
    for name in ("faults", "models", "refuses"):
        arguments[name] = tuple(filter(None, arguments[name].split(",")))
    arguments["retry_after"] = arguments["retry_after"] or None
    server = JudgeServer(Behaviour(**arguments), port)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve(lambda: print(server.url, flush=True)))


if __name__ == "__main__":
    main()
