"""The front matter of a dataset card, which the Hub and its viewer read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xl_alpacaeval_metric.files.parquet import Written

if TYPE_CHECKING:
    import datasets

_LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}", re.IGNORECASE)
TAG = "xl-suite"
"""A tag of every card that this package writes; a folder without it is never replaced."""
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"), (10**7, "1M<n<10M"))


@dataclass(frozen=True, slots=True)
class About:
    """What the front matter says about a dataset beyond its files.

    The licence "unknown", and one that is no name, becomes `other`: the Hub accepts only names that
    it lists.
    """

    pretty_name: str
    license: str
    languages: Sequence[str]
    tags: Sequence[str]


def front_matter(
    about: About, configs: Mapping[str, Written], features: Mapping[str, "datasets.Features"], split: str
) -> str:
    """The front matter as YAML between two lines of dashes.

    `configs` has the data files of each configuration, `dataset_info` their rows, bytes and
    columns. `features`: the columns of each configuration.
    """
    from datasets import DatasetInfo
    from datasets.info import DatasetInfosDict
    from datasets.splits import SplitDict, SplitInfo
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import DatasetCardData

    data = DatasetCardData(
        language=list(about.languages),
        license=about.license if _LICENSE.fullmatch(about.license) and about.license != "unknown" else "other",
        pretty_name=about.pretty_name,
        size_categories=[_size(sum(written.rows for written in configs.values()))],
        task_categories=["text-generation"],
        tags=list(about.tags),
    )
    infos = {
        name: DatasetInfo(
            features=features[name],
            splits=SplitDict({split: SplitInfo(split, num_bytes=written.memory_bytes, num_examples=written.rows)}),
            download_size=written.file_bytes,
            dataset_size=written.memory_bytes,
            config_name=name,
        )
        for name, written in configs.items()
    }
    DatasetInfosDict(infos).to_dataset_card_data(data)
    MetadataConfigs(
        {name: {"data_files": [{"split": split, "path": f"{name}/{split}-*.parquet"}]} for name in configs}
    ).to_dataset_card_data(data)
    return f"---\n{data.to_yaml()}\n---\n\n"


def _size(rows: int) -> str:
    return next((name for limit, name in _SIZES if rows < limit), "10M<n<100M")
