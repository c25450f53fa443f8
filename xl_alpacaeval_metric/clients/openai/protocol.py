"""The chat completions protocol: the body of a request, what its reply says, and which parameters an endpoint takes."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from xl_alpacaeval_metric.clients.base import Completion, Request

PASSING_STATUS = frozenset({408, 409, 425, 429})
FATAL_STATUS = frozenset({401, 402, 404, 405})
FEWER_LOGPROBS = 5
"""What servers that take fewer than twenty alternatives usually take."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An attempt without a usable reply.

    `passing`: worth another attempt. `refused`: this request will never do. `forbidden`: this request, or all of them,
    which only another one can tell.
    `fatal`: no request will do. `unreachable`: nobody there, which is passing only where somebody once was.
    `wait` is the server's Retry-After in seconds.
    """

    kind: Literal["passing", "refused", "forbidden", "fatal", "unreachable"]
    reason: str
    status: int = 0
    wait: float | None = None
    complaint: str = ""

    @property
    def rate_limited(self) -> bool:
        return self.status == 429 or (self.status == 503 and self.wait is not None)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Which parameters an endpoint takes. `top_logprobs` is 0 where it gives no log-probabilities."""

    token_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    top_logprobs: int = 20
    temperature: bool = True
    json_schema: bool = True
    seed: bool = True

    def body(self, model: str, request: Request, verdict_tokens: int) -> dict[str, object]:
        """The request as JSON. What is read from text takes `verdict_tokens`, which leave room to reason."""
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

    def adapted(self, complaint: str) -> "Capabilities | None":
        """What to try after the endpoint complained so about a parameter; None where the complaint names none of ours."""
        said = complaint.lower()
        if "response_format" in said or "json_schema" in said:
            return replace(self, json_schema=False) if self.json_schema else None
        if "logprobs" in said and self.top_logprobs:
            return replace(self, top_logprobs=FEWER_LOGPROBS if self.top_logprobs > FEWER_LOGPROBS else 0)
        if "seed" in said and self.seed:
            return replace(self, seed=False)
        if "temperature" in said and self.temperature:
            return replace(self, temperature=False)
        if ("max_tokens" in said or "max_completion_tokens" in said) and self.token_limit == "max_tokens":
            return replace(self, token_limit="max_completion_tokens")
        return None


def status_fault(status: int, text: str, wait: float | None) -> Fault:
    """What a reply with an error status means; `wait` is its Retry-After in seconds."""
    complaint = _complaint(text)
    reason = f"status {status}" + (f": {complaint}" if complaint else "")
    quota = status == 429 and "insufficient_quota" in text
    if status in FATAL_STATUS or quota:
        return Fault("fatal", reason, status)
    if status == 403:
        return Fault("forbidden", reason, status, complaint=complaint)
    if status in PASSING_STATUS or status >= 500:
        return Fault("passing", reason, status, wait, complaint)
    return Fault("refused", reason, status, complaint=complaint)


def read_reply(text: str, choices: Sequence[str], limit: int | None = None) -> Completion | Fault:
    """The completion in the text of a reply with status 200; `limit` is the tokens it was given.

    Text that holds none is a passing fault.
    """
    try:
        reply = json.loads(text)
    except ValueError:
        page = text.lstrip()[:1] == "<"
        return Fault("passing", "a page of HTML instead of JSON" if page else "broken JSON")
    try:
        if not reply.get("choices"):
            error = _complaint(text) if "error" in reply else ""
            return Fault("passing", "JSON without choices" + (f": {error}" if error else ""), complaint=error)
        choice, usage = reply["choices"][0], reply.get("usage") or {}
        message = choice["message"]
        content = message.get("content") or ""
        refusal = message.get("refusal") or (
            "content filter" if choice.get("finish_reason") == "content_filter" else ""
        )
        if refusal and not content:
            return Fault("refused", f"refused: {refusal}")
        if not isinstance(content, str):
            return Fault("passing", "JSON whose content is no text")
        logprobs = _choice_logprobs(choice.get("logprobs"), choices) if choices else None
        prompt_tokens, completion_tokens = (
            int(usage.get("prompt_tokens") or 0),
            int(usage.get("completion_tokens") or 0),
        )
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        return Fault("passing", "JSON that is not a chat completion")
    # A verdict is one token. Some servers say "stop" whatever the reason was.
    spent = choice.get("finish_reason") == "length" or (limit is not None and completion_tokens >= limit)
    cut = spent and not choices
    return Completion(content, logprobs, prompt_tokens, completion_tokens, cut=cut)


def _choice_logprobs(reported: Any, choices: Sequence[str]) -> dict[str, float] | None:
    """Choice -> logarithm of the summed probability of the first token's spellings that strip to it; None if unreported."""
    positions = (reported or {}).get("content")
    if not positions:
        return None
    first = positions[0]
    spellings: dict[str, list[float]] = {}
    # The sampled token is among the alternatives, except where none were given.
    for alternative in first.get("top_logprobs") or [first]:
        logprob = float(alternative["logprob"])
        # Some servers show a space as their tokenizer writes it.
        token = alternative["token"].strip().lstrip("Ġ▁")
        if token in choices and not math.isnan(logprob):
            spellings.setdefault(token, []).append(logprob)
    return {choice: _log_sum(logprobs) for choice, logprobs in spellings.items()}


def _log_sum(logprobs: Sequence[float]) -> float:
    most = max(logprobs)
    return most if math.isinf(most) else min(0.0, most + math.log(sum(math.exp(value - most) for value in logprobs)))


def _complaint(text: str) -> str:
    """What the text of an error reply says, without the echo of the request that some servers add."""
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
    said = error.get("message") or error.get("detail") or ""
    if isinstance(said, list):  # FastAPI: where in the request, and what is wrong there
        said = "; ".join(
            f"{'.'.join(map(str, e.get('loc') or ()))}: {e.get('msg')}" for e in said if isinstance(e, dict)
        )
    param = error.get("param")
    return (f"{said} ({param})" if param and str(param) not in str(said) else str(said))[:1000]
