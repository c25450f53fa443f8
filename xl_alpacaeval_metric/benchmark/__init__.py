"""The benchmarks: instructions x languages x references."""

from xl_alpacaeval_metric.benchmark.load import DEFAULT_LANGUAGES, NAMES, check_name, load
from xl_alpacaeval_metric.benchmark.mini import LANGUAGES as MINI_LANGUAGES
from xl_alpacaeval_metric.benchmark.phrasing import ask_in
from xl_alpacaeval_metric.benchmark.rows import Benchmark, Row, revision, with_references

__all__ = [
    "DEFAULT_LANGUAGES",
    "MINI_LANGUAGES",
    "NAMES",
    "Benchmark",
    "Row",
    "ask_in",
    "check_name",
    "load",
    "revision",
    "with_references",
]
