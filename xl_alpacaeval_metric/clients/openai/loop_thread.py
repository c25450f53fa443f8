"""An event loop in a thread of its own, so that synchronous callers (Jupyter among them) can use asyncio inside."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Running:
    """A coroutine at work in a LoopThread."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, thread: threading.Thread, coroutine: Coroutine[Any, Any, None]
    ) -> None:
        self._loop, self._thread = loop, thread
        self._over = threading.Event()
        self._task: asyncio.Task[None]
        loop.call_soon_threadsafe(self._begin, coroutine)

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._task = self._loop.create_task(coroutine)
        # Not in the coroutine itself: cancelled before its first step, it would not run at all.
        self._task.add_done_callback(lambda _: self._over.set())

    def stop(self) -> None:
        """Cancel it unless it is over, and wait until it is."""
        # A forked child has a copy of this object, and no thread.
        if not self._over.is_set() and self._thread.is_alive():
            self._loop.call_soon_threadsafe(lambda: self._task.cancel())
            self._over.wait()


class LoopThread:
    """Runs coroutines for other threads. The thread starts with the first one and ends with `close`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closers: list[Callable[[], Awaitable[None]]] = []

    def start(self, coroutine: Coroutine[Any, Any, None]) -> Running:
        return Running(*self._started(), coroutine)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it to its end and return its result; an exception here (Ctrl-C) cancels it."""
        future = self.submit(coroutine)
        try:
            return future.result()
        finally:
            future.cancel()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run it without waiting; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._started()[0])

    def call(self, function: Callable[[], None]) -> None:
        """Have the loop call a function soon; nothing happens after `close`."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(function)

    def at_close(self, closer: Callable[[], Awaitable[None]]) -> None:
        """Have the loop await it before it ends."""
        self._closers.append(closer)

    def close(self) -> None:
        """Cancel what still runs, and end the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None or not thread.is_alive():
            return
        ending = asyncio.run_coroutine_threadsafe(self._end(), loop)
        # Memory is tidied up in any thread, this one too, which cannot wait for itself.
        if thread is not threading.current_thread():
            ending.result()
            thread.join()

    def _started(self) -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
        with self._lock:
            if self._loop is None or self._thread is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_serve, args=(self._loop,), name=self._name, daemon=True)
                self._thread.start()
            return self._loop, self._thread

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        while self._closers:
            await self._closers.pop()()
        asyncio.get_running_loop().call_soon(asyncio.get_running_loop().stop)


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()
