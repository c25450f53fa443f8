"""Ways in which servers and models give a verdict, each as a real server was seen to do.

A verdict is known in advance. The thought before it names both letters, and concludes with the
wrong one, so that a letter that is read from the thought shows.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

NO_SYSTEM = "System role not supported"
PROMPT = 900
"""Tokens of each prompt, for a server with a small window."""
BELOW = "Invalid 'max_tokens': integer below minimum value. Expected a value >= 16, but got 1 instead."


@dataclass(frozen=True)
class Dialect:
    """How a judge replies.

    `thought` is where its thought goes: into a field of the message, into the content with its
    marks, with the closing mark alone, nowhere visible, or there is none. `before` and `after` are
    what it writes around the letter. Without `logprobs` the parameter is ignored. `refuses` are
    parameters that get the status 400, with a message that names them unless `mute`. `efforts` are
    the values of `reasoning_effort` that it takes, each of which turns its thought off: None
    ignores the parameter, () refuses it. With `switched` the switch of its chat template turns the
    thought off. More tokens than its `window` are refused, as vLLM does. With
    `stream` it refuses requests for a reply in one piece.
    """

    thought: Literal["reasoning_content", "reasoning", "marks", "opened", "harmony", "hidden", "none"] = "none"
    before: str = ""
    after: str = ""
    logprobs: bool = True
    refuses: tuple[str, ...] = ()
    mute: bool = False
    system: bool = True
    least_tokens: int = 1
    parts: bool = False
    null: bool = False
    endless: bool = False
    unsure: bool = False
    efforts: tuple[str, ...] | None = None
    switched: bool = False
    window: int | None = None
    stream: bool = False


REMARKS = "A: in English, good.\nB: in German, better.\n\nVerdict: "
DIALECTS: Mapping[str, Dialect] = {
    "plain": Dialect(),
    "vLLM with a reasoning parser": Dialect("reasoning_content"),
    "SGLang with a reasoning parser, no log-probabilities": Dialect("reasoning_content", logprobs=False),
    "Ollama, OpenRouter": Dialect("reasoning", logprobs=False),
    "vLLM without a reasoning parser": Dialect("marks"),
    "llama.cpp, raw thoughts": Dialect("marks", logprobs=False),
    "a thought opened by the prompt": Dialect("opened"),
    "a thought opened by the prompt, no log-probabilities": Dialect("opened", logprobs=False),
    "harmony": Dialect("harmony", logprobs=False),
    "GPT-5": Dialect("hidden", refuses=("logprobs", "top_logprobs", "temperature", "max_tokens")),
    "Gemma": Dialect(system=False),
    "a least number of tokens": Dialect(least_tokens=16),
    "a reasoner with a least number of tokens": Dialect("hidden", least_tokens=16, logprobs=False, system=False),
    "parts": Dialect(parts=True),
    "parts with a thought": Dialect("reasoning_content", parts=True),
    "null for impossible": Dialect(null=True),
    "prose before the letter": Dialect(before="The better answer is ", after="."),
    "remarks, then a verdict": Dialect(before=REMARKS),
    "remarks, then a verdict, no log-probabilities": Dialect(before=REMARKS, logprobs=False),
    "a reason after the letter": Dialect(after="\n\nA is in English, and B is in German.", logprobs=False),
    "a gateway that does not say what it refuses": Dialect(refuses=("logprobs",), mute=True, logprobs=False),
    "vLLM with a small window": Dialect("marks", window=4096),
    "vLLM with a small window and a reasoning parser": Dialect("reasoning_content", window=4600),
    "remarks in a small window": Dialect(before=REMARKS, window=4600),
    "streams alone": Dialect(stream=True),
    "a thought in a stream": Dialect("reasoning_content", stream=True),
    "a mute gateway without temperature": Dialect(refuses=("temperature",), mute=True, logprobs=False),
}
"""Name -> a judge that works, whose every verdict can be read."""


def refusal(dialect: Dialect, body: Mapping[str, Any]) -> str | None:
    """The message with which a request is refused."""
    for name in dialect.refuses:
        if name in body:
            return "Bad request" if dialect.mute else f"Unsupported parameter: '{name}' is not supported."
    effort = body.get("reasoning_effort")
    if effort is not None and dialect.efforts is not None and effort not in dialect.efforts:
        if not dialect.efforts:
            return "Unrecognized request argument supplied: reasoning_effort"
        listed = ", ".join(f"'{value}'" for value in (*dialect.efforts, "low", "medium", "high"))
        return f"Unsupported value: 'reasoning_effort' does not support '{effort}'. Supported values are: {listed}."
    if dialect.stream and not body.get("stream"):
        return "This model only support stream mode, please enable the stream parameter to access the model."
    if not dialect.system and any(message["role"] == "system" for message in body["messages"]):
        return NO_SYSTEM
    if dialect.window is not None and (limit := body.get("max_completion_tokens") or body.get("max_tokens")):
        if limit > dialect.window:
            return f"max_completion_tokens={limit} cannot be greater than max_model_len={dialect.window}."
        if limit + PROMPT > dialect.window:
            return (
                f"This model's maximum context length is {dialect.window} tokens. However, you requested {limit} output "
                f"tokens and your prompt contains at least {PROMPT} input tokens."
            )
    return BELOW if _limit(body) < dialect.least_tokens else None


def completion(dialect: Dialect, body: Mapping[str, Any], probability: float) -> dict[str, Any]:
    """The choice and the usage of the reply to a request, where A has this probability."""
    letter, other = ("A", "B") if probability > 0.5 else ("B", "A")
    thought = f"Okay. A or B? {other} is better, and {letter} is worse. Verdict: {other}"
    opening, closing = {
        "marks": ("<think>\n", "\n</think>\n\n"),
        "opened": ("", "\n</think>\n\n"),
        "harmony": (
            "<|channel|>analysis<|message|>",
            "<|end|><|start|>assistant<|channel|>final<|message|>",
        ),
    }.get(dialect.thought, ("", ""))
    thinks = dialect.thought != "none" and not _turned_off(dialect, body)
    before = _tokens(f"{opening}{thought * (400 if dialect.endless else 1)}{closing}") if thinks else []
    tokens = [*before, *_tokens(dialect.before), letter, *_tokens(dialect.after)]
    at = len(before) + len(_tokens(dialect.before))
    limit = _limit(body)
    kept = tokens[:limit]
    apart = dialect.thought in ("reasoning_content", "reasoning", "hidden")
    text = "".join(kept[len(before) :] if apart else kept)
    message: dict[str, Any] = {"role": "assistant", "content": text or (None if apart else "")}
    if dialect.thought in ("reasoning_content", "reasoning"):
        message[dialect.thought] = "".join(kept[: len(before)])
    if dialect.parts and message["content"]:
        message["content"] = [{"type": "text", "text": part} for part in _tokens(text)]
    choice: dict[str, Any] = {"index": 0, "message": message, "logprobs": None}
    choice["finish_reason"] = "length" if len(tokens) > limit else "stop"
    if dialect.logprobs and body.get("logprobs"):
        choice["logprobs"] = {
            "content": [
                _position(dialect, token, probability if index == at else None, letter, body.get("top_logprobs", 0))
                for index, token in enumerate(kept)
            ]
        }
    usage: dict[str, Any] = {"prompt_tokens": 100, "completion_tokens": len(kept)}
    if dialect.thought == "hidden":
        usage["completion_tokens_details"] = {"reasoning_tokens": min(limit, len(before))}
    return {"choices": [choice], "usage": usage}


def stream_of(reply: Mapping[str, Any]) -> bytes:
    """A reply in pieces of three characters, as server-sent events."""
    choice = reply["choices"][0]
    message = choice["message"]
    texts = [(name, message[name]) for name in message if name != "role" and message[name]]
    pieces = [(name, text[at : at + 3]) for name, text in texts for at in range(0, len(text), 3)]
    chunks: list[dict[str, Any]] = [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]}]
    chunks += [{"choices": [{"index": 0, "delta": {name: piece}, "finish_reason": None}]} for name, piece in pieces]
    chunks += [
        {"choices": [{"delta": {}, "logprobs": {"content": [position]}}]}
        for position in (choice["logprobs"] or {"content": []})["content"]
    ]
    chunks += [{"choices": [{"delta": {}, "finish_reason": choice["finish_reason"]}]}]
    chunks += [{"choices": [], "usage": reply["usage"]}]
    events = "".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks)
    return f": keep-alive\n\n{events}data: [DONE]\n\n".encode()


def _turned_off(dialect: Dialect, body: Mapping[str, Any]) -> bool:
    switch = (body.get("chat_template_kwargs") or {}).get("enable_thinking")
    return body.get("reasoning_effort") in (dialect.efforts or ()) or (dialect.switched and switch is False)


def _limit(body: Mapping[str, Any]) -> int:
    return int(body.get("max_completion_tokens") or body.get("max_tokens") or 10**6)


def _tokens(text: str) -> list[str]:
    return re.findall(r"<\|?\w+\|?>|</\w+>| ?\w+|\s|.", text)


def _position(dialect: Dialect, token: str, probability: float | None, letter: str, top: int) -> dict[str, Any]:
    """A token with its alternatives: the letters where the verdict is, and noise elsewhere."""
    if probability is None or dialect.unsure:
        spread = {token: 0.999, "A": 7e-4 if letter == "B" else 1e-4, "B": 7e-4 if letter == "A" else 1e-4}
    else:
        space = token[: len(token) - 1]
        spread = {f"{space}A": 0.9 * probability, f"{space}B": 0.9 * (1 - probability), "The": 0.05}
    listed: list[dict[str, Any]] = [
        {"token": name, "logprob": math.log(p), "bytes": None}
        for name, p in sorted(spread.items(), key=lambda item: -item[1])[: max(top, 1)]
    ]
    if dialect.null:
        listed.append({"token": "never", "logprob": None, "bytes": None})
    own = next((entry for entry in listed if entry["token"] == token), listed[0])
    return {"token": token, "logprob": own["logprob"], "top_logprobs": listed}


def odd_replies() -> list[str]:
    """Bodies with status 200 that no completion can be read from."""
    tail = '"usage": {"prompt_tokens": 1, "completion_tokens": 1}}'
    choice = '{"choices": [{"message": {"content": "A"}, "finish_reason": "stop", "logprobs": %s}], '
    position = '{"content": [{"token": "A", "logprob": %s, "top_logprobs": [%s]}]}'
    entry = '{"token": "%s", "logprob": %s}'
    infinite = ",".join(entry % (letter, "Infinity") for letter in "AB")
    long = "-" + "9" * 400
    return [
        "[" * 200_000,
        '{"choices": ' * 50_000,
        (choice % "null") + '"usage": {"prompt_tokens": 1e999}}',
        (choice % "null") + '"usage": {"prompt_tokens": 1, "completion_tokens": -1}}',
        (choice % "null") + '"usage": [1]}',
        choice % (position % (long, entry % ("A", long))) + tail,
        choice % (position % ("Infinity", infinite)) + tail,
        choice % (position % ('"x"', entry % ("A", '"x"'))) + tail,
        '{"choices": [{"error": {"message": "The provider is down.", "code": 502}, "finish_reason": "error", '
        '"message": {"content": "A"}}]}',
        '{"choices": [{"finish_reason": "error", "message": {"content": "B"}}]}',
        '{"choices": [{"message": {"content": 3}}]}',
        '{"choices": [{"message": {"content": [3]}}]}',
        "null",
        "[]",
    ]
