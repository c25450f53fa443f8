"""The body of a reply with status 200: a completion, or the fault that it is instead."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from xl_alpacaeval_metric.clients import endpoint_reply
from xl_alpacaeval_metric.clients.base import ChoiceToken, Completion
from xl_alpacaeval_metric.clients.openai.body import complaint_of, parsed
from xl_alpacaeval_metric.clients.openai.protocol import Fault

MOST_TOKENS = 2**40
"""A token count above it is no count."""
ROUNDING = 1e-7
"""What the probabilities of all tokens may be short of 1, computed with 32 bits."""


def read_reply(text: str, choices: Sequence[str], limit: int | None = None) -> Completion | Fault:
    """The completion in the body of a reply with status 200; a body without one is transient.

    `limit` is the token limit of the request.
    """
    try:
        reply = parsed(text)
    except (ValueError, RecursionError):
        page = text.lstrip()[:1] == "<"
        return Fault("transient", "a page of HTML instead of JSON" if page else "broken JSON")
    try:
        if not reply.get("choices"):
            error = complaint_of(text) if "error" in reply else ""
            return Fault("transient", "JSON without choices" + (f": {error}" if error else ""), complaint=error)
        choice, usage = reply["choices"][0], reply.get("usage") or {}
        # OpenRouter reports the fault of a provider inside the choice, beside a partial answer.
        if choice.get("error") or choice.get("finish_reason") == "error":
            error = complaint_of(json.dumps({"error": choice.get("error") or reply.get("error")}))
            return Fault("transient", "the provider failed" + (f": {error}" if error else ""), complaint=error)
        # Some leave the message out where the limit was reached before any text.
        message = choice.get("message") or {} if endpoint_reply.at_limit(choice) else choice["message"]
        content, thought = endpoint_reply.text_and_thought(message)
        refusal = message.get("refusal") or (
            "content filter" if choice.get("finish_reason") == endpoint_reply.FILTERED else ""
        )
        if refusal and not content:
            return Fault("refused", f"refused: {str(refusal).encode('utf-8', 'replace').decode()}")
        if message.get("tool_calls") and not content:
            return Fault("transient", "a call of a tool instead of a text")
        logprobs, choice_tokens = _of_choices(choice.get("logprobs"), content, thought, choices)
        prompt_tokens, completion_tokens = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
        thinking_tokens = _count(endpoint_reply.thinking_tokens(usage))
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, OverflowError, RecursionError):
        return Fault("transient", "JSON that is not a chat completion")
    # A choice that was asked for as one token is never cut. Some servers always report "stop".
    at_limit = endpoint_reply.at_limit(choice) or (limit is not None and completion_tokens >= limit)
    single = bool(choices) and (completion_tokens <= 1 if limit is None else limit == 1)
    return Completion(
        content,
        logprobs,
        prompt_tokens,
        completion_tokens,
        cut=at_limit and not single,
        choice_tokens=choice_tokens,
        thought=thought,
        thinking_tokens=thinking_tokens,
    )


def _count(value: object) -> int:
    count = int(value or 0)  # type: ignore[call-overload]
    if not 0 <= count <= MOST_TOKENS:
        raise ValueError
    return int(count)


def _of_choices(
    reported: Any, content: str, thought: str, choices: Sequence[str]
) -> tuple[dict[str, float] | None, tuple[ChoiceToken, ...]]:
    """`logprobs` and `choice_tokens` of a Completion, from the log-probabilities of its tokens."""
    positions = reported.get("content") if choices and isinstance(reported, Mapping) else None
    if not positions:
        return None, ()
    tokens = [_token(position) for position in positions]
    if len(tokens) == 1 and content.strip() in ("" if not thought else tokens[0].strip(), tokens[0].strip()):
        return _at(positions[0], choices), ()
    joined = "".join(tokens)
    # The tokens of a thought and of the end of the turn may be reported, too.
    start = joined.rfind(content.strip()) if content.strip() else -1
    if start < 0:
        return None, ()
    shift = start - (len(content) - len(content.lstrip()))
    found, offset = [], 0
    for position, token in zip(positions, tokens, strict=True):
        if token.strip() in choices:
            at = offset + len(token) - len(token.lstrip()) - shift
            if 0 <= at < len(content):
                found.append(ChoiceToken(at, _at(position, choices)))
        offset += len(token)
    return None, tuple(found)


def _token(position: Mapping[str, Any]) -> str:
    """The text of a token. Some servers report a space as their tokenizer writes it."""
    return str(position["token"]).replace("Ġ", " ").replace("▁", " ").replace("Ċ", "\n")


def _at(position: Mapping[str, Any], choices: Sequence[str]) -> dict[str, float]:
    """Choice -> log-probability that the token, stripped, is the choice.

    The probabilities of all spellings of a choice are added up. Where the choices listed hold most
    of the mass, one that is not listed gets a bound: the least listed alternative, or all the
    missing mass if that is smaller.
    """
    # The sampled token is among the alternatives, except where none were given.
    listed = [
        (_token(alternative).strip(), value)
        for alternative in position.get("top_logprobs") or [position]
        if not math.isnan(value := _logprob(alternative["logprob"]))
    ]
    spellings: dict[str, list[float]] = {}
    for token, value in listed:
        if token in choices:
            spellings.setdefault(token, []).append(value)
    found = {choice: _log_sum(values) for choice, values in spellings.items()}
    finite = [value for _, value in listed if math.isfinite(value)]
    if finite and sum(map(math.exp, found.values())) > 0.5:
        missing = max(ROUNDING, 1.0 - sum(map(math.exp, finite)))
        bound = min(*finite, math.log(missing))
        found = {**dict.fromkeys(choices, bound), **found}
    return found


def _logprob(value: Any) -> float:
    """A log-probability; null means that the token is impossible. Raises ValueError above 0."""
    number = -math.inf if value is None else float(value)
    if number > 1e-3:
        raise ValueError
    return min(0.0, number)


def _log_sum(logprobs: Sequence[float]) -> float:
    largest = max(logprobs)
    if math.isinf(largest):
        return largest
    return min(0.0, largest + math.log(sum(math.exp(value - largest) for value in logprobs)))
