"""Models that lm-evaluation-harness loads in this process: vLLM, SGLang and others."""

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from xl_alpacaeval_metric.clients.base import Completion, Failure, IsUsable, Reply, Request
from xl_alpacaeval_metric.clients.local import weights
from xl_alpacaeval_metric.clients.local.chat_template import break_special_tokens
from xl_alpacaeval_metric.errors import MissingExtra, ModelUnavailable, UserError, first_line


class HarnessClient:
    """Computes the log-likelihood of each choice after the prompt; the harness does the batching.

    `args` are the harness's model arguments (tensor_parallel_size, dtype, ...).
    """

    def __init__(self, backend: str, model: str, args: Mapping[str, object]) -> None:
        self.backend, self.model, self.args = backend, model, dict(args)
        # Arguments name folders, too, such as an adapter. A model of the Hub is known by its name.
        paths = (model, *self.args.values())
        self._fingerprint = "-".join(filter(None, (weights.fingerprint(str(path)) for path in paths)))
        self._lm: Any = None

    @property
    def spec(self) -> str:
        return f"{self.backend}/{self.model}"

    @property
    def identity(self) -> Mapping[str, object]:
        settings = {"backend": self.backend, "model": self.model, "args": {k: str(v) for k, v in self.args.items()}}
        return {**settings, "fingerprint": self._fingerprint} if self._fingerprint else settings

    def preflight(self) -> None:
        """Check that the harness and the backend are installed, and that the tokenizer loads.

        Raises MissingExtra, UserError or ModelUnavailable.
        """
        try:
            import lm_eval.models  # noqa: F401
        except ModuleNotFoundError:
            raise MissingExtra("lm-eval", "eval") from None
        package = {"hf": "torch"}.get(self.backend, self.backend)
        if importlib.util.find_spec(package) is None:
            if package == "sglang":
                raise UserError("sglang is not installed; run: pip install sglang")
            raise MissingExtra(package, "vllm" if package == "vllm" else "eval")
        from transformers import AutoTokenizer

        try:
            # Without an explicit value, transformers asks on the terminal.
            AutoTokenizer.from_pretrained(self.model, trust_remote_code=self.args.get("trust_remote_code") is True)
        except (OSError, ValueError) as error:
            raise ModelUnavailable(f"{self.spec}: cannot be loaded: {first_line(error)}") from None

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        """As `Client.complete`, in two batches: the requests with choices, then the others.

        The replies of a batch arrive together, when the harness has finished it.
        """
        if not requests:
            return
        lm = self._load()
        prompts = [self._prompt(lm, request) for request in requests]
        with_choices = [index for index, request in enumerate(requests) if request.choices]
        without_choices = [index for index, request in enumerate(requests) if not request.choices]
        chosen = _choose(lm, requests, prompts, with_choices)
        generated = _generate(lm, requests, prompts, without_choices)
        for index, reply in chain(chosen, generated):
            # No retry: the model is deterministic.
            usable = is_usable is None or is_usable(reply)
            yield index, reply if usable else Failure("refused", f"unusable reply {reply.text[:40]!r}")

    def close(self) -> None:
        """Free the model."""
        self._lm = None

    def _prompt(self, lm: Any, request: Request) -> Any:
        return lm.apply_chat_template(break_special_tokens(request.messages, lm.tokenizer))

    def _load(self) -> Any:
        if self._lm is None:
            from lm_eval.api.registry import get_model

            self._lm = get_model(self.backend).create_from_arg_obj({"pretrained": self.model, **self.args})
        return self._lm


def _choose(
    lm: Any, requests: Sequence[Request], prompts: Sequence[Any], indices: Sequence[int]
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
    lm: Any, requests: Sequence[Request], prompts: Sequence[Any], indices: Sequence[int]
) -> Iterator[tuple[int, Completion]]:
    from lm_eval.api.instance import Instance

    if not indices:
        return
    instances = []
    for number, index in enumerate(indices):
        request = requests[index]
        sampling = {"do_sample": request.temperature > 0, "temperature": request.temperature}
        arguments = {"until": [], "max_gen_toks": request.max_tokens, **sampling}
        instances.append(Instance("generate_until", {}, (prompts[index], arguments), number))
    for index, text in zip(indices, lm.generate_until(instances), strict=True):
        prompt_tokens, tokens = len(lm.tok_encode(prompts[index])), len(lm.tok_encode(text or ""))
        yield index, Completion(text or "", None, prompt_tokens, tokens)
