"""XL-Instruct data for any language: English passages in, a Hub folder out, on datatrove."""

import gc
from importlib.util import find_spec

from xl_alpacaeval_metric.errors import MissingExtra


def check() -> None:
    """Raises MissingExtra where the parts for generating are not installed."""
    for name in ("datatrove", "datasketch", "aiosqlite", "orjson"):
        if find_spec(name) is None:
            raise MissingExtra(name, "generate")


def collect_rarely() -> None:
    """Have Python look for garbage in cycles after 20,000 new objects rather than some hundreds.

    A job makes hundreds of thousands of objects and hardly a cycle; as often as Python does it by itself, that takes a
    second of each minute, in pauses of up to 0.15 s in which no request goes out.
    """
    gc.set_threshold(20_000)
