"""The arguments of a server that a task starts: those of the user, and the length of context."""

import json
from collections.abc import Mapping
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import source

CONTEXT = 8192
"""Tokens of prompt and reply together, at least, where the model has as many."""
PROMPT_TOKENS = 4096
"""Room for a prompt: a passage or its answer, several translations of it, and the task."""
_CONTEXT_NAMES = ("max-model-len", "context-length")
"""The name of the context's length: vLLM's and SGLang's."""
_OURS = {
    "model": "the role's BACKEND/MODEL",
    "model-path": "the role's BACKEND/MODEL",
    "model-tag": "the role's BACKEND/MODEL",
    "served-model-name": "the role's BACKEND/MODEL",
    "host": "this command",
    "port": "this command",
    "uds": "this command",
    "root-path": "this command",
    "config": "--server-args itself",
}
"""Arguments that decide where the server is asked, or for what, and what says that here."""


def check(arguments: Mapping[str, object]) -> None:
    """Raises UserError for an argument that is not the user's to give, or has no value."""
    for name, value in _flags(arguments).items():
        if name in _OURS:
            raise UserError(f"server_args {name}: {_OURS[name]} says that here; leave it out")
        if value is None or value == "":
            raise UserError(f"server_args {name} is empty; need a value, or leave it out")
        # vLLM takes "auto" and "8k", too.
        if name in _CONTEXT_NAMES and (isinstance(value, bool | float) or (isinstance(value, int) and value < 1)):
            raise UserError(f"server_args {name} is {value}; need a whole number of tokens from 1")


def of(backend: str, model: str, given: Mapping[str, object], reply_tokens: int) -> dict[str, Any]:
    """The part of datatrove's InferenceConfig for the server of a model.

    `reply_tokens` is the longest reply. The context has room for it and the longest prompt, as far
    as the model has room; datatrove by itself asks each model for 8,192 tokens, and a server whose
    model has fewer does not start.
    """
    flags = _flags(given)
    asked = [flags.pop(name) for name in _CONTEXT_NAMES if name in flags]
    wanted = max(CONTEXT, PROMPT_TOKENS + reply_tokens)
    own = source.find(model).context
    context = asked[-1] if asked else min(wanted, own or wanted)
    # Code in a repository of weights is not run; datatrove by itself has vLLM run it.
    no_code = {"trust-remote-code": False} if backend == "vllm" else {}
    texts = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in flags.items()}
    if backend == "sglang":  # Its switches have no opposite, which datatrove would write for False.
        texts = {name: value for name, value in texts.items() if value is not False}
    return {"model_max_context": context, "model_kwargs": {**no_code, **texts}}


def _flags(arguments: Mapping[str, object]) -> dict[str, Any]:
    """By the name on a command line, which both servers write with `-`."""
    return {name.strip().lstrip("-").replace("_", "-"): value for name, value in arguments.items()}
