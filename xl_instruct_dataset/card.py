"""The card of a Hub folder: front matter that the Hub and its viewer read, and a body for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric import cards, hubcard, languages
from xl_alpacaeval_metric.parquet import Written
from xl_alpacaeval_metric.signature import package_version
from xl_instruct_dataset.parquet import SPLIT
from xl_instruct_dataset.records import features, languages_of


@dataclass(frozen=True, slots=True)
class About:
    """What the card says that the files do not: `origin` and `limits` are paragraphs of Markdown."""

    name: str
    pretty_name: str
    license: str
    origin: str
    limits: str


def text(about: About, configs: Mapping[str, Written]) -> str:
    """The whole README.md for these configurations, each a language pair."""
    example = "en-fi" if "en-fi" in configs else next(iter(configs))
    body = cards.body(
        "dataset",
        {
            "title": about.pretty_name,
            "name": about.name,
            "example": example,
            "table": _table(configs),
            "origin": about.origin,
            "limits": about.limits,
            "homepage": hubcard.HOMEPAGE,
            "version": package_version(),
        },
    )
    pairs = [languages_of(pair) for pair in configs]
    front = hubcard.About(
        pretty_name=about.pretty_name,
        license=about.license,
        languages=sorted({code for pair in pairs for code in pair}),
        tags=(hubcard.TAG, "cross-lingual", "multilingual", "instruction-tuning"),
    )
    return hubcard.front_matter(front, configs, features(), SPLIT) + body


def _table(configs: Mapping[str, Written]) -> str:
    lines: Sequence[str] = [
        f"| `{pair}` | {_named(instruction)} | {_named(response)} | {configs[pair].rows:,} |"
        for pair in configs
        for instruction, response in [languages_of(pair)]
    ]
    return "\n".join(("| configuration | instruction | response | rows |", "|---|---|---|---|", *lines))


def _named(code: str) -> str:
    return cards.cell(languages.get(code).name)
