"""Asking one model about one draft: retries of unreadable replies, and the usage."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from xl_alpacaeval_metric.clients.base import Message
from xl_instruct_dataset.generate.documents import Draft, Usage, UsageByStage, UsageKey, add_usage
from xl_instruct_dataset.generate.inference.errors import InferenceError, Refused, Unanswered, Unreadable, reason_of

T = TypeVar("T")
Generate = Callable[[dict[str, Any]], Any]
"""datatrove's callback: sends the payload of a request and awaits the reply."""

UNREADABLE_RETRIES = 2
"""How often an unreadable reply is asked for again."""
RETRY_WARMTH, HIGHEST_TEMPERATURE = 0.3, 2.0
"""What each of these retries adds to the temperature, and the highest that endpoints take."""


@dataclass
class Prompter:
    """Asks one model about one draft, and counts its usage under the current `stage`.

    `reasoning_tokens` are added to the token limit of each request.
    """

    generate: Generate
    temperature: float
    max_tokens: int
    reasoning_tokens: int = 0
    stage: str = ""
    usage: UsageByStage = field(default_factory=dict)

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
        """What `read` makes of the reply; None from it means that the reply is unreadable.

        `language` is the response language of a request that is for one alone. Raises Unreadable,
        Refused, or Unanswered.
        """
        limit = (max_tokens or self.max_tokens) + self.reasoning_tokens
        base = self.temperature if temperature is None else temperature
        key = UsageKey(self.stage, language)
        self.usage.setdefault(key, Usage())
        for attempt in range(UNREADABLE_RETRIES + 1):
            payload = {
                "messages": [dict(message) for message in messages],
                "max_tokens": limit,
                "temperature": min(base + RETRY_WARMTH * attempt, max(base, HIGHEST_TEMPERATURE)),
                # Every candidate and every attempt has its own entry in the cache.
                "sample": sample * (UNREADABLE_RETRIES + 1) + attempt,
                "schema": schema,
            }
            try:
                result = await self.generate(payload)
            except (Refused, Unanswered):
                raise
            except InferenceError as error:
                raise Unanswered(reason_of(error)) from None
            add_usage(self.usage, {key: Usage(1, result.usage["prompt_tokens"], result.usage["completion_tokens"])})
            cut = result.finish_reason == "length"
            found = None if cut else read(result.text)
            if found is not None:
                return found
        raise Unreadable(result.text, f"reply cut off at {limit} tokens" if cut else "unreadable reply")


class Rollout(Protocol):
    """What an inference phase does with a draft: it asks a model, and stores the result in it."""

    @property
    def name(self) -> str: ...

    async def __call__(self, draft: Draft, prompter: Prompter) -> None: ...
