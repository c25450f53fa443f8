"""The body of a response: read and unpacked up to a limit, and what JSON it holds."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

MAX_BYTES = 16 * 2**20
"""Of a body, as sent and unpacked; a chat completion is some kilobytes."""
_CHUNK = 2**16
_ENCODINGS = {"gzip": 47, "x-gzip": 47, "deflate": 47}
"""Content encoding -> zlib's window bits, which find the header by themselves."""

_FILTERED = frozenset(("content_filter", "content_policy_violation", "data_inspection_failed"))
"""Codes of errors of Azure, OpenAI and DashScope."""


class BodyRefused(Exception):
    """A body that is too long, or packed in a way that was not asked for."""


async def read_text(response: "aiohttp.ClientResponse") -> str:
    """The body as text, from a session that unpacks nothing itself; raises BodyRefused."""
    found = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        found += chunk
        if len(found) > MAX_BYTES:
            raise BodyRefused(f"a reply of more than {MAX_BYTES // 2**20} MiB")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity" and encoding:
        if encoding not in _ENCODINGS:
            raise BodyRefused(f"a reply with the content encoding {encoding[:20]!r}")
        return _unpacked(bytes(found), _ENCODINGS[encoding]).decode("utf-8", "replace")
    return found.decode("utf-8", "replace")


def _unpacked(body: bytes, window_bits: int) -> bytes:
    """A packed body of a few kilobytes may unpack to gigabytes, so unpacking ends at the limit."""
    try:
        unpacked = zlib.decompressobj(window_bits).decompress(body, MAX_BYTES + 1)
    except zlib.error:
        raise BodyRefused("a reply that cannot be unpacked") from None
    if len(unpacked) > MAX_BYTES:
        raise BodyRefused(f"a reply of more than {MAX_BYTES // 2**20} MiB, unpacked")
    return unpacked


def parsed(text: str) -> Any:
    """The JSON in a body, or the chunks of a stream joined to the reply that they are pieces of.

    Some servers send a stream unasked. Raises ValueError or RecursionError for other text, and
    ValueError for a stream that breaks off.
    """
    text = text.lstrip("\ufeff \t\r\n")
    if not text.startswith(("data:", "event:", ":")):
        return json.loads(text)
    data = [line[5:].strip() for line in text.splitlines() if line.startswith("data:")]
    chunks = [json.loads(line) for line in data if line and line != "[DONE]"]
    found = [chunk for chunk in chunks if isinstance(chunk, Mapping)]
    if broken := next((chunk for chunk in found if chunk.get("error")), None):
        return broken
    choices = [choice for chunk in found for choice in _first_choice(chunk)]
    ends = [choice["finish_reason"] for choice in choices if choice.get("finish_reason")]
    if not ends:
        raise ValueError("a stream that breaks off")
    if not (pieces := [piece for choice in choices if isinstance(piece := _piece(choice), Mapping)]):
        raise ValueError("a stream without a text")
    message = _joined(pieces)
    positions = [choice["logprobs"] for choice in choices if isinstance(choice.get("logprobs"), Mapping)]
    usage = next((chunk["usage"] for chunk in reversed(found) if chunk.get("usage")), None)
    choice = {"message": message, "logprobs": _joined(positions) or None, "finish_reason": ends[-1]}
    return {"choices": [choice], "usage": usage}


def _first_choice(chunk: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The piece of a stream's first choice in a chunk, if any."""
    choices = chunk.get("choices")
    found = choices if isinstance(choices, list) else []
    return [choice for choice in found if isinstance(choice, Mapping) and not choice.get("index")]


def _piece(choice: Mapping[str, Any]) -> object:
    """A piece of a message; a completions endpoint sends text, and some a message for a delta."""
    if "text" in choice:
        return {"content": choice["text"]}
    return choice.get("delta", choice.get("message"))


def _joined(pieces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Texts and lists under a name joined; of other values the last one."""
    whole: dict[str, Any] = {}
    for piece in pieces:
        for name, value in piece.items():
            before = whole.get(name)
            both = isinstance(before, (str, list)) and type(before) is type(value) and name != "role"
            whole[name] = before + value if both else before if value is None else value
    return whole


def is_filtered(text: str) -> bool:
    """Whether a body says that a content filter withheld the answer, with whatever status."""
    try:
        error = json.loads(text)["error"]
        codes = {error.get("code"), (error.get("innererror") or {}).get("code")}
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        return False
    return not codes.isdisjoint(_FILTERED)


def complaint_of(text: str) -> str:
    """The message in the body of an error reply, without the echoed request that some add."""
    if text.lstrip()[:1] == "<":
        return "a page of HTML"
    try:
        error = json.loads(text)
    except (ValueError, RecursionError):
        return text[:1000]
    if isinstance(error, dict):
        error = error.get("error") or error
    if not isinstance(error, dict):
        return str(error or "")[:1000]
    message = error.get("message") or error.get("detail") or ""
    if isinstance(message, list):  # FastAPI: the places in the request, and what is wrong there.
        message = "; ".join(
            f"{'.'.join(map(str, e.get('loc') or ()))}: {e.get('msg')}" for e in message if isinstance(e, dict)
        )
    param = error.get("param")
    return (f"{message} ({param})" if param and str(param) not in str(message) else str(message))[:1000]
