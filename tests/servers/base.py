"""A small HTTP/1.1 server on the loopback address, under every stand-in server of the tests.

A subclass answers requests in `respond`. In a test it is a context manager, with its event loop in
a thread of its own; as a program (`serve_until_interrupted`) it prints its address and runs until
Ctrl-C.
"""

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self
from urllib.parse import unquote, urlsplit

from tests.helpers import PATIENCE


@dataclass(frozen=True)
class HttpRequest:
    """A request. `target` is the path as sent, with its query; `headers` has lower-case names."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    _reader: asyncio.StreamReader = field(repr=False)

    @property
    def path(self) -> str:
        """The path without query and percent encoding."""
        return unquote(urlsplit(self.target).path)

    @property
    def token(self) -> str | None:
        """The bearer token; None without one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token if scheme == "Bearer" else None

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def abandoned(self) -> bool:
        """Whether the client has closed the connection."""
        return self._reader.at_eof()

    async def until_abandoned(self) -> None:
        """Wait until the client closes the connection."""
        await self._reader.read()


@dataclass(frozen=True)
class HttpResponse:
    """A status, a body and extra headers. A `body` of bytes is sent as it is, any other as JSON."""

    body: object = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self, with_body: bool = True) -> bytes:
        data = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(data)), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} X\r\n{head}\r\n".encode("latin-1") + (data if with_body else b"")


DROPPED = None
"""Instead of a response: the connection is aborted."""


def fault(name: str) -> HttpResponse | None:
    """A fault on the way: "drop", "html" (the page of a proxy), or a status in digits."""
    match name:
        case "drop":
            return DROPPED
        case "html":
            return HttpResponse(
                b"<!DOCTYPE html>\n<html><body>Bad gateway</body></html>", headers={"Content-Type": "text/html"}
            )
        case _ if name.isdigit():
            return HttpResponse({"error": {"message": f"Told to answer {name}."}}, int(name))
    raise ValueError(f"no such fault: {name!r}")


class HttpServer:
    """`requests` has every request as (method, path). Port 0 takes a free one."""

    root: ClassVar[str] = ""
    """What `url` has after host and port."""

    def __init__(self, port: int = 0) -> None:
        self.requests: list[tuple[str, str]] = []
        self._port = port
        self._connections: set[asyncio.Task[None]] = set()

    async def respond(self, request: HttpRequest) -> HttpResponse | None:
        """The response to a request; DROPPED aborts the connection."""
        raise NotImplementedError

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        return self.address + self.root

    def start(self) -> None:
        """Serve in a thread; returns when the port is open."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self.serve(ready.set)), daemon=True)
        self._thread.start()
        assert ready.wait(PATIENCE), f"the {type(self).__name__} did not start"

    def close(self) -> None:
        """Close every connection and the port."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def serve(self, ready: Callable[[], None]) -> None:
        """Serve in the running event loop; `ready` is called when the port is open."""
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", self._port, backlog=1024)
        self._port = server.sockets[0].getsockname()[1]
        ready()
        await self._stop.wait()
        server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def serve_until_interrupted(self) -> None:
        """The main function of a program: print the URL, then serve until Ctrl-C."""
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(self.serve(lambda: print(self.url, flush=True)))

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort() if writer.transport.is_closing() else writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its response; False where the connection is over."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = HttpRequest(method, target, headers, body, reader)
        self.requests.append((method, request.path))
        response = await self.respond(request)
        if response is DROPPED:
            writer.transport.abort()
            return False
        writer.write(response.encoded(with_body=method != "HEAD"))
        return headers.get("connection", "").lower() != "close"
