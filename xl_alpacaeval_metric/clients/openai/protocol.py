"""The chat completions protocol: request bodies, faults, an endpoint's capabilities."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from xl_alpacaeval_metric.clients.base import Message, Request, Thinking
from xl_alpacaeval_metric.clients.openai.body import complaint_of

TRANSIENT_STATUS = frozenset({408, 409, 425, 429})
FATAL_STATUS = frozenset({401, 402, 404, 405})
FEWER_LOGPROBS = 5
"""The number of alternatives that servers with a limit below twenty usually accept."""
MORE_TOKENS = 16
"""The smallest token limit of servers that refuse a limit of one token."""
EFFORTS = ("", "none", "minimal")
"""Values of `reasoning_effort` to turn thinking off, in the order in which they are tried."""
_STREAM_ALONE = re.compile(r"\bstream(?:ing|ed)?\b")
_TOO_FEW = re.compile(r"at least|minimum|greater|>=|>|less than|lower than|below|too (?:small|low|few)|larger|higher")
_TOO_MANY = re.compile(
    r"(?:cannot|can't|not|must) be (?:greater|larger|more)|exceed|max_model_len|context[ _](?:length|window|size)"
    r"|too (?:large|many|long|high|big)|at most|<="
)
_NO_SYSTEM = re.compile(
    r"system[\s'\"]+(?:role|messages?|prompts?|instructions?)|roles?\b.*\bsystem|system\b.*(?:not|un)\s?support"
    r"|roles must alternate|(?:developer|system) instruction"
)


def template_variables(mode: str) -> dict[str, object]:
    """Variables of chat templates for thinking `on` or `off`, as vLLM and SGLang pass them on."""
    on = mode == "on"
    return {"enable_thinking": on, "thinking": on, **({} if on else {"thinking_budget": 0})}


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
    """Which parameters an endpoint accepts, and how its model gives a verdict.

    `top_logprobs` is the number of alternatives; 0 where it reports no log-probabilities.
    `least_tokens` is the smallest token limit that it accepts. Without `system` a system message
    becomes the beginning of the user's. `template_switch` says that the switch of a chat template
    is accepted. `effort` is the value of `reasoning_effort` that turns thinking off, "" where none
    is needed. `thinks` says that the model thinks, or writes something else, before a verdict, so
    that it needs room. `first_token` says that its first token is a verdict. With `window_ends`
    the endpoint takes no token limit as large as that room: requests with room have none, and end
    with its window. With `stream` it replies by streams alone.
    """

    token_limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    top_logprobs: int = 20
    temperature: bool = True
    json_schema: bool = True
    seed: bool = True
    least_tokens: int = 1
    system: bool = True
    template_switch: bool = True
    effort: str = ""
    thinks: bool = False
    first_token: bool = True
    window_ends: bool = False
    stream: bool = False

    @property
    def settings(self) -> dict[str, object]:
        """What determines a reply: the same as in version 0.1.0 where nothing is unusual."""
        return {
            "temperature": "as asked" if self.temperature else "the endpoint's own",
            "top_logprobs": self.top_logprobs,
            **({} if self.system else {"system": "in the user's message"}),
            **({"reasoning_effort": self.effort} if self.effort else {}),
            **({"thinks": True} if self.thinks else {}),
            **({} if self.first_token or self.thinks or not self.top_logprobs else {"first_token": False}),
            **({"room": "the endpoint's window"} if self.window_ends else {}),
        }

    def body(
        self, model: str, request: Request, verdict_tokens: int, thinking: Thinking, *, with_room: bool = False
    ) -> dict[str, object]:
        """The JSON body of a request.

        A choice that is read from the reply's text may take `verdict_tokens` tokens. A model that
        thinks gets the tokens of `thinking` as well, and so does a request `with_room`.
        """
        max_tokens = request.max_tokens
        messages = [dict(message) for message in (request.messages if self.system else _folded(request.messages))]
        body: dict[str, object] = {"model": model, "messages": messages}
        judged = bool(request.choices) or request.json_schema is not None
        room = judged and (with_room or self.thinks)
        if request.choices and self.top_logprobs:
            # A long reply has alternatives at each of its tokens.
            body |= {
                "logprobs": True,
                "top_logprobs": min(self.top_logprobs, FEWER_LOGPROBS) if room else self.top_logprobs,
            }
        if judged and (room or not self.top_logprobs or (request.choices and not self.first_token)):
            max_tokens = max(max_tokens, verdict_tokens)
        if not (room and self.window_ends):
            body[self.token_limit] = max(max_tokens + (thinking.tokens if room else 0), self.least_tokens)
        if self.temperature:
            body["temperature"] = request.temperature
        if self.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        if request.sample and self.seed:
            body["seed"] = request.sample
        if request.json_schema is not None and self.json_schema:
            schema = {"name": "reply", "schema": dict(request.json_schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if judged and thinking.mode != "auto" and self.template_switch:
            body["chat_template_kwargs"] = template_variables(thinking.mode)
        if judged and self.effort:
            body["reasoning_effort"] = self.effort
        return body

    def with_less_effort(self) -> "Capabilities | None":
        """The capabilities with the next value of `reasoning_effort`; None after the last."""
        following = EFFORTS.index(self.effort) + 1
        return replace(self, effort=EFFORTS[following]) if following < len(EFFORTS) else None

    def adapted_to(self, complaint: str) -> "Capabilities | None":
        """The capabilities without the parameter that the endpoint complains about.

        None where the complaint names no parameter that could be left out.
        """
        lowered = complaint.lower()
        if self.thinks and (within := self.within_window(complaint)):
            return within
        if not self.stream and _STREAM_ALONE.search(lowered):
            return replace(self, stream=True)
        if "chat_template_kwargs" in lowered and self.template_switch:
            return replace(self, template_switch=False)
        if "response_format" in lowered or "json_schema" in lowered:
            return replace(self, json_schema=False) if self.json_schema else None
        if "logprobs" in lowered and self.top_logprobs:
            return replace(self, top_logprobs=FEWER_LOGPROBS if self.top_logprobs > FEWER_LOGPROBS else 0)
        if "seed" in lowered and self.seed:
            return replace(self, seed=False)
        if "temperature" in lowered and self.temperature:
            return replace(self, temperature=False)
        if re.search(r"max_(?:completion_|output_)?tokens", lowered):
            if _TOO_FEW.search(lowered) and self.least_tokens < MORE_TOKENS:
                return replace(self, least_tokens=MORE_TOKENS)
            if self.token_limit == "max_tokens":
                return replace(self, token_limit="max_completion_tokens")
            if self.least_tokens < MORE_TOKENS:
                return replace(self, least_tokens=MORE_TOKENS)
        if self.system and _NO_SYSTEM.search(lowered):
            return replace(self, system=False)
        return None

    def within_window(self, complaint: str) -> "Capabilities | None":
        """The capabilities for an endpoint that complains about the room to think; else None."""
        complains = not self.window_ends and _TOO_MANY.search(complaint.lower())
        return replace(self, window_ends=True) if complains else None

    def adapted_later(self, complaint: str, *, with_room: bool) -> "Capabilities | None":
        """As `adapted_to`, for a request after the probe, which had no schema, no seed, no room."""
        if with_room and (within := self.within_window(complaint)):
            return within
        adapted = self.adapted_to(complaint) or self
        found = replace(self, json_schema=adapted.json_schema, seed=adapted.seed)
        return None if found == self else found

    def reduced(self) -> "Capabilities | None":
        """The capabilities without the next parameter that some endpoint refuses.

        For an endpoint that refuses a request and does not say why. None where nothing is left.
        """
        if self.template_switch:
            return replace(self, template_switch=False)
        if self.top_logprobs:
            return replace(self, top_logprobs=0)
        if self.temperature:
            return replace(self, temperature=False)
        if self.system:
            return replace(self, system=False)
        if self.least_tokens < MORE_TOKENS:
            return replace(self, least_tokens=MORE_TOKENS)
        if self.token_limit == "max_tokens":
            return replace(self, token_limit="max_completion_tokens")
        return None


def _folded(messages: Sequence[Message]) -> list[Message]:
    """The messages with each system message at the beginning of the user's message after it."""
    folded: list[Message] = []
    waiting: list[str] = []
    for message in messages:
        if message["role"] == "system":
            waiting.append(message["content"])
        elif waiting and message["role"] == "user":
            folded.append({**message, "content": "\n\n".join([*waiting, message["content"]])})
            waiting = []
        else:
            folded.append(message)
    return folded if not waiting else [*folded, {"role": "user", "content": "\n\n".join(waiting)}]


def status_fault(status: int, text: str, wait: float | None) -> Fault:
    """The fault of a reply with an error status; `wait` is its Retry-After in seconds."""
    complaint = complaint_of(text)
    reason = f"status {status}" + (f": {complaint}" if complaint else "")
    quota = status == 429 and "insufficient_quota" in text
    if status in FATAL_STATUS or quota:
        return Fault("fatal", reason, status)
    if status == 403:
        return Fault("forbidden", reason, status, complaint=complaint)
    if status in TRANSIENT_STATUS or status >= 500:
        return Fault("transient", reason, status, wait, complaint)
    return Fault("refused", reason, status, complaint=complaint)
