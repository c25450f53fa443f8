"""The chat completions protocol: request bodies, replies, faults, an endpoint's capabilities."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from xl_alpacaeval_metric.clients.base import Completion, Request

TRANSIENT_STATUS = frozenset({408, 409, 425, 429})
FATAL_STATUS = frozenset({401, 402, 404, 405})
FEWER_LOGPROBS = 5
"""The number of alternatives that servers with a limit below twenty usually accept."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An attempt without a usable reply.

    `transient`: a retry may succeed. `refused`: this request can never succeed.
    `forbidden`: either this request or every request is refused, which another request decides.
    `fatal`: no request can succeed. `unreachable`: no connection, which is transient only where the
    endpoint has answered before. `wait` is the server's Retry-After in seconds, `complaint` what
    the server says is wrong.
    """

    kind: Literal["transient", "refused", "forbidden", "fatal", "unreachable"]
    reason: str
    status: int = 0
    wait: float | None = None
    complaint: str = ""

    @property
    def rate_limited(self) -> bool:
        return self.status == 429 or (self.status == 503 and self.wait is not None)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Which parameters an endpoint accepts.

    `top_logprobs` is the number of alternatives; 0 where it reports no log-probabilities.
    """

    token_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    top_logprobs: int = 20
    temperature: bool = True
    json_schema: bool = True
    seed: bool = True

    def body(self, model: str, request: Request, verdict_tokens: int) -> dict[str, object]:
        """The JSON body of a request.

        A reply that is read from its text may take `verdict_tokens` tokens, which leaves room to
        reason first.
        """
        max_tokens = request.max_tokens
        body: dict[str, object] = {"model": model, "messages": [dict(message) for message in request.messages]}
        if request.choices and self.top_logprobs:
            body |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        elif request.choices or request.json_schema is not None:
            max_tokens = max(max_tokens, verdict_tokens)
        body[self.token_limit] = max_tokens
        if self.temperature:
            body["temperature"] = request.temperature
        if request.sample and self.seed:
            body["seed"] = request.sample
        if request.json_schema is not None and self.json_schema:
            schema = {"name": "reply", "schema": dict(request.json_schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def adapted_to(self, complaint: str) -> "Capabilities | None":
        """The capabilities without the parameter that the endpoint complains about.

        None where the complaint names no parameter that could be left out.
        """
        lowered = complaint.lower()
        if "response_format" in lowered or "json_schema" in lowered:
            return replace(self, json_schema=False) if self.json_schema else None
        if "logprobs" in lowered and self.top_logprobs:
            return replace(self, top_logprobs=FEWER_LOGPROBS if self.top_logprobs > FEWER_LOGPROBS else 0)
        if "seed" in lowered and self.seed:
            return replace(self, seed=False)
        if "temperature" in lowered and self.temperature:
            return replace(self, temperature=False)
        if ("max_tokens" in lowered or "max_completion_tokens" in lowered) and self.token_limit == "max_tokens":
            return replace(self, token_limit="max_completion_tokens")
        return None


def status_fault(status: int, text: str, wait: float | None) -> Fault:
    """The fault of a reply with an error status; `wait` is its Retry-After in seconds."""
    complaint = _complaint(text)
    reason = f"status {status}" + (f": {complaint}" if complaint else "")
    quota = status == 429 and "insufficient_quota" in text
    if status in FATAL_STATUS or quota:
        return Fault("fatal", reason, status)
    if status == 403:
        return Fault("forbidden", reason, status, complaint=complaint)
    if status in TRANSIENT_STATUS or status >= 500:
        return Fault("transient", reason, status, wait, complaint)
    return Fault("refused", reason, status, complaint=complaint)


def read_reply(text: str, choices: Sequence[str], limit: int | None = None) -> Completion | Fault:
    """The completion in the body of a reply with status 200; a body without one is transient.

    `limit` is the token limit of the request.
    """
    try:
        reply = json.loads(text)
    except ValueError:
        page = text.lstrip()[:1] == "<"
        return Fault("transient", "a page of HTML instead of JSON" if page else "broken JSON")
    try:
        if not reply.get("choices"):
            error = _complaint(text) if "error" in reply else ""
            return Fault("transient", "JSON without choices" + (f": {error}" if error else ""), complaint=error)
        choice, usage = reply["choices"][0], reply.get("usage") or {}
        message = choice["message"]
        content = message.get("content") or ""
        refusal = message.get("refusal") or (
            "content filter" if choice.get("finish_reason") == "content_filter" else ""
        )
        if refusal and not content:
            return Fault("refused", f"refused: {refusal}")
        if not isinstance(content, str):
            return Fault("transient", "JSON whose content is no text")
        logprobs = _choice_logprobs(choice.get("logprobs"), choices) if choices else None
        prompt_tokens, completion_tokens = (
            int(usage.get("prompt_tokens") or 0),
            int(usage.get("completion_tokens") or 0),
        )
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return Fault("transient", "JSON that is not a chat completion")
    # A choice is one token, and is never cut. Some servers always report "stop".
    at_limit = choice.get("finish_reason") == "length" or (limit is not None and completion_tokens >= limit)
    cut = at_limit and not choices
    return Completion(content, logprobs, prompt_tokens, completion_tokens, cut=cut)


def _choice_logprobs(reported: Any, choices: Sequence[str]) -> dict[str, float] | None:
    """Choice -> log-probability that the first token, stripped, is the choice.

    The probabilities of all spellings of a choice are added up. None where nothing is reported.
    """
    positions = (reported or {}).get("content")
    if not positions:
        return None
    first = positions[0]
    spellings: dict[str, list[float]] = {}
    # The sampled token is among the alternatives, except where none were given.
    for alternative in first.get("top_logprobs") or [first]:
        logprob = float(alternative["logprob"])
        # Some servers report a space as their tokenizer writes it.
        token = alternative["token"].strip().lstrip("Ġ▁")
        if token in choices and not math.isnan(logprob):
            spellings.setdefault(token, []).append(logprob)
    return {choice: _log_sum(logprobs) for choice, logprobs in spellings.items()}


def _log_sum(logprobs: Sequence[float]) -> float:
    largest = max(logprobs)
    if math.isinf(largest):
        return largest
    return min(0.0, largest + math.log(sum(math.exp(value - largest) for value in logprobs)))


def _complaint(text: str) -> str:
    """The message in the body of an error reply, without the echoed request that some add."""
    if text.lstrip()[:1] == "<":
        return "a page of HTML"
    try:
        error = json.loads(text)
    except ValueError:
        return text[:1000]
    if isinstance(error, dict):
        error = error.get("error") or error
    if not isinstance(error, dict):
        return str(error or "")[:1000]
    message = error.get("message") or error.get("detail") or ""
    if isinstance(message, list):  # FastAPI: the places in the request, and what is wrong there.
        message = "; ".join(
            f"{'.'.join(map(str, e.get('loc') or ()))}: {e.get('msg')}" for e in message if isinstance(e, dict)
        )
    param = error.get("param")
    return (f"{message} ({param})" if param and str(param) not in str(message) else str(message))[:1000]
