"""Models that lm-evaluation-harness loads in this process: vLLM, SGLang and others."""

import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from xl_alpacaeval_metric.clients import harness_steps
from xl_alpacaeval_metric.clients.base import AUTO_THINKING, Completion, Failure, IsUsable, Reply, Request, Thinking
from xl_alpacaeval_metric.clients.local import thinking_switch, weights
from xl_alpacaeval_metric.clients.local.chat_template import break_special_tokens, text_of, thought_marks
from xl_alpacaeval_metric.clients.local.text_reply import TextReplies, unusable
from xl_alpacaeval_metric.errors import MissingExtra, ModelUnavailable, UserError, first_line
from xl_alpacaeval_metric.models import arguments, placement, source
from xl_alpacaeval_metric.models.placement import Placement
from xl_alpacaeval_metric.models.source import Source


class HarnessClient:
    """Computes the log-likelihood of each choice after the prompt; the harness does the batching.

    `args` are the harness's model arguments (dtype, ...), and `gpus`: their number, or auto. A
    request with choices whose reply is not usable, and one whose prompt opens a thought, is
    answered by a text, with the room of `thinking` if the chat template has marks of thoughts.
    """

    def __init__(
        self, backend: str, model: str, args: Mapping[str, object], thinking: Thinking = AUTO_THINKING
    ) -> None:
        self.backend, self.model, self.thinking = backend, model, thinking
        self.args = {key: value for key, value in args.items() if key != "gpus"}
        self._gpus = str(args.get("gpus", placement.AUTO))
        # Arguments name folders, too, such as an adapter.
        paths = (model, *self.args.values())
        self._fingerprint = "-".join(filter(None, (weights.fingerprint(str(path)) for path in paths)))
        self._lm: Any = None

    @property
    def spec(self) -> str:
        return f"{self.backend}/{self.model}"

    @property
    def identity(self) -> Mapping[str, object]:
        args = {key: str(value) for key, value in self.args.items()}
        settings = {"backend": self.backend, "model": self.model, "args": args, **self.thinking.settings}
        found = {"fingerprint": self._fingerprint, "commit": self._source.commit}
        return {**settings, **{key: value for key, value in found.items() if value}}

    @property
    def _source(self) -> Source:
        revision = self.args.get("revision")
        return source.find(self.model, str(revision) if revision else None)

    def preflight(self) -> None:
        """Check that the harness and the backend are installed, and that the tokenizer loads.

        Raises MissingExtra, UserError or ModelUnavailable.
        """
        source.check_place(self.model, self.spec)
        try:
            import lm_eval.models  # noqa: F401
        except ModuleNotFoundError:
            raise MissingExtra("lm-eval", "eval") from None
        package = {"hf": "torch"}.get(self.backend, self.backend)
        if importlib.util.find_spec(package) is None:
            if package == "sglang":
                raise UserError("sglang is not installed; run: pip install sglang")
            raise MissingExtra(package, "vllm" if package == "vllm" else "eval")
        arguments.check(self.backend, self.args, self._source, "judge argument")
        self._placement()
        from transformers import AutoTokenizer

        try:
            # Without an explicit value, transformers asks on the terminal.
            trusted = self.args.get("trust_remote_code") is True
            tokenizer = AutoTokenizer.from_pretrained(self.model, trust_remote_code=trusted)
        except (OSError, ValueError) as error:
            raise ModelUnavailable(f"{self.spec}: cannot be loaded: {first_line(error)}") from None
        thinking_switch.for_judge(tokenizer, self.thinking.mode, thought_marks(tokenizer), self.spec)

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        """As `Client.complete`, in two batches: the requests with choices, then the texts.

        The replies of a batch arrive together, when the harness has finished it.
        """
        if not requests:
            return
        lm = self._load()
        switches = thinking_switch.for_judge(lm.tokenizer, self.thinking.mode, thought_marks(lm.tokenizer), self.spec)
        prompts = [_prompt(lm, request, switches) for request in requests]
        lengths = [len(lm.tok_encode(prompt)) for prompt in prompts]
        texts = TextReplies(self.thinking, thought_marks(lm.tokenizer), int(getattr(lm, "max_length", 0) or 2**31))
        attempts: dict[int, Request] = {}
        for index, (request, prompt, length) in enumerate(zip(requests, prompts, lengths, strict=True)):
            if (needed := length + request.max_tokens) > texts.window:  # The harness would cut the prompt.
                reason = f"needs {needed} tokens, the window of {self.spec} has {texts.window}"
                yield index, Failure("refused", reason)
            else:
                attempts[index] = texts.first_attempt(request, length, str(prompt))
        with_choices = [index for index, request in attempts.items() if request.choices]
        as_text = {index: request for index, request in attempts.items() if not request.choices}
        first: dict[int, str] = {}
        for index, reply in _choose(lm, attempts, prompts, with_choices):
            if is_usable is None or is_usable(reply):
                yield index, reply
            else:
                first[index] = reply.text
                as_text[index] = texts.as_text(attempts[index], lengths[index])
        chosen_from = {index: requests[index].choices for index in as_text}
        for index, reply in _generate(lm, as_text, chosen_from, prompts, texts, self.backend):
            # No retry: the model is deterministic.
            yield index, reply if is_usable is None or is_usable(reply) else unusable(reply, first.get(index, ""))

    def close(self) -> None:
        """Free the model."""
        self._lm = None

    def _placement(self) -> Placement:
        """One copy, over as many GPUs as it needs; raises UserError."""
        return placement.place(self._source, self.backend, self.args, self._gpus)

    def _load(self) -> Any:
        if self._lm is None:
            # vLLM and its processes log to standard output, which is for the command's result.
            os.environ.setdefault("VLLM_LOGGING_STREAM", "ext://sys.stderr")
            from lm_eval.api.registry import get_model

            place = self._placement()
            commit = self._source.commit
            pinned = {"revision": commit} if commit and self.backend == "vllm" else {}
            # vLLM divides by the time that its progress bar has run, which is 0 where bars are off.
            # With a number of requests (vLLM's own default) the harness wants no bar.
            barred = {"batch_size": 256} if self.backend == "vllm" and os.environ.get("TQDM_DISABLE") else {}
            settings = {"pretrained": self.model, **barred, **pinned, **place.arguments, **self.args}
            self._lm = get_model(self.backend).create_from_arg_obj(settings)
            if self.backend == "hf":  # The other backends take this as an argument of a request.
                self._lm.tok_decode = partial(self._lm.tok_decode, skip_special_tokens=False)
        return self._lm


def _prompt(lm: Any, request: Request, switches: Mapping[str, object]) -> Any:
    chat = break_special_tokens(request.messages, lm.tokenizer)
    if not switches:
        return lm.apply_chat_template(chat)
    return text_of(chat, lm.tokenizer, {**(getattr(lm, "chat_template_args", None) or {}), **switches})


def _choose(
    lm: Any, requests: Mapping[int, Request], prompts: Sequence[Any], indices: Sequence[int]
) -> Iterator[tuple[int, Completion]]:
    from lm_eval.api.instance import Instance

    if not indices:
        return
    continuations = [(index, choice) for index in indices for choice in requests[index].choices]
    pairs = enumerate((prompts[index], choice) for index, choice in continuations)
    scores = lm.loglikelihood([Instance("loglikelihood", {}, pair, number) for number, pair in pairs])
    found: dict[int, dict[str, float]] = {}
    for (index, choice), (logprob, _greedy) in zip(continuations, scores, strict=True):
        found.setdefault(index, {})[choice] = float(logprob)
    for index, logprobs in found.items():
        text = max(logprobs, key=logprobs.__getitem__)
        yield index, Completion(text, logprobs, len(lm.tok_encode(prompts[index])), completion_tokens=1)


def _generate(
    lm: Any,
    requests: Mapping[int, Request],
    choices: Mapping[int, Sequence[str]],
    prompts: Sequence[Any],
    texts: TextReplies,
    backend: str,
) -> Iterator[tuple[int, Completion]]:
    """A text for each request, with the log-probabilities at its choices where there are any."""
    from lm_eval.api.instance import Instance

    if not requests:
        return
    instances = []
    for number, (index, request) in enumerate(requests.items()):
        sampling = {"do_sample": request.temperature > 0, "temperature": request.temperature}
        # The marks of a thought are special tokens in some vocabularies.
        special = {"skip_special_tokens": False} if texts.marks and backend != "hf" else {}
        steps = harness_steps.sampling(backend) if choices[index] else {}
        arguments = {"until": [], "max_gen_toks": request.max_tokens, **sampling, **special, **steps}
        instances.append(Instance("generate_until", {}, (prompts[index], arguments), number))
    with harness_steps.recorded(lm, backend) as written:
        replies = lm.generate_until(instances)
    for (index, request), text in zip(requests.items(), (reply or "" for reply in replies), strict=True):
        tokens, prompt = len(lm.tok_encode(text)), lm.tok_encode(prompts[index])
        cut = tokens >= request.max_tokens
        reply = texts.completion(text, str(prompts[index]), len(prompt), tokens, cut)
        # An engine's text has its special tokens, with which the harness asks for it.
        at = written.choice_tokens(prompt, text, reply.text, choices[index], lm.tokenizer, special=True)
        yield index, replace(reply, choice_tokens=at)
