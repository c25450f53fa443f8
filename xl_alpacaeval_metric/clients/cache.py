"""A cache of replies: an SQLite file between a client and its caller."""

import asyncio
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path

from xl_alpacaeval_metric.clients.base import (
    AsyncClient,
    Client,
    Completion,
    IsUsable,
    Outcome,
    Reply,
    Request,
    RequestStream,
    streams,
)
from xl_alpacaeval_metric.clients.fingerprint import canonical, fan_out, fingerprint, group_indices
from xl_alpacaeval_metric.clients.reply_store import ReplyStore
from xl_alpacaeval_metric.errors import UserError


class CachedClient:
    """Any client, with its usable completions cached in the file `path`.

    The key is the SHA-256 of the client's identity and the request, so that a reply is never
    returned for another model, endpoint, prompt or sampling. Failures and completions that
    `is_usable` rejects are not cached. Several processes may use one file. Replies from the file
    are `cached`; their token counts are those of the original request.

    Raises UserError in one line where the file is damaged, belongs to another program or cannot
    be written.
    """

    def __init__(self, client: Client, path: str | Path, *, ready: bool = False) -> None:
        """`ready` says that the client's preflight has run."""
        self._client = client
        self._store = ReplyStore(path)
        self._preflight_done = ready

    @property
    def spec(self) -> str:
        return self._client.spec

    @property
    def identity(self) -> Mapping[str, object]:
        return self._client.identity

    def preflight(self) -> None:
        self._client.preflight()
        self._preflight_done = True

    def count_missing(self, requests: Sequence[Request]) -> int:
        """The number of different requests that the file has no reply for."""
        identity = canonical(self.identity)
        return sum(kept is None for _, kept in self._store.find({fingerprint(one, identity): None for one in requests}))

    def close_file(self) -> None:
        """Close the file; the client stays open."""
        self._store.close()

    def complete(self, requests: Sequence[Request], is_usable: IsUsable | None = None) -> Iterator[tuple[int, Reply]]:
        """As `Client.complete`: cached replies first; others are cached before they are yielded."""
        if not self._preflight_done:  # The keys depend on the identity, which is final only then.
            self.preflight()
        identity = canonical(self.identity)
        groups = group_indices(fingerprint(request, identity) for request in requests)
        missing: list[bytes] = []
        for key, kept in self._store.find(groups):
            if kept is None or (is_usable is not None and not is_usable(kept)):
                missing.append(key)
            else:
                yield from fan_out(groups[key], kept)
        if not missing:
            return
        replies = self._client.complete([requests[groups[key][0]] for key in missing], is_usable)
        # A caller that stops early stops the client at once, not at garbage collection.
        with closing(replies) if isinstance(replies, Generator) else nullcontext():
            for index, reply in replies:
                if isinstance(reply, Completion):
                    self._store.keep(missing[index], reply)
                yield from fan_out(groups[missing[index]], reply)

    @property
    def streams(self) -> bool:
        return streams(self._client)

    @contextmanager
    def stream(self, deliver: Callable[[Outcome], None], is_usable: IsUsable | None = None) -> Iterator["CachedStream"]:
        """As `StreamingClient.stream`, for a client that has one; replies are cached first."""
        assert streams(self._client), f"{self.spec} takes no stream of requests"
        if not self._preflight_done:
            self.preflight()
        cached = CachedStream(self._store, canonical(self.identity), deliver, is_usable)
        with self._client.stream(cached.keep, is_usable) as inner:
            cached.inner = inner
            yield cached

    def close(self) -> None:
        self._client.close()
        self._store.close()


class CachedStream:
    """A RequestStream that sends what the file does not have to the stream `inner`."""

    inner: RequestStream

    def __init__(
        self, store: ReplyStore, identity: str, deliver: Callable[[Outcome], None], is_usable: IsUsable | None
    ) -> None:
        self._store, self._identity, self._deliver, self._is_usable = store, identity, deliver, is_usable
        self._keys: dict[int, bytes] = {}
        """Index of a request that was sent -> its key."""

    def send(self, requests: Sequence[tuple[int, Request]]) -> None:
        """As `RequestStream.send`; what the file has is delivered at once."""
        groups: dict[bytes, list[tuple[int, Request]]] = {}
        for index, request in requests:
            groups.setdefault(fingerprint(request, self._identity), []).append((index, request))
        missing: list[tuple[int, Request]] = []
        for key, kept in self._store.find(groups):
            if kept is None or (self._is_usable is not None and not self._is_usable(kept)):
                missing += groups[key]
                self._keys |= {index: key for index, _ in groups[key]}
            else:
                for outcome in fan_out([index for index, _ in groups[key]], kept):
                    self._deliver(outcome)
        self.inner.send(missing)

    def stored(self, index: int) -> None:
        """As `RequestStream.stored`."""
        if index in self._keys:
            self.inner.stored(index)

    def keep(self, outcome: Outcome) -> None:
        """Store a reply of the inner stream, and deliver it."""
        if not isinstance(outcome, Exception):
            index, reply = outcome
            if isinstance(reply, Completion) and not reply.cached:
                try:
                    self._store.keep(self._keys[index], reply)
                except UserError as error:
                    outcome = error
        self._deliver(outcome)


class CachedAsyncClient(CachedClient):
    """The same for an AsyncClient whose identity is final from the beginning."""

    def __init__(self, client: AsyncClient, path: str | Path) -> None:
        super().__init__(client, path)
        self._async_client, self._identity = client, canonical(client.identity)
        self._in_flight: dict[bytes, asyncio.Event] = {}

    async def answer(self, request: Request) -> Reply:
        """The cached reply, or a new one that is cached first; raises as `complete` does.

        A request waits while an equal one is in flight. Call it from one event loop only.
        """
        key = fingerprint(request, self._identity)
        while (other := self._in_flight.get(key)) is not None:
            await other.wait()
        ((_, kept),) = self._store.find([key])
        if kept is not None:
            return kept
        self._in_flight[key] = finished = asyncio.Event()
        try:
            return await self._async_client.answer(request, partial(self._store.keep, key))
        finally:
            del self._in_flight[key]
            finished.set()
