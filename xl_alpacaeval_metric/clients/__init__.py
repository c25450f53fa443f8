"""Models that answer requests, all behind the protocol `base.Client`.

To add a backend, write a class that has the methods of `Client`, a function here that builds it
(with its imports inside, so that other backends start without them), and an entry in BACKENDS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any

from xl_alpacaeval_metric import credentials
from xl_alpacaeval_metric.clients.base import AUTO_THINKING, Client, Thinking
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.models import source

__all__ = ["BACKENDS", "check_spec", "client_for", "is_endpoint"]


@dataclass(frozen=True, slots=True)
class Argument:
    """A setting of a backend: its type, and the least value of a number."""

    type: type[Any]
    least: float | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What every backend is offered; each takes what applies to it."""

    base_url: str | None
    concurrency: int
    device: str | None
    thinking: Thinking


@dataclass(frozen=True, slots=True)
class Backend:
    """How the client of a backend is built: `build(model, options, settings)`.

    `arguments` are the settings that the backend takes, by name; None hands any on unchecked.
    `has_endpoint` says whether a base URL applies.
    """

    build: Callable[[str, Options, dict[str, Any]], Client]
    arguments: Mapping[str, Argument] | None = None
    has_endpoint: bool = False


def _openai(model: str, options: Options, settings: dict[str, Any]) -> Client:
    from xl_alpacaeval_metric.clients.openai import OpenAIClient

    return OpenAIClient(
        model,
        base_url=options.base_url,
        concurrency=options.concurrency,
        thinking=options.thinking,
        **settings,
    )


def _hf(model: str, options: Options, settings: dict[str, Any]) -> Client:
    from xl_alpacaeval_metric.clients.local import LocalClient

    return LocalClient(model, device=options.device, thinking=options.thinking, **settings)


def _harness(backend: str, model: str, options: Options, settings: dict[str, Any]) -> Client:
    from xl_alpacaeval_metric.clients.harness import HarnessClient

    return HarnessClient(backend, model, settings, options.thinking)


BACKENDS: Mapping[str, Backend] = {
    "openai": Backend(
        _openai,
        {
            "timeout": Argument(float, least=0.1),
            "retries": Argument(int, least=0),
            "verdict_tokens": Argument(int, least=1),
        },
        has_endpoint=True,
    ),
    "hf": Backend(
        _hf,
        {
            "dtype": Argument(str),
            "batch_tokens": Argument(int, least=1),
            "gpus": Argument(str),
            "device_map": Argument(str),
            "load_in_4bit": Argument(bool),
            "load_in_8bit": Argument(bool),
            "revision": Argument(str),
            "attn_implementation": Argument(str),
            "allow_random_weights": Argument(bool),
        },
    ),
    # lm-evaluation-harness loads these, and takes any argument of the backend's own.
    "vllm": Backend(partial(_harness, "vllm")),
    "sglang": Backend(partial(_harness, "sglang")),
}
"""Name of a backend, the first part of BACKEND/MODEL -> how its client is built."""


def client_for(
    spec: str,
    *,
    role: str = "judge",
    base_url: str | None = None,
    concurrency: int = 64,
    args: Mapping[str, object] | None = None,
    device: str | None = None,
    thinking: Thinking = AUTO_THINKING,
) -> Client | None:
    """The client that `BACKEND/MODEL` names; None for "none".

    `role` is what messages call the model: judge, reference model, translator. `base_url` and
    `concurrency` apply to endpoints, `device` to models loaded in this process, `args` are the
    backend's own settings, `thinking` is the room to think before a choice. Raises UserError for a
    malformed specification, an unknown backend, an unknown or malformed argument, and an argument
    that holds a secret.
    """
    if spec == "none":
        return None
    backend, name, model = _parts(spec, role)
    if base_url is not None and not backend.has_endpoint:
        raise UserError(f"a {role}'s base URL goes with openai/MODEL, not with {spec!r}")
    settings = _settings(role, name, backend.arguments, args)
    return backend.build(model, Options(base_url, concurrency, device, thinking), settings)


def check_spec(spec: str, role: str = "judge") -> None:
    """Raises UserError as `client_for` does for what is not of its form; builds nothing."""
    if spec != "none":
        _parts(spec, role)


def is_endpoint(spec: str) -> bool:
    """Whether `BACKEND/MODEL` is asked at an address, and not loaded here."""
    backend = BACKENDS.get(spec.partition("/")[0])
    return backend is not None and backend.has_endpoint


def _parts(spec: str, role: str) -> tuple[Backend, str, str]:
    """The backend, its name and the model of `BACKEND/MODEL`."""
    credentials.refuse({"BACKEND/MODEL": spec}, role)
    name, _, model = spec.partition("/")
    if not model:
        raise UserError(
            f"{role} {spec!r} is not of the form BACKEND/MODEL; e.g. openai/gpt-4o, hf/ORG/MODEL, hf/./folder, "
            "vllm/ORG/MODEL" + (", or none" if role == "judge" else "")
        )
    backend = BACKENDS.get(name)
    if backend is None:
        names = ", ".join(BACKENDS) + (" and none" if role == "judge" else "")
        raise UserError(f"unknown {role} backend {name!r} in {spec!r}; there are {names}")
    if not backend.has_endpoint:
        source.check_name(model, f"{role} {spec}")
    return backend, name, model


def _settings(
    role: str, backend: str, known: Mapping[str, Argument] | None, args: Mapping[str, object] | None
) -> dict[str, Any]:
    """The arguments, each converted to its type; raises UserError where one cannot be."""
    if not isinstance(args, Mapping | None):
        raise UserError(f"{role} arguments are {type(args).__name__}; need a mapping such as {{'timeout': 300}}")
    credentials.refuse(args or {}, f"{role} argument")
    if known is None:
        return dict(args or {})
    found: dict[str, Any] = {}
    for name, value in (args or {}).items():
        argument = known.get(name)
        if argument is None:
            close = get_close_matches(name, known, 1)
            meant = f"did you mean {close[0]}? It" if close else "it"
            raise UserError(f"{role} argument {name!r} is unknown for {backend}/; {meant} takes {', '.join(known)}")
        if argument.type is bool and not isinstance(value, bool):
            raise UserError(f"{role} argument {name}={value!r}: need true or false")
        try:
            found[name] = argument.type(value)
        except (TypeError, ValueError, OverflowError):
            raise UserError(f"{role} argument {name}={value!r} is no {argument.type.__name__}") from None
        # nan is refused too: every comparison with it is false.
        if argument.least is not None and not found[name] >= argument.least:
            raise UserError(f"{role} argument {name}={value!r}: need a number from {argument.least}")
    return found
