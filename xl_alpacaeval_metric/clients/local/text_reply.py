"""Verdicts as text from a model in this process, where its first token is none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from xl_alpacaeval_metric import thinking
from xl_alpacaeval_metric.clients.base import UNUSABLE, Completion, Failure, Request, Thinking
from xl_alpacaeval_metric.thinking import Marks

VERDICT_TOKENS = 64
"""Tokens of a verdict as text, beside those of a thought."""


@dataclass(frozen=True, slots=True)
class TextReplies:
    """How a model in this process replies by a text, which may hold a thought.

    `marks` are those of its chat template; a model without any gets no room to think unless
    `allowed.mode` is `on`. `window` is the most tokens of prompt and reply.
    """

    allowed: Thinking
    marks: Sequence[Marks]
    window: int

    @property
    def room(self) -> int:
        """The tokens to think in."""
        thinks = self.allowed.mode == "on" or (self.allowed.mode == "auto" and bool(self.marks))
        return self.allowed.tokens if thinks else 0

    def first_attempt(self, request: Request, prompt_tokens: int, prompt_end: str) -> Request:
        """The request as it is sent first: as a text where the first token can be no verdict.

        That is so where the prompt's end opens a thought. A request for a JSON object gets room to
        think.
        """
        if request.choices and (self.allowed.mode == "on" or thinking.opens_thought(prompt_end, self.marks)):
            return self.as_text(request, prompt_tokens)
        if request.json_schema is not None and self.room:
            return self._limited(request, request.max_tokens + self.room, prompt_tokens)
        return request

    def as_text(self, request: Request, prompt_tokens: int) -> Request:
        """The same request for a text instead of one of the choices."""
        return self._limited(replace(request, choices=()), VERDICT_TOKENS + self.room, prompt_tokens)

    def completion(self, text: str, prompt_end: str, prompt_tokens: int, tokens: int, cut: bool) -> Completion:
        """The completion of a text, with the thought taken off."""
        opened = thinking.opens_thought(prompt_end, self.marks)
        split = thinking.split(text, opened=opened, marks=self.marks)
        return Completion(
            split.answer,
            prompt_tokens=prompt_tokens,
            completion_tokens=tokens,
            cut=cut,
            thought=split.thought,
        )

    def _limited(self, request: Request, max_tokens: int, prompt_tokens: int) -> Request:
        return replace(request, max_tokens=max(1, min(max_tokens, self.window - prompt_tokens)))


def unusable(reply: Completion, first: str = "") -> Failure:
    """The failure that a reply which is not usable becomes: the model is deterministic.

    `first` is the choice that was not usable either.
    """
    what = "a thought that does not end" if reply.thought and not reply.text else repr(reply.text[:40])
    return Failure("refused", f"{UNUSABLE}{what}" + (f", after {first!r} as one token" if first else ""))
