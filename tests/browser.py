"""Headless Chromium as a person would use it, over the DevTools protocol; skips without one.

https://chromedevtools.github.io/devtools-protocol
"""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.helpers import PATIENCE

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECONDS = PATIENCE


class Page:
    """A page in the browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self.events: list[dict[str, Any]] = []  # Those of the domains that were enabled, oldest first.

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol, and wait for its result."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json(timeout=SECONDS)
            if message.get("id") == self._number:
                assert "error" not in message, message
                found: dict[str, Any] = message["result"]
                return found
            self.events.append(message)

    async def value(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until a JavaScript expression is true."""
        promise = f"new Promise(done => {{ const look = () => {expression} ? done(1) : requestAnimationFrame(look); look(); }})"
        await self.value(promise)

    async def open(self, file: Path) -> None:
        await self.call("Page.navigate", url=file.as_uri())
        await self.until("document.readyState === 'complete' && location.protocol === 'file:'")

    async def press(self, key: str) -> None:
        more = {"text": "\r", "windowsVirtualKeyCode": 13} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, **more)


@asynccontextmanager
async def _page(folder: Path) -> AsyncIterator[Page]:
    assert PROGRAM is not None
    profile = folder / "profile"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
    with subprocess.Popen([PROGRAM, *options, "about:blank"], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            lines = iter(process.stderr.readline, "")
            address = next(line.split()[-1] for line in lines if line.startswith("DevTools listening on"))
            port = address.split(":")[2].split("/")[0]
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as reply:
                    target = next(one for one in json.loads(await reply.text()) if one["type"] == "page")
                async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                    yield Page(socket)
        finally:
            process.kill()


def browse(folder: Path, visit: Callable[[Page], Awaitable[None]]) -> None:
    """Run `visit` with a fresh browser, whose files are below `folder`."""
    if PROGRAM is None:
        pytest.skip("needs Chromium")

    async def run() -> None:
        async with _page(folder) as page:
            await asyncio.wait_for(visit(page), SECONDS)

    asyncio.run(run())
