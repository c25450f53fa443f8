"""Asking one model for one document: a reply that cannot be read is asked for again, and everything is counted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from datatrove.pipeline.inference.types import InferenceError

from xl_alpacaeval_metric.clients.base import Message

T = TypeVar("T")
Generate = Callable[[dict[str, Any]], Any]

UNREADABLE_AGAIN = 2
"""How often a reply that cannot be read is asked for again, each time a little warmer."""
WARMER, WARMEST = 0.3, 2.0
"""How much warmer, and the most that endpoints take."""


class Unreadable(Exception):
    """No reply could be read; `text` is the last one, `reason` what was wrong with it."""

    def __init__(self, text: str, reason: str = "unreadable reply") -> None:
        super().__init__(text)
        self.text, self.reason = text, reason


class Refused(Exception):
    """The endpoint will not answer this request, whoever asks again."""


class Unanswered(Exception):
    """Retries are spent; asking again later may help."""


@dataclass
class Prompter:
    """Asks one model for one document, and counts what that takes. `reasoning_tokens` are added to each limit."""

    generate: Generate
    temperature: float
    max_tokens: int
    reasoning_tokens: int = 0
    stage: str = ""
    usage: dict[str, dict[str, int]] = field(default_factory=dict)

    async def ask(
        self,
        messages: Sequence[Message],
        read: Callable[[str], T | None],
        *,
        sample: int = 0,
        temperature: float | None = None,
        max_tokens: int | None = None,
        schema: Mapping[str, object] | None = None,
        language: str = "",
    ) -> T:
        """What `read` makes of the reply, counted under the current `stage`, and `language` where it is for one alone.

        Raises Unreadable, Refused, or Unanswered.
        """
        limit = (max_tokens or self.max_tokens) + self.reasoning_tokens
        used = self.usage.setdefault(
            f"{self.stage} {language}".strip(), {"requests": 0, "prompt_tokens": 0, "completion_tokens": 0}
        )
        base = self.temperature if temperature is None else temperature
        for attempt in range(UNREADABLE_AGAIN + 1):
            payload = {
                "messages": [dict(message) for message in messages],
                "max_tokens": limit,
                "temperature": min(base + WARMER * attempt, max(base, WARMEST)),
                # Every candidate and every attempt is a request of its own.
                "sample": sample * (UNREADABLE_AGAIN + 1) + attempt,
                "schema": schema,
            }
            try:
                result = await self.generate(payload)
            except InferenceError as error:
                kind, _, reason = str(error.error).partition(": ")
                raise (Refused if kind == "refused" else Unanswered)(reason or kind) from None
            used["requests"] += 1
            used["prompt_tokens"] += result.usage["prompt_tokens"]
            used["completion_tokens"] += result.usage["completion_tokens"]
            cut = result.finish_reason == "length"
            found = None if cut else read(result.text)
            if found is not None:
                return found
        raise Unreadable(result.text, f"reply cut off at {limit} tokens" if cut else "unreadable reply")


def rejection(stage: str, reason: str, text: str, detail: str = "") -> dict[str, str]:
    """Why a document or a translation goes no further, as it is written down: a few words to count by, the text, and more."""
    return {"stage": stage, "reason": reason, "text": text, "detail": detail}


class Rollout(Protocol):
    """What is done with a document: asks, and puts what it found or why there is nothing into the metadata."""

    @property
    def name(self) -> str: ...

    async def __call__(self, metadata: dict[str, Any], asker: Prompter) -> None: ...
