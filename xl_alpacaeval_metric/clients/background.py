"""An event loop in a thread of its own, so that synchronous callers (Jupyter among them) can use asyncio inside."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Running:
    """A coroutine at work in a LoopThread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, coroutine: Coroutine[Any, Any, None]) -> None:
        self._loop = loop
        self._over = threading.Event()
        self._task: asyncio.Task[None]
        loop.call_soon_threadsafe(self._begin, coroutine)

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._task = self._loop.create_task(coroutine)
        # Not in the coroutine itself: cancelled before its first step, it would not run at all.
        self._task.add_done_callback(lambda _: self._over.set())

    def stop(self) -> None:
        """Cancel it unless it is over, and wait until it is."""
        if not self._over.is_set():
            self._loop.call_soon_threadsafe(lambda: self._task.cancel())
            self._over.wait()


class LoopThread:
    """Runs coroutines for other threads. The thread starts with the first one and ends with `close`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def start(self, coroutine: Coroutine[Any, Any, None]) -> Running:
        return Running(self._started(), coroutine)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run it to its end and return its result; an exception here (Ctrl-C) cancels it."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._started())
        try:
            return future.result()
        finally:
            future.cancel()

    def call(self, function: Callable[[], None]) -> None:
        """Have the loop call a function soon; nothing happens after `close`."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(function)

    def close(self) -> None:
        """Cancel what still runs, and end the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_cancel_others(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
                self._thread.start()
            return self._loop


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
