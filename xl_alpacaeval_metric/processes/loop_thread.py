"""An event loop in a thread of its own, for synchronous callers, Jupyter among them."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class RunningTask:
    """A coroutine that runs in a LoopThread."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, thread: threading.Thread, coroutine: Coroutine[Any, Any, None]
    ) -> None:
        self._loop, self._thread = loop, thread
        self._finished = threading.Event()
        self._task: asyncio.Task[None]
        loop.call_soon_threadsafe(self._begin, coroutine)

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        self._task = self._loop.create_task(coroutine)
        # A callback, because a task cancelled before its first step runs none of its code.
        self._task.add_done_callback(lambda _: self._finished.set())

    def stop(self) -> None:
        """Cancel the task unless it has finished, and wait until it has."""
        # A forked child has a copy of this object, and no thread.
        if not self._finished.is_set() and self._thread.is_alive():
            self._loop.call_soon_threadsafe(lambda: self._task.cancel())
            self._finished.wait()


class LoopThread:
    """Runs coroutines for other threads. The thread starts with the first one; `close` ends it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._on_close: list[Callable[[], Awaitable[None]]] = []

    def start(self, coroutine: Coroutine[Any, Any, None]) -> RunningTask:
        """Run a coroutine without waiting, so that it can be stopped."""
        return RunningTask(*self._ensure_started(), coroutine)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return its result; an exception here (Ctrl-C) cancels it."""
        future = self.submit(coroutine)
        try:
            return future.result()
        finally:
            future.cancel()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run a coroutine without waiting; cancelling the future cancels it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._ensure_started()[0])

    def call(self, function: Callable[[], None]) -> None:
        """Have the loop call a function soon; does nothing after `close`."""
        with self._lock:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(function)

    def on_close(self, closer: Callable[[], Awaitable[None]]) -> None:
        """Have the loop await `closer()` before it ends."""
        self._on_close.append(closer)

    def close(self) -> None:
        """Cancel all tasks and end the thread."""
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None or not thread.is_alive():
            return
        ending = asyncio.run_coroutine_threadsafe(self._end(), loop)
        # Garbage collection may call this in any thread, this one too, which cannot join itself.
        if thread is not threading.current_thread():
            ending.result()
            thread.join()

    def _ensure_started(self) -> tuple[asyncio.AbstractEventLoop, threading.Thread]:
        with self._lock:
            if self._loop is None or self._thread is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_run_loop, args=(self._loop,), name=self._name, daemon=True)
                self._thread.start()
            return self._loop, self._thread

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        while self._on_close:
            await self._on_close.pop()()
        asyncio.get_running_loop().call_soon(asyncio.get_running_loop().stop)


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()
