"""XL-Instruct data for any language: English passages in, a Hub folder out, on datatrove."""

from importlib.util import find_spec

from xl_alpacaeval_metric.errors import MissingExtra


def check() -> None:
    """Raises MissingExtra where the packages for generating are not installed."""
    for name in ("datatrove", "datasketch", "aiosqlite", "orjson", "psutil"):
        if find_spec(name) is None:
            raise MissingExtra(name, "generate")
