"""When are two requests the same: a hash over everything that determines the reply."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

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
        "choices": request.choices,
        "json_schema": request.json_schema,
    }
    return hashlib.sha256(f"{identity}\n{canonical(parts)}".encode()).digest()


def group_identical(requests: Sequence[Request], identity: str = "") -> dict[bytes, list[int]]:
    """Fingerprint -> the indices of the requests that have it, in order of first appearance."""
    groups: dict[bytes, list[int]] = {}
    for index, request in enumerate(requests):
        groups.setdefault(fingerprint(request, identity), []).append(index)
    return groups


def copied(reply: Reply) -> Reply:
    """The reply to a repetition of a request: it cost nothing again."""
    if isinstance(reply, Failure):
        return replace(reply, retries=0)
    return replace(reply, prompt_tokens=0, completion_tokens=0, retries=0, cached=True)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a request holds a {type(value).__name__}; only JSON values have a fingerprint")
