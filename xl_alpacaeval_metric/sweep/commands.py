"""The command line of `eval` that makes the answers of a run."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.sweep.file import Run
from xl_alpacaeval_metric.sweep.settings import BenchmarkSettings, JudgingSettings, ModelSettings

NO_GPU = "0"
"""Of a model that is asked at an endpoint, or runs on the CPU."""


def answering(run: Run, judging: JudgingSettings) -> list[str]:
    """The arguments of `xl-alpacaeval` that generate the run's answers; no judge is asked.

    Raises UserError for a value that the command line cannot take.
    """
    given = ["eval", run.model.model, "--judge", "none", "--output", str(run.folder)]
    seed = {} if judging.seed is None else {"seed": judging.seed}
    for settings in (_options(run.model), _options(run.benchmark), seed):
        for name, value in settings.items():
            given += _option(name, value)
    return given


def _options(settings: ModelSettings | BenchmarkSettings) -> dict[str, Any]:
    """The settings that were given, but those that are arguments or no options of `eval`."""
    found = {one.name: getattr(settings, one.name) for one in fields(settings)}
    if found.get("gpus") == NO_GPU:
        del found["gpus"]
    return {
        name: value for name, value in found.items() if name not in ("model", "name") and value not in (None, (), {})
    }


def _option(name: str, value: object) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    if value is True:
        return [flag]
    if value is False:
        return [f"--no-{name.replace('_', '-')}"] if name == "chat_template" else []
    if isinstance(value, tuple):
        return [flag, ",".join(map(str, value))]
    if isinstance(value, Mapping):
        return [flag, ",".join(f"{key}={_argument(name, key, one)}" for key, one in value.items())]
    return [flag, str(value)]


def _argument(name: str, key: object, value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, str | int | float) or "," in text:
        raise UserError(f"{name}: {key} is {text[:40]!r}; need text, a number or true or false, without commas")
    return text
