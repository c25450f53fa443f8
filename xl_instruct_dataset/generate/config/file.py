"""The settings of a job as a YAML file, and as what the command line gives."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.jsonl import replace_file
from xl_instruct_dataset.generate.config.settings import ROLES, Settings

FLAGS = {"translator": "translators", "translator_temperature": "translator_temperatures", "benchmark": "benchmarks"}
"""Flags of the command whose settings have another name; a file may use either."""


def load(file: Path | None, given: Mapping[str, Any]) -> Settings:
    """The settings of a YAML file with what was `given` on the command line (None: not given) put over them.

    Raises UserError for a file that cannot be read, an unknown key (naming the nearest) or a value of the wrong kind.
    """
    content = _by_setting(_yaml(file)) if file is not None else {}
    over = _by_setting({key: value for key, value in given.items() if value is not None})
    urls = [part["base_urls"] for part in (content, over) if "base_urls" in part]
    content |= over
    if urls and all(isinstance(part, dict) for part in urls):
        content["base_urls"] = {role: address for part in urls for role, address in part.items()}
    elif urls:
        content["base_urls"] = urls[0]  # Which is told of below.
    known = {part.name: part for part in fields(Settings)}
    for key in content:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            raise UserError(f"{file}: unknown setting {key!r}" + (f"; did you mean {near[0]}?" if near else ""))
    for key, flag in (("seeds", "--seeds FILE|HUB_ID"), ("targets", "--targets fi,ga"), ("teacher", "--teacher SPEC")):
        if not content.get(key):
            raise UserError(f"no {key}: give {flag}, or {key} in --config")
    return Settings(**{key: _value(key, value, known[key].type) for key, value in content.items()}).checked()


def _by_setting(content: dict[str, Any]) -> dict[str, Any]:
    """What is named as the command's flags are, under the settings' names."""
    found = {FLAGS.get(key, key): value for key, value in content.items()}
    urls = {role: found.pop(f"{role}_base_url") for role in ROLES if f"{role}_base_url" in found}
    known = found.get("base_urls", {})
    return found | {"base_urls": known | urls} if urls and isinstance(known, dict) else found


def save(settings: Settings, file: Path) -> None:
    """Write all settings, defaults too, as YAML that `load` reads."""
    import yaml

    content = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(settings).items()}
    replace_file(file, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def _yaml(file: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{file}: no such file") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{file}: not readable as YAML ({type(error).__name__})") from None
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise UserError(f"{file}: not a YAML mapping of settings")
    return content


def _value(key: str, value: Any, kind: Any) -> Any:
    """The value as the field wants it; raises UserError where it is of another kind."""
    if isinstance(kind, UnionType):
        if value is None:
            return None
        kind = get_args(kind)[0]
    if get_origin(kind) is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        if get_args(kind)[0] is float:
            return _numbers(key, parts if isinstance(parts, list | tuple) else [parts])
        if isinstance(parts, list | tuple) and all(isinstance(part, str) for part in parts):
            return tuple(part.strip() for part in parts if part.strip())
        # YAML 1.1 reads the code of Norwegian as false.
        wanted = 'a list of texts; write "no" in quotes' if isinstance(parts, list) and False in parts else "a list"
    elif get_origin(kind) is Mapping:
        if isinstance(value, dict):
            return value
        wanted = "a mapping"
    elif kind is str:
        if isinstance(value, str):
            return value
        wanted = "text"
    else:
        whole = kind is int
        if isinstance(value, int if whole else int | float) and not isinstance(value, bool) and math.isfinite(value):
            return kind(value)
        wanted = "a whole number" if whole else "a number"
    raise UserError(f"setting {key} is {str(value)[:40]!r}; need {wanted}")


def _numbers(key: str, parts: Sequence[Any]) -> tuple[float, ...]:
    try:
        found = tuple(math.nan if isinstance(part, bool) else float(part) for part in parts if str(part).strip())
    except (TypeError, ValueError):
        found = (math.nan,)
    if not all(map(math.isfinite, found)):
        raise UserError(f"setting {key} is {str(parts)[:40]!r}; need numbers")
    return found
