"""Models that answer requests, all behind `base.Client`."""

from collections.abc import Mapping
from typing import Any

from xl_alpacaeval_metric.clients.base import Client
from xl_alpacaeval_metric.errors import UserError

__all__ = ["client_for"]

IN_PROCESS = ("vllm", "sglang")
ARGUMENTS: Mapping[str, Mapping[str, type]] = {
    "openai": {"timeout": float, "retries": int, "verdict_tokens": int},
    "hf": {"dtype": str, "batch_tokens": int},
}
"""What `args` may hold, by backend; the others hand theirs to lm-evaluation-harness."""
LEAST: Mapping[str, float] = {"timeout": 0.1, "retries": 0, "verdict_tokens": 1, "batch_tokens": 1}


def client_for(
    spec: str,
    *,
    base_url: str | None = None,
    concurrency: int = 64,
    args: Mapping[str, object] | None = None,
    device: str | None = None,
) -> Client | None:
    """The client that `BACKEND/MODEL` names; None for "none".

    `base_url` and `concurrency` are for endpoints, `device` for models loaded here, `args` for the backend's own
    settings. Raises UserError for a specification of another form, an unknown backend or an unknown argument.
    """
    if spec == "none":
        return None
    backend, _, model = spec.partition("/")
    if not model:
        raise UserError(
            f"judge {spec!r} is not of the form BACKEND/MODEL; e.g. openai/gpt-4o, hf/ORG/MODEL, hf/./folder, "
            "vllm/ORG/MODEL, or none"
        )
    if base_url is not None and backend != "openai":
        raise UserError(f"a judge's base URL goes with openai/MODEL, not with {spec!r}")
    match backend:
        case "openai":
            from xl_alpacaeval_metric.clients.openai.client import OpenAIClient

            return OpenAIClient(model, base_url=base_url, concurrency=concurrency, **_settings(backend, args))
        case "hf":
            from xl_alpacaeval_metric.clients.local.client import LocalClient

            return LocalClient(model, device=device, **_settings(backend, args))
        case _ if backend in IN_PROCESS:
            from xl_alpacaeval_metric.clients.harness import HarnessClient

            return HarnessClient(backend, model, args or {})
    raise UserError(
        f"unknown judge backend {backend!r} in {spec!r}; there are openai, hf, {', '.join(IN_PROCESS)} and none"
    )


def _settings(backend: str, args: Mapping[str, object] | None) -> dict[str, Any]:
    known = ARGUMENTS[backend]
    found = {}
    if not isinstance(args, Mapping | None):
        raise UserError(f"judge arguments are {type(args).__name__}; need a mapping such as {{'timeout': 300}}")
    for key, value in (args or {}).items():
        if key not in known:
            raise UserError(f"judge argument {key!r} is unknown for {backend}/; it takes {', '.join(known)}")
        try:
            found[key] = known[key](value)
        except (TypeError, ValueError, OverflowError):
            raise UserError(f"judge argument {key}={value!r} is no {known[key].__name__}") from None
        # Turned about, so that nan is refused.
        if key in LEAST and not found[key] >= LEAST[key]:
            raise UserError(f"judge argument {key}={value!r}: need a number from {LEAST[key]}")
    return found
