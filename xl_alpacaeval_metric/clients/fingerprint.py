"""When two requests are the same, and what is then sent once: cache keys and duplicates."""

import hashlib
import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from xl_alpacaeval_metric.clients.base import Failure, Reply, Request

K = TypeVar("K", bound=Hashable)


def canonical(value: object) -> str:
    """JSON with one spelling for each value: sorted keys, no spaces, ASCII.

    ASCII, so that a lone surrogate can be encoded too.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_as_dict)


def fingerprint(request: Request, identity: str = "") -> bytes:
    """SHA-256 of the request and of `identity`, the canonical JSON of a client's identity."""
    parts = {
        "messages": request.messages,
        "max_tokens": int(request.max_tokens),
        "temperature": float(request.temperature),
        "choices": tuple(request.choices),
        "json_schema": request.json_schema,
        **({"sample": int(request.sample)} if request.sample else {}),
    }
    return hashlib.sha256(f"{identity}\n{canonical(parts)}".encode()).digest()


def request_key(request: Request) -> Hashable:
    """Equal for requests of equal fingerprint, within one process; a tenth of the cost."""
    messages = tuple(tuple(sorted(message.items())) for message in request.messages)
    schema = None if request.json_schema is None else canonical(request.json_schema)
    return messages, request.max_tokens, request.temperature, tuple(request.choices), schema, request.sample


def group_indices(keys: Iterable[K]) -> dict[K, list[int]]:
    """Key -> the indices at which it occurs, in order of first occurrence."""
    groups: dict[K, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    return groups


def fan_out(indices: Sequence[int], reply: Reply) -> Iterator[tuple[int, Reply]]:
    """The reply for the first of identical requests, and a copy without cost for the others."""
    yield indices[0], reply
    for index in indices[1:]:
        yield index, _duplicate(reply)


def _duplicate(reply: Reply) -> Reply:
    if isinstance(reply, Failure):
        return replace(reply, retries=0)
    return replace(reply, prompt_tokens=0, completion_tokens=0, retries=0, cached=True)


def _as_dict(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a request holds a {type(value).__name__}; only JSON values have a fingerprint")
