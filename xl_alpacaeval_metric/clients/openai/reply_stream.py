"""Requests that are sent as they come up, and the replies to them."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import partial

from xl_alpacaeval_metric.clients.base import Outcome, Reply, Request
from xl_alpacaeval_metric.clients.fingerprint import fan_out, request_key
from xl_alpacaeval_metric.clients.openai.scheduler import EndpointUnusable, RequestScheduler
from xl_alpacaeval_metric.errors import ModelUnavailable
from xl_alpacaeval_metric.processes.loop_thread import LoopThread

Deliver = Callable[[Outcome], None]


class ReplyStream:
    """A RequestStream on a client's event loop; `of` starts one.

    Identical requests are sent once; the copies of a reply are `cached`. A reply counts against the
    concurrency until `stored` is called for it, so that a killed process loses at most so many
    replies that were paid for.
    """

    def __init__(
        self,
        thread: LoopThread,
        scheduler_for: Callable[[Callable[[int, Reply], None]], RequestScheduler],
        unavailable: Callable[[EndpointUnusable], ModelUnavailable],
        deliver: Deliver,
        spec: str,
    ) -> None:
        """`scheduler_for` takes what is done with a reply."""
        self._thread, self._deliver, self._unavailable, self._spec = thread, deliver, unavailable, spec
        self._scheduler = scheduler_for(self._fan_out)
        self._indices: dict[Hashable, list[int]] = {}
        """Key of a request -> the indices of all that are identical."""
        self._keys: dict[int, Hashable] = {}
        """Index of a request that is sent -> its key."""
        self._replies: dict[Hashable, Reply] = {}
        self._running = thread.start(self._run())

    def send(self, requests: Sequence[tuple[int, Request]]) -> None:
        """As `RequestStream.send`."""
        keyed = [(index, request, request_key(request)) for index, request in requests]
        self._thread.call(partial(self._add, keyed))

    def stored(self, index: int) -> None:
        """As `RequestStream.stored`."""
        self._thread.call(partial(self._acknowledge, index))

    def end(self) -> None:
        """Say that no more requests come."""
        self._thread.call(self._scheduler.end)

    def stop(self) -> None:
        """Cancel the requests without a reply."""
        self._running.stop()

    def _add(self, requests: Iterable[tuple[int, Request, Hashable]]) -> None:
        new = []
        for index, request, key in requests:
            indices = self._indices.setdefault(key, [])
            indices.append(index)
            if len(indices) == 1:
                self._keys[index] = key
                new.append((index, request))
            elif key in self._replies:
                _, copy = fan_out([indices[0], index], self._replies[key])
                self._deliver(copy)
        self._scheduler.add(new)

    def _acknowledge(self, index: int) -> None:
        if index in self._keys:  # A copy occupies nothing.
            self._scheduler.acknowledge()

    def _fan_out(self, index: int, reply: Reply) -> None:
        key = self._keys[index]
        self._replies[key] = reply
        for outcome in fan_out(self._indices[key], reply):
            self._deliver(outcome)

    async def _run(self) -> None:
        try:
            await self._scheduler.run()
        except asyncio.CancelledError:
            self._deliver(RuntimeError(f"{self._spec}: closed with requests in flight"))
            raise
        except EndpointUnusable as unusable:
            self._deliver(self._unavailable(unusable))
        except Exception as error:
            self._deliver(error)
