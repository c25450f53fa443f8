"""The card of a Hub folder: front matter that the Hub and its viewer read, and a body for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xl_alpacaeval_metric import cards, languages
from xl_alpacaeval_metric.signature import package_version
from xl_instruct_dataset.parquet import Written
from xl_instruct_dataset.records import features, languages_of

TAG = "xl-suite"
HOMEPAGE = "https://pypi.org/project/xl-suite/"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10**7, "1M<n<10M"))


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
            "homepage": HOMEPAGE,
            "version": package_version(),
        },
    )
    return f"---\n{_front_matter(about, configs)}---\n\n{body}"


def _front_matter(about: About, configs: Mapping[str, Written]) -> str:
    from datasets import DatasetInfo
    from datasets.info import DatasetInfosDict
    from datasets.splits import SplitDict, SplitInfo
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    pairs = [languages_of(pair) for pair in configs]
    data = DatasetCardData(
        language=sorted({code for pair in pairs for code in pair}),
        license=about.license if about.license != "unknown" else "other",
        pretty_name=about.pretty_name,
        size_categories=[_size(sum(written.rows for written in configs.values()))],
        task_categories=["text-generation"],
        tags=[TAG, "cross-lingual", "multilingual", "instruction-tuning"],
    )
    infos = {
        pair: DatasetInfo(
            features=features(),
            splits=SplitDict({"train": SplitInfo("train", num_bytes=written.memory_bytes, num_examples=written.rows)}),
            download_size=written.file_bytes,
            dataset_size=written.memory_bytes,
            config_name=pair,
        )
        for pair, written in configs.items()
    }
    DatasetInfosDict(infos).to_dataset_card_data(data)
    MetadataConfigs(
        {pair: {"data_files": [{"split": "train", "path": f"{pair}/train-*.parquet"}]} for pair in configs}
    ).to_dataset_card_data(data)
    return f"{data.to_yaml()}\n"


def _table(configs: Mapping[str, Written]) -> str:
    lines: Sequence[str] = [
        f"| `{pair}` | {_named(instruction)} | {_named(response)} | {configs[pair].rows:,} |"
        for pair in configs
        for instruction, response in [languages_of(pair)]
    ]
    return "\n".join(("| configuration | instruction | response | rows |", "|---|---|---|---|", *lines))


def _named(code: str) -> str:
    return cards.cell(languages.get(code).name)


def _size(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), "10M<n<100M")
