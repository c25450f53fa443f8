"""The dataset card of a Hub folder with training data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric import languages
from xl_alpacaeval_metric.files.parquet import Written
from xl_alpacaeval_metric.hub import card_text, front_matter
from xl_alpacaeval_metric.signature import package_version
from xl_instruct_dataset.hub.parquet import SPLIT
from xl_instruct_dataset.records import features, languages_of


@dataclass(frozen=True, slots=True)
class About:
    """What the card says beyond the files; `origin` and `limits` are paragraphs of Markdown."""

    name: str
    pretty_name: str
    license: str
    origin: str
    limits: str


def text(about: About, configs: Mapping[str, Written]) -> str:
    """The README.md with front matter for these configurations, one for each language pair."""
    example = "en-fi" if "en-fi" in configs else next(iter(configs))
    body = card_text.body(
        "dataset",
        {
            "title": card_text.cell(about.pretty_name),
            "name": card_text.quoted(about.name),
            "example": example,
            "table": _table(configs),
            "origin": about.origin,
            "limits": about.limits,
            "bibtex": card_text.BIBTEX,
            "version": package_version(),
        },
    )
    pairs = [languages_of(pair) for pair in configs]
    front = front_matter.About(
        pretty_name=about.pretty_name,
        license=about.license,
        languages=sorted({code for pair in pairs for code in pair}),
        tags=(front_matter.TAG, "cross-lingual", "multilingual", "instruction-tuning", "synthetic"),
    )
    return front_matter.front_matter(front, configs, dict.fromkeys(configs, features()), SPLIT) + body


def _table(configs: Mapping[str, Written]) -> str:
    lines: Sequence[str] = [
        f"| `{pair}` | {_named(instruction)} | {_named(response)} | {configs[pair].rows:,} |"
        for pair in configs
        for instruction, response in [languages_of(pair)]
    ]
    return "\n".join(("| configuration | instruction | response | rows |", "|---|---|---|---|", *lines))


def _named(code: str) -> str:
    return card_text.cell(languages.get(code).name)
