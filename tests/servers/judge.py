"""A judge behind a real HTTP server, with latency and faults as its options say.

In a test:       with JudgeServer(latency=0.05) as server: ... server.url ... server.stats()
As a program:    python -m tests.servers.judge --port 0 --latency 0.3     (prints its address)

It answers `/v1/chat/completions` and `/v1/models` as OpenAI does, and `/stats` with what it has
seen. Verdicts are a function of the request alone, so that a run can be held to the verdicts it
should have.
"""

import argparse
import asyncio
import hashlib
import json
import math
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.servers import base, dialects
from tests.servers.base import DROPPED, HttpRequest, HttpResponse, HttpServer
from tests.servers.dialects import Dialect

FAULTS = ("rate_limit", "error", "drop", "html", "empty", "cut", "nonsense", "silence")
TOO_LONG = "This model's maximum context length is 8192 tokens."
RATE_LIMIT = "Rate limit reached."
Verdict = Callable[[dict[str, Any]], float]
"""Request body -> probability of the answer "A"."""
Reply = Callable[[dict[str, Any]], str | None]
"""Request body -> the text of the answer; None for a verdict."""


def key_of(messages: Iterable[Mapping[str, str]]) -> str:
    """What a request is counted under: its messages alone."""
    return hashlib.sha256(json.dumps([dict(m) for m in messages], sort_keys=True).encode()).hexdigest()


def hash_verdict(body: dict[str, Any]) -> float:
    """A probability in (0, 1) that depends on the messages alone."""
    return (int(key_of(body["messages"])[:8], 16) + 1) / (2**32 + 2)


@dataclass(frozen=True)
class Behaviour:
    """How the server behaves.

    `fault_rate` is the share of answers that are one of `faults`, drawn from `seed`. `refuses`
    names request parameters that are answered with 400, and `max_top_logprobs` is the largest
    number accepted. `logprobs=False` ignores that parameter silently. `capacity` is the number of
    concurrent requests that are answered; more get 429. `ends_after` ends the service: from that
    request on, every answer has the status `ends_with`. `reply` writes another text than a verdict,
    and `message` other fields of the message, given the request's body.
    Messages that contain `marker` get `marker_status`. `finish` is the `finish_reason` of answers.
    A `dialect` decides how a verdict is given. The fault "odd" is one of `dialects.odd_replies`.
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
    dialect: Dialect | None = None
    verdict: Verdict = hash_verdict
    reply: Reply | None = None
    message: Callable[[dict[str, Any]], dict[str, Any]] | None = None


@dataclass
class Seen:
    """What the server has seen.

    `log` has (monotonic seconds, key, answer) of each request, `keys` the number of requests by
    key.
    """

    log: list[tuple[float, str, str]] = field(default_factory=list)
    keys: Counter[str] = field(default_factory=Counter)
    last_body: dict[str, Any] = field(default_factory=dict)
    last_headers: Mapping[str, str] = field(default_factory=dict)
    last_path: str = ""
    in_flight: int = 0
    max_in_flight: int = 0
    abandoned: int = 0


class Refused(Exception):
    """Answers the request with an error; also raised by a `verdict` or a `reply`."""

    def __init__(self, status: int, message: str, param: str | None = None, retry_after: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.param = status, message, param
        self.headers = {} if retry_after is None else {"Retry-After": retry_after}

    def response(self) -> HttpResponse:
        error = {"message": self.message, "type": "invalid_request_error", "param": self.param}
        return HttpResponse({"error": error}, self.status, self.headers)


class JudgeServer(HttpServer):
    """`behaviour` may be replaced while the server runs; `options` are fields of a Behaviour."""

    root = "/v1"

    def __init__(self, behaviour: Behaviour | None = None, port: int = 0, **options: Any) -> None:
        super().__init__(port)
        self.behaviour = behaviour or Behaviour(**options)
        self.seen = Seen()
        self.tokens: set[str | None] = set()
        """Keys that requests came with."""

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

    def change(self, **options: Any) -> None:
        """Change these fields of the behaviour and leave the others."""
        self.behaviour = replace(self.behaviour, **options)

    async def respond(self, request: HttpRequest) -> HttpResponse | None:
        self.seen.last_path = request.target
        self.tokens.add(request.token or None)
        match f"{request.method} {request.path}":
            case "GET /stats":
                return HttpResponse(self.stats())
            case "GET /v1/models":
                return HttpResponse({"object": "list", "data": [{"id": m} for m in self.behaviour.models]})
            case "POST /v1/chat/completions":
                return await self._judge(request)
        return HttpResponse({"detail": "Not Found"}, 404)

    async def _judge(self, request: HttpRequest) -> HttpResponse | None:
        seen, behaviour = self.seen, self.behaviour
        body: dict[str, Any] = request.json()
        key = key_of(body["messages"])
        fault = self._fault(key)
        seen.keys[key] += 1
        seen.last_body, seen.last_headers = body, request.headers
        seen.in_flight += 1
        seen.max_in_flight = max(seen.max_in_flight, seen.in_flight)
        try:
            try:
                self._check(request, body)
                answer = completion(body, behaviour)
            except Refused as refused:
                seen.log.append((time.monotonic(), key, str(refused.status)))
                return refused.response()
            seen.log.append((time.monotonic(), key, fault or "answer"))
            if fault == "silence":
                await request.until_abandoned()
                return DROPPED
            if behaviour.latency and fault != "rate_limit":
                await asyncio.sleep(behaviour.latency)
            if request.abandoned:
                seen.abandoned += 1
                return DROPPED
            if fault:
                return self._faulty(fault, answer)
            in_pieces = behaviour.dialect is not None and behaviour.dialect.stream
            return HttpResponse(dialects.stream_of(answer) if in_pieces else answer)
        finally:
            seen.in_flight -= 1

    def _fault(self, key: str) -> str | None:
        """Drawn from seed, request and number of attempts, independent of the order."""
        draw = random.Random(f"{self.behaviour.seed} {key} {self.seen.keys[key]}")
        return draw.choice(self.behaviour.faults) if draw.random() < self.behaviour.fault_rate else None

    def _check_key(self, request: HttpRequest) -> None:
        if self.behaviour.key is not None and request.token != self.behaviour.key:
            raise Refused(401, f"Incorrect API key provided: {request.token}.")

    def _check(self, request: HttpRequest, body: dict[str, Any]) -> None:
        behaviour = self.behaviour
        self._check_key(request)
        if behaviour.ends_after is not None and len(self.seen.log) >= behaviour.ends_after:
            raise Refused(behaviour.ends_with, "The service has ended.")
        if behaviour.models and body["model"] not in behaviour.models:
            raise Refused(404, f"The model `{body['model']}` does not exist or you do not have access to it.")
        if behaviour.marker is not None and behaviour.marker in json.dumps(body["messages"], ensure_ascii=False):
            forbidden = behaviour.marker_status == 403
            raise Refused(behaviour.marker_status, "The message is not allowed." if forbidden else TOO_LONG, "messages")
        for name in behaviour.refuses:
            if name in body:
                hint = " Use 'max_completion_tokens' instead." if name == "max_tokens" else ""
                raise Refused(400, f"Unsupported parameter: '{name}' is not supported with this model.{hint}", name)
        if behaviour.dialect is not None and (message := dialects.refusal(behaviour.dialect, body)) is not None:
            raise Refused(400, message)
        if (body.get("top_logprobs") or 0) > behaviour.max_top_logprobs:
            raise Refused(400, f"Requested top_logprobs is greater than the maximum {behaviour.max_top_logprobs}.")
        if behaviour.capacity is not None and self.seen.in_flight > behaviour.capacity:
            raise Refused(429, RATE_LIMIT, retry_after=behaviour.retry_after)

    def _faulty(self, fault: str, answer: dict[str, Any]) -> HttpResponse | None:
        match fault:
            case "rate_limit":
                return Refused(429, RATE_LIMIT, retry_after=self.behaviour.retry_after).response()
            case "error":
                return HttpResponse({"error": {"message": "The server had an error."}}, 500)
            case "empty":
                return HttpResponse({**answer, "choices": []})
            case "cut":
                text = json.dumps(answer).encode()
                return HttpResponse(text[: len(text) // 2])
            case "odd":
                odd = dialects.odd_replies()
                return HttpResponse(odd[len(self.seen.log) % len(odd)].encode())
            case "nonsense":
                return HttpResponse(nonsense(answer))
        return base.fault(fault)


def completion(body: dict[str, Any], behaviour: Behaviour) -> dict[str, Any]:
    """The chat completion that answers a request."""
    written = behaviour.reply(body) if behaviour.reply else None
    probability = behaviour.verdict(body)
    if behaviour.dialect is not None and written is None:
        return dialects.completion(behaviour.dialect, body, probability)
    text = written if written is not None else "A" if probability > 0.5 else "B"
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if behaviour.message is not None:
        message |= behaviour.message(body)
    choice: dict[str, Any] = {"index": 0, "message": message, "logprobs": None, "finish_reason": behaviour.finish}
    if behaviour.reasoning:
        message["content"], choice["finish_reason"] = "", "length"
    elif behaviour.logprobs and body.get("logprobs") and written is None:
        # As real models do, the probability of a letter is spread over spellings of it, and some
        # goes elsewhere.
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


def nonsense(answer: dict[str, Any]) -> dict[str, Any]:
    """The completion with a text that is no verdict."""
    message = {"role": "assistant", "content": "I am not sure."}
    return {**answer, "choices": [{"index": 0, "message": message, "logprobs": None}]}


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
    parser.add_argument("--capacity", type=int, help="concurrent requests; more get 429")
    arguments = vars(parser.parse_args())
    port = arguments.pop("port")
    for name in ("faults", "models", "refuses"):
        arguments[name] = tuple(filter(None, arguments[name].split(",")))
    arguments["retry_after"] = arguments["retry_after"] or None
    JudgeServer(Behaviour(**arguments), port).serve_until_interrupted()


if __name__ == "__main__":
    main()
