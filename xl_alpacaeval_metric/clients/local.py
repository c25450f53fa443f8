"""Models of the Hub or a folder, run in this process with transformers, on CUDA where there is one."""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.clients.base import Accept, Completion, Failure, Message, Reply, Request
from xl_alpacaeval_metric.errors import JudgeUnavailable, MissingExtra

# Tokens, padding included, that one forward pass works on: bounds memory whatever the length of the prompts.
BATCH_TOKENS = {"cuda": 32_768, "mps": 8_192, "cpu": 4_096}


class LocalClient:
    """Answers requests with a causal language model loaded by transformers.

    A request with `choices` costs one forward pass, which gives the log-probability of each choice as the
    next token; others are decoded greedily. `preflight` loads the tokenizer and the configuration alone, so
    that the memory is free until the first request comes.
    """

    def __init__(
        self, model: str, *, device: str | None = None, dtype: str = "auto", batch_tokens: int | None = None
    ) -> None:
        self.model = os.path.expanduser(model)
        self.device, self.dtype, self.batch_tokens = device, dtype, batch_tokens
        self._tokenizer: Any = None
        self._network: Any = None
        self._window = 0
        self._fingerprint = ""

    @property
    def spec(self) -> str:
        return f"hf/{Path(self.model).name if Path(self.model).is_dir() else self.model}"

    @property
    def identity(self) -> Mapping[str, object]:
        self.preflight()
        return {"backend": "hf", "model": self.spec, "fingerprint": self._fingerprint, "dtype": self.dtype}

    def preflight(self) -> None:
        """Load tokenizer and configuration; raises JudgeUnavailable, or MissingExtra without torch and transformers."""
        if self._tokenizer is not None:
            return
        try:
            import torch  # noqa: F401
            import transformers
        except ModuleNotFoundError as error:
            raise MissingExtra(str(error.name), "eval") from None
        if self.model.startswith((".", "/")) and not Path(self.model).is_dir():
            raise JudgeUnavailable(f"hf/{self.model}: no such folder")
        try:
            config = transformers.AutoConfig.from_pretrained(self.model)
            tokenizer = transformers.AutoTokenizer.from_pretrained(self.model)
        except (OSError, ValueError, KeyError) as error:
            raise JudgeUnavailable(f"{self.spec}: cannot be loaded: {_first_line(error)}") from None
        text_config = config.get_text_config() if hasattr(config, "get_text_config") else config
        self._window = int(getattr(text_config, "max_position_embeddings", 0) or 0) or 2**31
        self._fingerprint = _fingerprint(self.model, config)
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        tokenizer.padding_side = "left"
        self._tokenizer = tokenizer

    def complete(self, requests: Sequence[Request], accept: Accept | None = None) -> Iterator[tuple[int, Reply]]:
        self.preflight()
        prompts = [self._encode(request.messages) for request in requests]
        fitting = []
        for index, (request, prompt) in enumerate(zip(requests, prompts, strict=True)):
            if len(prompt) + request.max_tokens > self._window:
                needed = len(prompt) + request.max_tokens
                yield index, Failure("refused", f"needs {needed} tokens, the window of {self.spec} has {self._window}")
            else:
                fitting.append(index)
        for batch in self._batches(fitting, requests, prompts):
            answer = self._choose if requests[batch[0]].choices else self._generate
            replies = answer([requests[i] for i in batch], [prompts[i] for i in batch])
            for index, reply in zip(batch, replies, strict=True):
                # Asking a deterministic model again would give the same reply.
                usable = accept is None or accept(reply)
                yield index, reply if usable else Failure("refused", f"unusable reply {reply.text[:40]!r}")

    def close(self) -> None:
        """Free the model's memory."""
        if self._network is None:
            return
        import torch

        self._network = None
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _encode(self, messages: Sequence[Message]) -> list[int]:
        if self._tokenizer.chat_template is None:
            text = "\n\n".join(message["content"] for message in messages) + "\n\nReply:"
            return list(self._tokenizer(text)["input_ids"])
        chat = [{**message, "content": plain(message["content"], self._tokenizer)} for message in messages]
        text = self._tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _batches(
        self, indices: list[int], requests: Sequence[Request], prompts: Sequence[list[int]]
    ) -> Iterator[list[int]]:
        """Indices of requests of one kind, near in length, whose padded total stays within the token budget."""
        budget = self.batch_tokens or BATCH_TOKENS[self._load().device.type]
        kind = {i: (requests[i].choices, requests[i].max_tokens) for i in indices}
        batch: list[int] = []
        # Longest first: memory is at its highest in the first batch, so what does not fit shows at once.
        for index in sorted(indices, key=lambda i: (kind[i], -len(prompts[i]))):
            if batch and (kind[batch[0]] != kind[index] or len(prompts[batch[0]]) * (len(batch) + 1) > budget):
                yield batch
                batch = []
            batch.append(index)
        if batch:
            yield batch

    def _load(self) -> Any:
        if self._network is None:
            import torch
            import transformers

            # It would write over the caller's own progress line.
            transformers.utils.logging.disable_progress_bar()
            device = self.device or best_device()
            # Half precision is slow on a CPU, whatever the file holds.
            dtype: Any = torch.float32 if device == "cpu" and self.dtype == "auto" else self.dtype
            try:
                network = transformers.AutoModelForCausalLM.from_pretrained(self.model, dtype=dtype)
            except (OSError, ValueError, KeyError) as error:
                raise JudgeUnavailable(f"{self.spec}: cannot be loaded: {_first_line(error)}") from None
            self._network = network.to(device).eval()
        return self._network

    def _tensors(self, prompts: Sequence[list[int]]) -> Mapping[str, Any]:
        padded = self._tokenizer.pad({"input_ids": list(prompts)}, return_tensors="pt")
        return {name: tensor.to(self._load().device) for name, tensor in padded.items()}

    def _choose(self, requests: Sequence[Request], prompts: Sequence[list[int]]) -> list[Completion]:
        import torch

        choices = requests[0].choices
        tokens = [self._variants(choice) for choice in choices]
        with torch.inference_mode():
            inputs = self._tensors(prompts)
            positions = (inputs["attention_mask"].cumsum(-1) - 1).clamp(min=0)
            # The last position is all that is needed: logits of the others would fill memory with the vocabulary.
            logits = self._load()(**inputs, position_ids=positions, logits_to_keep=1, use_cache=False).logits[:, -1]
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

    def _generate(self, requests: Sequence[Request], prompts: Sequence[list[int]]) -> list[Completion]:
        import torch

        with torch.inference_mode():
            inputs = self._tensors(prompts)
            output = self._load().generate(
                **inputs,
                max_new_tokens=requests[0].max_tokens,
                do_sample=False,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        made = output[:, inputs["input_ids"].shape[1] :]
        texts = self._tokenizer.batch_decode(made, skip_special_tokens=True)
        counts = (made != self._tokenizer.pad_token_id).sum(-1).tolist()
        return [
            Completion(text=text, prompt_tokens=len(prompt), completion_tokens=count)
            for text, prompt, count in zip(texts, prompts, counts, strict=True)
        ]

    def _variants(self, choice: str) -> list[int]:
        """The single tokens that spell the choice, with and without a space before it."""
        spellings = (self._tokenizer.encode(form, add_special_tokens=False) for form in (choice, f" {choice}"))
        return sorted({ids[0] for ids in spellings if len(ids) == 1}) or [
            self._tokenizer.encode(choice, add_special_tokens=False)[0]
        ]


def plain(text: str, tokenizer: Any) -> str:
    """The text with the tokenizer's special tokens broken up, so that an answer cannot end its turn or open another."""
    for token in tokenizer.added_tokens_decoder.values():
        if token.special and len(token.content) > 1:
            text = text.replace(token.content, f"{token.content[0]}\u200b{token.content[1:]}")
    return text


def best_device() -> str:
    """cuda, mps or cpu: the first that torch finds."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _fingerprint(model: str, config: Any) -> str:
    """The Hub's commit, or a hash over names, sizes and small files of a folder: another model, another fingerprint."""
    if commit := getattr(config, "_commit_hash", None):
        return str(commit)[:12]
    files = sorted(file for file in Path(model).glob("*") if file.suffix in {".json", ".safetensors", ".bin", ".gguf"})
    parts = [
        [f.name, f.stat().st_size, f.read_text("utf-8") if f.stat().st_size < 2**20 and f.suffix == ".json" else ""]
        for f in files
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
