"""The settings file of a job: YAML that is read, and the copy that the work folder keeps."""

from collections.abc import Mapping
from pathlib import Path

from xl_alpacaeval_metric.files.jsonl import replace_file
from xl_alpacaeval_metric.settings import load as settings_load
from xl_instruct_dataset.generate.config.settings import Settings


def load(file: Path | None, given: Mapping[str, object]) -> Settings:
    """The job's settings: the defaults, then a YAML file, then options that are not None.

    Raises UserError as `settings.load`, and for settings that do not go together.
    """
    return settings_load.load(Settings, file, given).checked()


def save(settings: Settings, file: Path) -> None:
    """Write all settings, defaults too, as YAML that `load` reads."""
    replace_file(file, settings_load.as_yaml(settings))
