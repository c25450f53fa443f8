"""Languages: registry (`get`, `parse`), identification, language fidelity, word counts."""

from xl_alpacaeval_metric.languages.registry import (
    PAPER,
    RELEASED,
    RESOURCE_CLASS,
    RESOURCE_CLASS_SOURCE,
    Language,
    caveats,
    get,
    parse,
)

__all__ = ["PAPER", "RELEASED", "RESOURCE_CLASS", "RESOURCE_CLASS_SOURCE", "Language", "caveats", "get", "parse"]
