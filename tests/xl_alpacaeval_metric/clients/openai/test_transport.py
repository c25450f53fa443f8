"""What a server, a proxy and the environment may do to a request."""

import asyncio
import gzip
import resource
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands import complaint, run_alpacaeval
from tests.helpers import ROW, write_jsonl
from tests.servers.base import HttpRequest, HttpResponse, HttpServer
from tests.servers.judge import JudgeServer
from tests.xl_alpacaeval_metric.clients.endpoint_client import KEY, ask, client_of
from xl_alpacaeval_metric.clients.base import Completion, Failure
from xl_alpacaeval_metric.clients.openai.protocol import Capabilities
from xl_alpacaeval_metric.errors import ModelUnavailable

KNOWN = Capabilities()


class Answers(HttpServer):
    """Answers every request in the same way."""

    root = "/v1"

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response
        self.seen: list[HttpRequest] = []

    async def respond(self, request: HttpRequest) -> HttpResponse | None:
        self.seen.append(request)
        return self.response


class Endless(HttpServer):
    """Sends a body that never ends."""

    root = "/v1"

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"100000\r\n" + b"a" * 0x100000 + b"\r\n")
                await writer.drain()
        except ConnectionError:
            pass


def reply_of(server: HttpServer) -> Completion | Failure:
    with client_of(server, retries=0, capabilities=KNOWN) as client:  # type: ignore[arg-type]
        return dict(client.complete([ask("x")]))[0]


def reason_of(server: HttpServer) -> str:
    try:
        reply = reply_of(server)
    except ModelUnavailable as error:
        return str(error)
    assert isinstance(reply, Failure)
    return reply.reason


@pytest.fixture
def little_memory() -> Iterator[None]:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024


@pytest.mark.usefixtures("little_memory")
def test_an_endless_body_is_cut_off() -> None:
    with Endless() as server:
        assert "more than 16 MiB" in reason_of(server)


@pytest.mark.usefixtures("little_memory")
@pytest.mark.parametrize("status", [200, 500])
def test_a_packed_bomb_is_not_unpacked(status: int) -> None:
    packer = zlib.compressobj(wbits=31)
    bomb = b"".join(packer.compress(b"\0" * 2**20) for _ in range(512)) + packer.flush()
    with Answers(HttpResponse(bomb, status, {"Content-Encoding": "gzip"})) as server:
        assert "MiB, unpacked" in reason_of(server)
        assert server.seen[0].headers["accept-encoding"] == "identity"


def test_a_packed_reply_is_read_and_an_unknown_packing_is_said() -> None:
    body = b'{"choices": [{"message": {"content": "A"}}]}'
    with Answers(HttpResponse(gzip.compress(body), headers={"Content-Encoding": "gzip"})) as server:
        reply = reply_of(server)
    assert isinstance(reply, Completion)
    assert reply.text == "A"
    for encoding, content in (("br", body), ("gzip", body)):
        with Answers(HttpResponse(content, headers={"Content-Encoding": encoding})) as server:
            assert "a reply " in reason_of(server)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_prompts_follow_no_redirect(status: int) -> None:
    with JudgeServer() as other:
        target = f"{other.url}/chat/completions?api-key=SECRET"
        with Answers(HttpResponse(b"", status, {"Location": target})) as server:
            reason = reason_of(server)
        assert not other.seen.log
        assert not other.requests
    assert f"redirects to {other.url}" in reason
    assert "SECRET" not in reason


def test_a_netrc_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "netrc").write_text("default login somebody password else\nmachine 127.0.0.1 login a password b\n")
    pairs = write_jsonl(tmp_path / "pairs.jsonl", [ROW])
    environment = {"NETRC": str(tmp_path / "netrc"), "NO_PROXY": "127.0.0.1", "HTTP_PROXY": "http://127.0.0.1:9"}
    with JudgeServer(key=KEY) as server:
        options = ("--judge", "openai/any", "--judge-base-url", server.url, "--output", tmp_path / "run")
        result = run_alpacaeval("judge", pairs, *options, OPENAI_API_KEY=KEY, **environment)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_gets_its_password_and_nobody_sees_it(scheme: str, tmp_path: Path) -> None:
    pairs = write_jsonl(tmp_path / "pairs.jsonl", [ROW])
    options = ("--judge", "openai/any", "--judge-base-url", "http://a-host.invalid/v1", "--output", tmp_path / "run")
    with JudgeServer() as server:
        address = server.address.replace("http://", f"{scheme}me:pass-word@")
        judge_through = {"http_proxy": address, "no_proxy": ""}
        run_alpacaeval("judge", pairs, *options, **judge_through)
        assert server.seen.last_headers["proxy-authorization"] == "Basic bWU6cGFzcy13b3Jk"
    gone = run_alpacaeval("judge", pairs, *options[:-1], tmp_path / "gone", **judge_through)
    assert "no connection" in complaint(gone)
    assert "pass-word" not in gone.stderr
    for wrong in ("http://me:pass-word@host:port", "socks5://me:pass-word@host:1", "://"):
        refused = run_alpacaeval("judge", pairs, *options[:-1], tmp_path / "no", http_proxy=wrong, no_proxy="")
        assert "holds no address" in complaint(refused)
        assert "pass-word" not in refused.stderr
