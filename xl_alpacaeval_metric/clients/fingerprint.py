"""When are two requests the same: a hash over everything that determines the reply."""

import hashlib
import json
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from xl_alpacaeval_metric.clients.base import Failure, Reply, Request


def canonical(value: object) -> str:
    """JSON with one spelling for each value: sorted keys, no spaces, ASCII (so that a lone surrogate passes too)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=_plain)


def fingerprint(request: Request, identity: str = "") -> bytes:
    """SHA-256 of the request and of `identity`, the canonical JSON of what else determines the reply."""
    parts = {
        "messages": request.messages,
        "max_tokens": int(request.max_tokens),
        "temperature": float(request.temperature),
        "choices": tuple(request.choices),
        "json_schema": request.json_schema,
        **({"sample": int(request.sample)} if request.sample else {}),
    }
    return hashlib.sha256(f"{identity}\n{canonical(parts)}".encode()).digest()


def same(request: Request) -> Hashable:
    """Equal for requests with the same fingerprint, within one process; a tenth of its cost."""
    messages = tuple(tuple(sorted(message.items())) for message in request.messages)
    schema = None if request.json_schema is None else canonical(request.json_schema)
    return messages, request.max_tokens, request.temperature, tuple(request.choices), schema, request.sample


K = TypeVar("K", bound=Hashable)


def grouped(keys: Iterable[K]) -> dict[K, list[int]]:
    """Key -> the positions it is at, in order of first appearance."""
    groups: dict[K, list[int]] = {}
    for index, key in enumerate(keys):
        groups.setdefault(key, []).append(index)
    return groups


def copied(reply: Reply) -> Reply:
    """The reply to a repetition of a request: it cost nothing again."""
    if isinstance(reply, Failure):
        return replace(reply, retries=0)
    return replace(reply, prompt_tokens=0, completion_tokens=0, retries=0, cached=True)


def to_each(indices: Sequence[int], reply: Reply) -> Iterator[tuple[int, Reply]]:
    """The reply for the first of identical requests, and a copy for each of the others."""
    yield indices[0], reply
    for index in indices[1:]:
        yield index, copied(reply)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a request holds a {type(value).__name__}; only JSON values have a fingerprint")
