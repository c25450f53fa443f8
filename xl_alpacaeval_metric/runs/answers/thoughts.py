"""How the candidate thinks: its template's switch and marks, room for thoughts, and its answers.

Everything is found in the chat template, the tokenizer and the endpoint's replies; no list of model
names is needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xl_alpacaeval_metric import thinking
from xl_alpacaeval_metric.clients.endpoint_reply import EndpointReply
from xl_alpacaeval_metric.clients.local import thinking_switch
from xl_alpacaeval_metric.clients.local.chat_template import template_of
from xl_alpacaeval_metric.clients.local.thinking_switch import ThinkingSwitch
from xl_alpacaeval_metric.errors import UserError

DEFAULT_TOKENS = 4096
"""Room for a thought unless --thinking-tokens says otherwise."""
NEARLY = 0.97
"""Share of max_tokens from which on an answer counts as cut off: a text's tokens, counted again,
may be a few less than it was generated with."""

_HARMONY_TOKENS = frozenset(
    ("<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|return|>", "<|call|>", "<|constrain|>")
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A candidate's answer and its thought; `cut` says that the answer reached its token limit.

    `unfinished` says that the thought never ended, `filtered` that the endpoint's content filter
    withheld the answer, `refused` why the endpoint refused the prompt: the prediction is empty.
    """

    prediction: str
    thinking: str = ""
    thinking_tokens: int | None = None
    unfinished: bool = False
    cut: bool = False
    filtered: bool = False
    refused: str = ""

    @property
    def columns(self) -> dict[str, object]:
        """The columns of samples.jsonl."""
        found: dict[str, object] = {"prediction": self.prediction}
        if self.thinking or self.thinking_tokens or self.unfinished:
            found |= {"thinking": self.thinking, "thinking_tokens": self.thinking_tokens}
        if self.unfinished:
            found["unfinished"] = True
        if self.filtered:
            found["filtered"] = True
        if self.refused:
            found["refused"] = self.refused
        return {**found, "cut": True} if self.cut else found


@dataclass(frozen=True, slots=True)
class Thoughts:
    """How a loaded model's thoughts are marked, switched and read; `of` builds one.

    `switch` is that of the template, None where it has none. `marks` are searched
    for beside the known ones, `tokens` are special tokens that mark thoughts. `thinks` says whether
    the template speaks of thoughts.
    """

    tokenizer: Any
    switch: ThinkingSwitch | None
    marks: Sequence[thinking.Marks]
    tokens: frozenset[str]
    thinks: bool

    @classmethod
    def of(cls, lm: Any, think_end_token: object = None) -> "Thoughts":
        """What the model's tokenizer says about thoughts; without a tokenizer, nothing.

        `think_end_token` is the closing mark that the user named, as text or as a token's number.
        """
        tokenizer = getattr(lm, "tokenizer", None)
        if not callable(tokenizer):
            return cls(None, None, _named(think_end_token), frozenset(), bool(think_end_token))
        template = template_of(tokenizer)
        special = _special_tokens(tokenizer)
        marks = thinking.marks_of_template(template + "\n" + "\n".join(special))
        if isinstance(think_end_token, int) or str(think_end_token or "").isdigit():
            think_end_token = tokenizer.decode([int(str(think_end_token))], skip_special_tokens=False)
        every = (*marks, *thinking.LISTED)
        kept = {
            token
            for token in special
            if any(mark.opening.startswith(token) or mark.closing == token for mark in every)
            or ("<|channel|>" in special and token in _HARMONY_TOKENS)
        }
        known = any(mark.opening in template for mark in thinking.LISTED) or "<|channel|>" in template
        switch = thinking_switch.of_tokenizer(tokenizer)
        thinks = bool(thinking.marks_of_template(template) or known or switch or think_end_token)
        return cls(tokenizer, switch, (*marks, *_named(think_end_token)), frozenset(kept), thinks)

    def keep_marks(self, lm: Any) -> None:
        """Let a transformers model of the harness keep the special tokens that mark thoughts.

        The harness drops all special tokens when it decodes, and the end of a thought with them.
        """
        if not self.tokens or not hasattr(lm, "tok_decode"):
            return
        decode = lm.tok_decode
        dropped = frozenset(self.tokenizer.all_special_ids) | {
            number for number, token in self.tokenizer.added_tokens_decoder.items() if token.special
        }
        dropped -= frozenset(self.tokenizer.convert_tokens_to_ids(list(self.tokens)))

        def decode_with_marks(tokens: Any, skip_special_tokens: bool = True) -> Any:
            if not skip_special_tokens or not isinstance(tokens, list):
                return decode(tokens, skip_special_tokens=skip_special_tokens)
            return decode([token for token in tokens if token not in dropped], skip_special_tokens=False)

        lm.tok_decode = decode_with_marks

    def arguments(self, mode: str) -> Mapping[str, object]:
        """The template's variables for thinking `on` or `off`; none for `auto`.

        Raises UserError where the template cannot do what is asked.
        """
        if mode == "auto" or (mode == "on" and self.thinks and self.switch is None):
            return {}
        if self.switch is None and not self.thinks:
            raise UserError(f"--thinking {mode}, but its chat template knows no thinking; leave the option out")
        if self.switch is None:
            raise UserError("--thinking off, but its chat template has no switch for it; use --thinking auto")
        return self.switch.variables(mode)

    def room(self, mode: str, wanted: int | None, prompt: str, left: int | None) -> int:
        """Tokens for a thought beside those of the answer.

        `wanted` is the user's number, `prompt` one of the prompts, and `left` the tokens of the
        model's window that the longest prompt and its answer leave. Raises UserError where `wanted`
        is more than that.
        """
        if mode == "off":
            return 0
        if wanted is not None:
            if left is not None and wanted > left:
                raise UserError(f"--thinking-tokens {wanted}: the model's window has room for {max(left, 0)}")
            return wanted
        if not self.thinks or thinking.closes_thought(prompt, self.marks):
            return 0
        return DEFAULT_TOKENS if left is None else max(0, min(DEFAULT_TOKENS, left))

    def read(self, prompt: str, reply: str, max_tokens: int, room: int) -> Answer:
        """The reply to a prompt, taken apart; the answer is at most `max_tokens` long."""
        opened = thinking.opens_thought(prompt, self.marks)
        field, counted = "", None
        if isinstance(reply, EndpointReply):
            field, counted = reply.thinking, reply.thinking_tokens
        found = thinking.split(reply, opened=opened and not field, marks=self.marks)
        thought, answer = "\n\n".join(filter(None, (field, found.thought))), found.answer
        unfinished = not found.finished
        at_limit = reply.cut if isinstance(reply, EndpointReply) else self._fills(reply, max_tokens + room)
        if at_limit and (field or counted) and not answer.strip():
            unfinished = True  # A server that takes thoughts out of the text returns no closing mark.
        for token in self.tokens:
            answer = answer.replace(token, "")
        answer, cut = self._limited(answer, max_tokens, room)
        if thought and counted is None:
            counted = self._count(thought)
        filtered, refused = (reply.filtered, reply.refused) if isinstance(reply, EndpointReply) else (False, "")
        return Answer(answer, thought, counted, unfinished, (cut or at_limit) and not unfinished, filtered, refused)

    def _limited(self, answer: str, max_tokens: int, room: int) -> tuple[str, bool]:
        """The answer within its limit, and whether it reached that limit.

        A model that did not think may have answered at greater length, in the room for a thought.
        """
        if self.tokenizer is None:
            return answer, False
        ids = self.tokenizer(_valid(answer), add_special_tokens=False)["input_ids"]
        if room and len(ids) > max_tokens:
            answer = self.tokenizer.decode(ids[:max_tokens], skip_special_tokens=False)
        return answer, len(ids) >= NEARLY * max_tokens

    def _fills(self, reply: str, limit: int) -> bool:
        count = self._count(reply)
        return count is not None and count >= NEARLY * limit

    def _count(self, text: str) -> int | None:
        if self.tokenizer is None:
            return None
        return len(self.tokenizer(_valid(text), add_special_tokens=False)["input_ids"])


def _named(token: object) -> tuple[thinking.Marks, ...]:
    """The user's closing mark. What opens such a thought is not known: it matches no text."""
    return (thinking.Marks("\0", str(token)),) if token else ()


def _special_tokens(tokenizer: Any) -> list[str]:
    added = getattr(tokenizer, "added_tokens_decoder", None) or {}
    special = [str(token) for token in added.values() if getattr(token, "special", False)]
    return list(dict.fromkeys([*getattr(tokenizer, "all_special_tokens", ()), *special]))


def _valid(text: str) -> str:
    """The text without lone surrogates, which an endpoint may send."""
    return text.encode("utf-8", "replace").decode()
