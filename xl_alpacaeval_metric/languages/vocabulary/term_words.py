"""Words by which titles and terms are told from sentences (`data/term_words.yaml`)."""

from collections.abc import Mapping
from functools import lru_cache
from importlib import resources

import yaml


@lru_cache(maxsize=1)
def load() -> Mapping[str, frozenset[str]]:
    """The words by what they tell."""
    text = resources.files("xl_alpacaeval_metric").joinpath("data/term_words.yaml").read_text(encoding="utf-8")
    return {name: frozenset(words.split()) for name, words in yaml.safe_load(text).items()}
