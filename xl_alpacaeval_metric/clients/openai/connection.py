"""What belongs to one event loop: its thread, sockets, slots and locks."""

import asyncio

from xl_alpacaeval_metric.clients.openai.endpoint import Endpoint
from xl_alpacaeval_metric.clients.openai.rate_limit import ConcurrencyLimiter
from xl_alpacaeval_metric.clients.openai.transport import Transport
from xl_alpacaeval_metric.processes.loop_thread import LoopThread


class Connection:
    """A client's event loop and what belongs to it.

    A forked process needs its own: it inherits no threads, and its sockets are the parent's.
    """

    def __init__(self, endpoint: Endpoint, concurrency: int, name: str) -> None:
        self.thread = LoopThread(name)
        self.transport = Transport(endpoint, concurrency, self.thread.on_close)
        self.limiter = ConcurrencyLimiter(concurrency)
        self.probing = asyncio.Lock()
        """Held while the probe is sent, so that it is sent once."""
