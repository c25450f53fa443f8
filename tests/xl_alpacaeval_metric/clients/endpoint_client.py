"""Requests to the judge server, and clients for it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

from tests.helpers import PATIENCE
from tests.servers.judge import JudgeServer, hash_verdict
from xl_alpacaeval_metric.clients.base import Completion, Request
from xl_alpacaeval_metric.clients.openai.client import OpenAIClient

KEY = "sk-very-secret-key"


def ask(text: str, **changes: Any) -> Request:
    return Request(
        **{"messages": ({"role": "user", "content": text},), "max_tokens": 1, "choices": ("A", "B"), **changes}
    )


def asks(n: int, prefix: str = "pair") -> list[Request]:
    return [ask(f"{prefix} {i}") for i in range(n)]


def probability(request: Request) -> float:
    return hash_verdict({"messages": request.messages})


def is_verdict(completion: Completion) -> bool:
    return completion.text.strip() in ("A", "B")


@contextmanager
def client_of(server: JudgeServer, **options: Any) -> Iterator[OpenAIClient]:
    options = {"concurrency": 8, "timeout": PATIENCE, "api_key": KEY, **options}
    with closing(OpenAIClient("m", base_url=server.url, **options)) as client:
        yield client


def soon(condition: Callable[[], bool], action: Callable[[], None]) -> None:
    """Act in the background, a little after the condition holds."""

    def wait() -> None:
        while not condition():
            time.sleep(0.01)
        time.sleep(0.1)
        action()

    threading.Thread(target=wait, daemon=True).start()
