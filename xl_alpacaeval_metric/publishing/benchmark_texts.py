"""What cards say of a benchmark: title, licence, description."""

from collections.abc import Mapping
from functools import cache

from xl_alpacaeval_metric.benchmark.phrasing import DATA

OTHER = "other"
"""The licence of rows that are no benchmark of ours: their authors know it."""


@cache
def texts(name: str) -> Mapping[str, str]:
    """`title`, `license` and `what` it is, of a benchmark of ours or of somebody's own."""
    import yaml

    found: dict[str, dict[str, str]] = yaml.safe_load((DATA / "benchmarks.yaml").read_text("utf-8"))
    own = {
        "title": name,
        "license": OTHER,
        "what": "Requests and the languages to answer them in. Made by its authors, not a part of xl-suite.",
    }
    return found.get(name, own)
