"""The client for models of the Hub or a folder that transformers runs in this process."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.clients.base import AUTO_THINKING, Completion, Failure, IsUsable, Reply, Request, Thinking
from xl_alpacaeval_metric.clients.fingerprint import fan_out, group_indices
from xl_alpacaeval_metric.clients.local import device as local_device
from xl_alpacaeval_metric.clients.local import replies, thinking_switch, weights
from xl_alpacaeval_metric.clients.local.chat_template import encode, thought_marks
from xl_alpacaeval_metric.clients.local.network import Loading
from xl_alpacaeval_metric.clients.local.prefix_cache import ReadPrompts, SharedPrefix, shared_length
from xl_alpacaeval_metric.clients.local.text_reply import TextReplies, unusable
from xl_alpacaeval_metric.errors import MissingExtra
from xl_alpacaeval_metric.models import source

BATCH_TOKENS = {"cuda": 32_768, "mps": 8_192, "cpu": 4_096}
"""Device -> tokens of one forward pass with padding: bounds memory for prompts of any length."""


class LocalClient:
    """Answers requests with a causal language model loaded by transformers.

    A request with `choices` costs one forward pass, which gives the log-probability of each choice
    as the next token; others are decoded, greedily at temperature 0. `preflight` loads only the
    tokenizer and the configuration: the weights are loaded at the first request. Requests are
    batched by length, at most `batch_tokens` tokens a batch with padding; a batch that does not fit
    the memory is halved, and so are later ones. With `reuse_prefix` the common prefix of all
    requests with choices is computed once, and a prompt whose choice is not usable is not read
    again for a text. A request with choices whose reply is not usable, and one whose prompt opens a
    thought, is answered by a text, with the room of `thinking` if the chat
    template has marks of thoughts; the text has the log-probabilities of the choices that it names.
    `device` defaults to the first of cuda, mps and cpu that there is.
    """

    def __init__(
        self,
        model: str,
        *,
        batch_tokens: int | None = None,
        reuse_prefix: bool = True,
        thinking: Thinking = AUTO_THINKING,
        **loading: Any,
    ) -> None:
        self.model, self.loading = os.path.expanduser(model), Loading(**loading)
        self.batch_tokens = batch_tokens
        self.reuse_prefix, self.thinking = reuse_prefix, thinking
        self._texts = TextReplies(thinking, (), 0)
        self._tokenizer: Any = None
        self._switches: Mapping[str, object] = {}
        self._network: Any = None
        self._window = 0
        self._fingerprint = ""

    @property
    def spec(self) -> str:
        return f"hf/{Path(self.model).name if Path(self.model).exists() else self.model}"

    @property
    def identity(self) -> Mapping[str, object]:
        self.preflight()
        return {
            "backend": "hf",
            "model": self.spec,
            "fingerprint": self._fingerprint,
            "dtype": self.loading.dtype,
            **self.loading.settings,
            **({"thinks": True} if self._texts.room else {}),
            **self.thinking.settings,
        }

    def preflight(self) -> None:
        """Load the tokenizer and the configuration.

        Raises UserError for a path that holds no model and an unknown device or dtype,
        MissingExtra without torch and transformers, and ModelUnavailable.
        """
        if self._tokenizer is not None:
            return
        source.check_place(self.model, f"hf/{self.model}")
        try:
            import torch  # noqa: F401
            import transformers  # noqa: F401
        except ModuleNotFoundError as error:
            raise MissingExtra(str(error.name), "eval") from None
        self.loading.check(self.model)
        config, tokenizer = self.loading.configuration(self.model, self.spec)
        text_config = config.get_text_config() if hasattr(config, "get_text_config") else config
        self._window = int(getattr(text_config, "max_position_embeddings", 0) or 0) or 2**31
        self._fingerprint = weights.model_fingerprint(self.model, config)
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        self._texts = TextReplies(self.thinking, thought_marks(tokenizer), self._window)
        self._switches = thinking_switch.for_judge(tokenizer, self.thinking.mode, self._texts.marks, self.spec)
        self._tokenizer = tokenizer

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        """As `Client.complete`. A request longer than the model's window is refused."""
        self.preflight()
        prompts = encode([request.messages for request in requests], self._tokenizer, self._switches)
        fitting = []
        for index, (request, prompt) in enumerate(zip(requests, prompts, strict=True)):
            if len(prompt) + request.max_tokens > self._window:
                needed = len(prompt) + request.max_tokens
                yield index, Failure("refused", f"needs {needed} tokens, the window of {self.spec} has {self._window}")
            else:
                fitting.append(index)
        attempts = {
            i: self._texts.first_attempt(requests[i], len(prompts[i]), replies.end_of(prompts[i], self._tokenizer))
            for i in fitting
        }
        first: dict[int, str] = {}
        while attempts:
            as_text: dict[int, Request] = {}
            for index, reply in self._grouped(attempts, prompts, [request.choices for request in requests], is_usable):
                if isinstance(reply, Failure) or _is_usable(reply, is_usable):
                    as_text.pop(index, None)
                    yield index, reply
                elif attempts[index].choices and index not in as_text:
                    first[index] = reply.text
                    as_text[index] = self._texts.as_text(requests[index], len(prompts[index]))
                else:
                    as_text.pop(index, None)
                    yield index, unusable(reply, first.get(index, ""))
            attempts = as_text

    def close(self) -> None:
        """Free the model's memory."""
        if self._network is not None:
            self._network = None
            local_device.empty_cache()

    def _grouped(
        self,
        requests: Mapping[int, Request],
        prompts: Sequence[list[int]],
        choices: Sequence[Sequence[str]],
        is_usable: IsUsable | None,
    ) -> Iterator[tuple[int, Reply]]:
        """Yield (index, reply) of requests by their index, those of equal kind together.

        `choices` are those that a text may name, for each prompt. A choice that is not usable may
        be followed by a second reply, a text.
        """
        indices = list(requests)
        for group in group_indices((_kind(requests[i]), *choices[i]) for i in indices).values():
            members = [indices[position] for position in group]
            # Choices of one prompt are computed once: a forward pass gives what votes sample from.
            same = [*group_indices(tuple(prompts[i]) if requests[i].choices else i for i in members).values()]
            tokens = [prompts[members[positions[0]]] for positions in same]
            # Votes are different texts of one prompt.
            greedy = self.reuse_prefix and all(requests[i].temperature == 0.0 for i in members)
            goes_on = is_usable if greedy else None
            for position, reply in self._answers(requests[members[0]], tokens, choices[members[0]], goes_on):
                for index, copy in fan_out(same[position], reply):
                    yield members[index], copy

    def _answers(
        self, like: Request, prompts: Sequence[list[int]], choices: Sequence[str], is_usable: IsUsable | None
    ) -> Iterator[tuple[int, Reply]]:
        """Yield (index into `prompts`, reply); `like` has the settings of all.

        After a choice that is not usable comes a text, where the network can go on from the prompt.
        """
        network = self._load()
        budget = self.batch_tokens or BATCH_TOKENS.get(network.device.type, BATCH_TOKENS["mps"])
        prefix = SharedPrefix(network, prompts[0][: shared_length(prompts)]) if self.reuse_prefix else None
        # Longest first: the first batch takes the most memory, so a lack of it shows at once.
        order = sorted(range(len(prompts)), key=lambda i: -len(prompts[i]))
        done = 0
        while done < len(order):
            width = len(prompts[order[done]]) + like.max_tokens
            batch = order[done : done + max(1, budget // width)]
            tokens = [prompts[i] for i in batch]
            found: Sequence[Reply] | None = None
            read: ReadPrompts | None = None
            try:
                if like.choices:
                    keep = is_usable is not None
                    found, read = replies.choose(network, self._tokenizer, like.choices, tokens, prefix, keep)
                else:
                    found = replies.write(network, self._tokenizer, like, choices, tokens, self._texts)
            except RuntimeError as error:
                if not local_device.is_out_of_memory(error):
                    raise
            # Outside the except block, where the error no longer holds its traceback's tensors.
            if found is None:
                local_device.empty_cache()
                self.batch_tokens = budget = max(1, width * (len(batch) // 2))
                if len(batch) > 1:
                    continue
                found = [Failure("gave_up", f"{width} tokens do not fit the memory of {network.device}")]
            done += len(batch)
            yield from zip(batch, found, strict=True)
            if read is not None:
                rows = [
                    row
                    for row, reply in enumerate(found)
                    if not (isinstance(reply, Failure) or _is_usable(reply, is_usable))
                ]
                yield from ((batch[row], reply) for row, reply in self._texts_from(read, rows, like, tokens, budget))

    def _texts_from(
        self, read: ReadPrompts, rows: Sequence[int], like: Request, prompts: Sequence[list[int]], budget: int
    ) -> Iterator[tuple[int, Reply]]:
        """Yield (row, text) of prompts that were read; none where the memory does not suffice."""
        requests = {row: self._texts.as_text(like, len(prompts[row])) for row in rows}
        for group in group_indices(requests[row].max_tokens for row in rows).values():
            text = requests[rows[group[0]]]
            size = max(1, budget // (read.ids.shape[1] + text.max_tokens))
            for start in range(0, len(group), size):
                some = [rows[position] for position in group[start : start + size]]
                tokens = [prompts[row] for row in some]
                try:
                    found = replies.write(
                        self._load(), self._tokenizer, text, like.choices, tokens, self._texts, read.rows(some)
                    )
                except RuntimeError as error:
                    if not local_device.is_out_of_memory(error):
                        raise
                    return  # The caller asks again, in batches that are halved.
                yield from zip(some, found, strict=True)

    def _load(self) -> Any:
        if self._network is None:
            self._network = self.loading.network(self.model, self.spec)
        return self._network


def _is_usable(reply: Completion, is_usable: IsUsable | None) -> bool:
    return is_usable is None or is_usable(reply)


def _kind(request: Request) -> Request:
    """What requests have in common that can be answered in one batch."""
    kind = replace(request, messages=(), json_schema=None)
    return replace(kind, temperature=0.0, sample=0) if request.choices else kind
