"""What belongs to one event loop, and so to one process; a forked process gets its own."""

import asyncio
import os
import threading

from xl_alpacaeval_metric.clients.openai.endpoint import Endpoint
from xl_alpacaeval_metric.clients.openai.loop_thread import LoopThread
from xl_alpacaeval_metric.clients.openai.rate_limit import ConcurrencyLimiter
from xl_alpacaeval_metric.clients.openai.transport import Transport


class Connection:
    """An event loop's thread, and the sockets, slots and locks that belong to the loop."""

    def __init__(self, endpoint: Endpoint, concurrency: int, name: str) -> None:
        self.process = os.getpid()
        self.thread = LoopThread(name)
        self.transport = Transport(endpoint, concurrency, self.thread.on_close)
        self.limiter = ConcurrencyLimiter(concurrency)
        self.probing = asyncio.Lock()


class Connections:
    """A client's connection in each process that it is used in.

    A forked process inherits no threads, so that a coroutine would never run there, and its sockets
    are the parent's. It therefore opens a connection of its own at first use.
    """

    def __init__(self, endpoint: Endpoint, concurrency: int, name: str) -> None:
        self._arguments = endpoint, concurrency, name
        self._current = Connection(*self._arguments)
        self._inherited: list[Connection] = []
        """Kept, because closing an inherited socket would unregister it from the parent's loop."""
        self._lock = threading.Lock()

    def current(self) -> Connection:
        """The connection of this process."""
        if self._current.process != os.getpid():
            with self._lock:
                if self._current.process != os.getpid():
                    self._inherited.append(self._current)
                    self._current = Connection(*self._arguments)
        return self._current

    def close(self) -> None:
        """Cancel the requests in flight and close the sockets of this process."""
        if self._current.process == os.getpid():
            self._current.thread.close()
