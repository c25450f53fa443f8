"""Replies that the openai library reads, up to a limit: it would read them whole."""

from collections.abc import Iterator
from typing import Any

from xl_alpacaeval_metric.clients.openai.body import MAX_BYTES, BodyRefused

MAX_FILE_BYTES = 2**30
"""Of a file of results: 50,000 replies with log-probabilities are some hundred megabytes."""
UNPACKED = {"Accept-Encoding": "identity"}
"""A header for replies that are not packed: a packed one of kilobytes may unpack to gigabytes."""


def bound(response: Any) -> None:
    """A hook of an httpx client: reading the response raises BodyRefused above its limit."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise BodyRefused(f"a reply with the content encoding {encoding[:20]!r}")
    limit = MAX_FILE_BYTES if response.request.url.path.endswith("/content") else MAX_BYTES
    stream = response.stream
    # The library comes with one of two versions of httpx, each with a class of its own.
    kind = next(one for one in type(stream).__mro__ if one.__name__ == "SyncByteStream")

    def chunks(_: object) -> Iterator[bytes]:
        count = 0
        for chunk in stream:
            count += len(chunk)
            if count > limit:
                raise BodyRefused(f"a reply of more than {limit // 2**20} MiB")
            yield chunk

    bounded = type("BoundedStream", (kind,), {"__iter__": chunks, "close": lambda _: stream.close()})
    response.stream = bounded()
