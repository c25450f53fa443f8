"""The body of a response, read up to a limit and unpacked up to it."""

import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import aiohttp

MAX_BYTES = 16 * 2**20
"""Of a body, as sent and unpacked; a chat completion is some kilobytes."""
_CHUNK = 2**16
_ENCODINGS = {"gzip": 47, "x-gzip": 47, "deflate": 47}
"""Content encoding -> zlib's window bits, which find the header by themselves."""


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
