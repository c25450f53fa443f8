"""The client for models of the Hub or a folder that transformers runs in this process."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.clients.base import AUTO_THINKING, Completion, Failure, IsUsable, Reply, Request, Thinking
from xl_alpacaeval_metric.clients.fingerprint import group_indices
from xl_alpacaeval_metric.clients.local import device as local_device
from xl_alpacaeval_metric.clients.local import weights
from xl_alpacaeval_metric.clients.local.chat_template import THINKING_OFF, encode, spellings, thought_marks
from xl_alpacaeval_metric.clients.local.network import Loading
from xl_alpacaeval_metric.clients.local.prefix_cache import SharedPrefix, cache_argument, shared_length
from xl_alpacaeval_metric.clients.local.text_reply import TextReplies, unusable
from xl_alpacaeval_metric.errors import MissingExtra

BATCH_TOKENS = {"cuda": 32_768, "mps": 8_192, "cpu": 4_096}
"""Device -> tokens of one forward pass with padding: bounds memory for prompts of any length."""


class LocalClient:
    """Answers requests with a causal language model loaded by transformers.

    A request with `choices` costs one forward pass, which gives the log-probability of each choice
    as the next token; others are decoded greedily. `preflight` loads only the tokenizer and the
    configuration: the weights are loaded at the first request. Requests are batched by length, at
    most `batch_tokens` tokens a batch with padding; a batch that does not fit the memory is halved,
    and so are later ones. With `reuse_prefix` the common prefix of all requests with choices is
    computed once. A request with choices whose reply is not usable, and one whose prompt opens a
    thought, is answered by a text, with the room of `thinking` if the chat template has marks of
    thoughts. `loading` are the fields of `network.Loading`: device, dtype, GPUs and bits.
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

        Raises ModelUnavailable, MissingExtra without torch and transformers, and UserError for an
        unknown device or dtype.
        """
        if self._tokenizer is not None:
            return
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
        self._tokenizer = tokenizer
        self._texts = TextReplies(self.thinking, thought_marks(tokenizer), self._window)

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        """As `Client.complete`. A request longer than the model's window is refused."""
        self.preflight()
        switches = THINKING_OFF if self.thinking.mode == "off" else None
        prompts = encode([request.messages for request in requests], self._tokenizer, switches)
        fitting = []
        for index, (request, prompt) in enumerate(zip(requests, prompts, strict=True)):
            if len(prompt) + request.max_tokens > self._window:
                needed = len(prompt) + request.max_tokens
                yield index, Failure("refused", f"needs {needed} tokens, the window of {self.spec} has {self._window}")
            else:
                fitting.append(index)
        attempts = {
            i: self._texts.first_attempt(requests[i], len(prompts[i]), self._end_of(prompts[i])) for i in fitting
        }
        first: dict[int, str] = {}
        while attempts:
            as_text: dict[int, Request] = {}
            for index, reply in self._grouped(attempts, prompts):
                if isinstance(reply, Failure) or is_usable is None or is_usable(reply):
                    yield index, reply
                elif attempts[index].choices:
                    first[index] = reply.text
                    as_text[index] = self._texts.as_text(requests[index], len(prompts[index]))
                else:
                    yield index, unusable(reply, first.get(index, ""))
            attempts = as_text

    def close(self) -> None:
        """Free the model's memory."""
        if self._network is not None:
            self._network = None
            local_device.empty_cache()

    def _end_of(self, prompt: Sequence[int]) -> str:
        """The end of a prompt, where a chat template may open a thought."""
        return str(self._tokenizer.decode(prompt[-16:]))

    def _grouped(self, requests: Mapping[int, Request], prompts: Sequence[list[int]]) -> Iterator[tuple[int, Reply]]:
        """Yield (index, reply) of requests by their index, those of equal kind together."""
        indices = list(requests)
        kinds = ((requests[i].choices, requests[i].max_tokens, bool(requests[i].json_schema)) for i in indices)
        for group in group_indices(kinds).values():
            members = [indices[position] for position in group]
            for position, reply in self._answers(requests[members[0]], [prompts[i] for i in members]):
                yield members[position], reply

    def _answers(self, like: Request, prompts: Sequence[list[int]]) -> Iterator[tuple[int, Reply]]:
        """Yield (index into `prompts`, reply); `like` has the choices and token limit of all."""
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
            replies: Sequence[Reply] | None = None
            try:
                replies = self._choose(like, tokens, prefix) if like.choices else self._generate(like, tokens)
            except RuntimeError as error:
                if not local_device.is_out_of_memory(error):
                    raise
            # Outside the except block, where the error no longer holds its traceback's tensors.
            if replies is None:
                local_device.empty_cache()
                self.batch_tokens = budget = max(1, width * (len(batch) // 2))
                if len(batch) > 1:
                    continue
                replies = [Failure("gave_up", f"{width} tokens do not fit the memory of {network.device}")]
            done += len(batch)
            yield from zip(batch, replies, strict=True)

    def _load(self) -> Any:
        if self._network is None:
            self._network = self.loading.network(self.model, self.spec)
        return self._network

    def _padded(self, prompts: Sequence[list[int]]) -> tuple[Any, Any]:
        """Token ids and attention mask, both of shape (prompts, longest), padded on the left."""
        import torch

        width = max(map(len, prompts))
        ids = [[self._tokenizer.pad_token_id] * (width - len(prompt)) + prompt for prompt in prompts]
        starts = torch.tensor([[width - len(prompt)] for prompt in prompts])
        mask = (torch.arange(width) >= starts).long()
        return torch.tensor(ids).to(self._load().device), mask.to(self._load().device)

    def _choose(self, like: Request, prompts: Sequence[list[int]], prefix: SharedPrefix | None) -> list[Completion]:
        import torch

        choices = like.choices
        tokens = [spellings(choice, self._tokenizer) for choice in choices]
        with torch.inference_mode():
            cache = prefix.cache(len(prompts)) if prefix else None
            start = cache.get_seq_length() if cache else 0
            ids, mask = self._padded([prompt[start:] for prompt in prompts])
            mask = torch.nn.functional.pad(mask, (start, 0), value=1)
            # Only the last position is needed; logits of the others would take memory for the
            # whole vocabulary each.
            logits = self._load()(
                input_ids=ids,
                attention_mask=mask,
                position_ids=(mask.cumsum(-1) - 1).clamp(min=0)[:, start:],
                use_cache=cache is not None,
                logits_to_keep=1,
                **{cache_argument(self._load()): cache},
            ).logits[:, -1]
            logprobs = logits.float().log_softmax(-1)
            rows = torch.stack([logprobs[:, variants].logsumexp(-1) for variants in tokens], dim=-1).tolist()
        return [
            Completion(
                text=choices[max(range(len(choices)), key=row.__getitem__)],
                logprobs=dict(zip(choices, row, strict=True)) if all(map(math.isfinite, row)) else None,
                prompt_tokens=len(prompt),
                completion_tokens=1,
            )
            for row, prompt in zip(rows, prompts, strict=True)
        ]

    def _generate(self, like: Request, prompts: Sequence[list[int]]) -> list[Completion]:
        import torch

        ids, mask = self._padded(prompts)
        with torch.inference_mode():
            output = self._load().generate(
                input_ids=ids,
                attention_mask=mask,
                max_new_tokens=like.max_tokens,
                do_sample=False,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        generated = output[:, ids.shape[1] :]
        counts = (generated != self._tokenizer.pad_token_id).sum(-1).tolist()
        ends = self._load().generation_config.eos_token_id
        end_tokens = {self._tokenizer.pad_token_id, *(ends if isinstance(ends, list) else [ends])}
        # The marks of a thought are special tokens in some vocabularies.
        keep_special = bool(self._texts.marks)
        rows = [[token for token in row if token not in end_tokens] for row in generated.tolist()]
        texts = self._tokenizer.batch_decode(rows, skip_special_tokens=not keep_special)
        return [
            self._texts.completion(text, self._end_of(prompt), len(prompt), count, last not in end_tokens)
            for text, prompt, count, last in zip(texts, prompts, counts, generated[:, -1].tolist(), strict=True)
        ]
