"""XL-Instruct as a `datasets` builder, with a configuration for each language pair."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import datasets

from xl_alpacaeval_metric.signature import package_version
from xl_instruct_dataset.records import VARIANTS, features
from xl_instruct_dataset.sources.source import SAMPLE, Source


@dataclass
class XLInstructConfig(datasets.BuilderConfig):  # type: ignore[misc]
    """A language pair in a variant of a source: "sample", a folder, or a Hub dataset's id."""

    pair: str = "en-de"
    variant: str = "default"
    source: str = SAMPLE

    def create_config_id(self, config_kwargs: dict[str, Any], custom_features: datasets.Features | None = None) -> str:
        """The name in the cache of `datasets`; it changes with the source's files."""
        config_kwargs = {**config_kwargs, "state": Source(self.source).state()}
        return str(super().create_config_id(config_kwargs, custom_features))


def _configs() -> list[XLInstructConfig]:
    return [
        XLInstructConfig(name=pair if variant == "default" else f"{pair}-{variant}", pair=pair, variant=variant)
        for variant, pairs in VARIANTS.items()
        for pair in pairs
    ]


class XLInstruct(datasets.GeneratorBasedBuilder):  # type: ignore[misc]
    """Cross-lingual instructions with responses in another language.

        XLInstruct(config_name="en-fi").as_streaming_dataset(split="train")
        XLInstruct(config_name="en-fi", source="viyer98/xl-instruct")
        XLInstruct(pair="en-sw", source="folder")

    `en-fi` has English instructions and Finnish responses; `en-fi-best_of_3` and `en-en-scored` are
    variants that only the released data has. Columns are those of `records.features`. Raises
    UserError where the source cannot be read, which `download_and_prepare` wraps into a
    DatasetGenerationError.
    """

    BUILDER_CONFIG_CLASS = XLInstructConfig
    BUILDER_CONFIGS: ClassVar[list[XLInstructConfig]] = _configs()
    # A checkout that is not installed has no version.
    VERSION = datasets.Version(".".join([*re.findall(r"\d+", package_version()), "0", "0", "0"][:3]))

    def _info(self) -> datasets.DatasetInfo:
        return datasets.DatasetInfo(
            description="Cross-lingual instructions with responses in another language.",
            features=features(),
            homepage="https://arxiv.org/abs/2503.22973",
            license=Source(self.config.source).license,
        )

    def _split_generators(self, dl_manager: Any) -> list[datasets.SplitGenerator]:
        streaming = bool(getattr(dl_manager, "is_streaming", False))
        return [datasets.SplitGenerator(name=datasets.Split.TRAIN, gen_kwargs={"streaming": streaming})]

    def _generate_examples(self, streaming: bool) -> Iterator[tuple[int, dict[str, Any]]]:
        source = Source(self.config.source, streaming=streaming)
        for number, row in enumerate(source.rows(self.config.pair, self.config.variant)):
            yield number, row.as_dict()
