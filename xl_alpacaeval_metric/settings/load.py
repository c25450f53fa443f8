"""Settings from their defaults, a YAML file and the command line, and back into a YAML file."""

from collections.abc import Mapping
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from xl_alpacaeval_metric import credentials
from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files import yaml_file
from xl_alpacaeval_metric.settings.fields import Option, Setting, settings_of
from xl_alpacaeval_metric.settings.values import checked

Settings = TypeVar("Settings")


def load(record: type[Settings], file: Path | None, given: Mapping[str, object]) -> Settings:
    """The settings dataclass `record` from its defaults, then `file`, then what was `given`.

    `given` are the options of the command line, by name; None is not given. A file may name a
    setting as the dataclass does or as its option is named. Raises UserError, in one line, for a
    file that cannot be read, an unknown name, a name that is there twice, a value of the wrong type
    or out of its range, a secret, and a required setting that is missing or
    empty.
    """
    settings = settings_of(record)
    values: dict[str, Any] = {}
    if file is not None:
        _take(settings, yaml_file.read_mapping(file), values, file)
    _take(settings, {name: value for name, value in given.items() if value is not None}, values, None)
    for name, one in settings.items():
        if one.required and not values.get(name):
            option = one.options[0]
            raise UserError(f"no {name}: give {option.flag} {option.metavar}, or {name} in --config")
        if one.kind is Mapping and not one.about.options:
            credentials.refuse(values.get(name) or {}, one.about.option or name)
    return record(**values)


def read(record: type[Settings], content: Mapping[str, object], where: str) -> Settings:
    """The settings dataclass `record` from its defaults and a part of a file.

    `where` names the part for errors. Raises UserError as `load` does.
    """
    settings = settings_of(record)
    values: dict[str, Any] = {}
    _take(settings, content, values, where)
    for name, one in settings.items():
        if one.required and not values.get(name):
            raise UserError(f"{where}: no {name}; give {name}: {one.about.metavar or one.about.help}")
        value = values.get(name)
        credentials.refuse(value if isinstance(value, Mapping) else {name: value}, where)
    return record(**values)


def as_yaml(settings: Any) -> str:
    """All settings, defaults too, as YAML that `load` reads."""
    import yaml

    content = {
        name: list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value
        for name, value in asdict(settings).items()
    }
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True))


def result_settings(settings: Any) -> dict[str, Any]:
    """The settings that the result depends on; a run may be continued with others of the rest."""
    known = settings_of(type(settings))
    return {name: value for name, value in asdict(settings).items() if known[name].about.affects_result}


def _take(
    settings: Mapping[str, Setting], content: Mapping[str, object], values: dict[str, Any], file: Path | str | None
) -> None:
    """Put the checked values of a file, or of the command line, over those there are.

    `file` is None for those of the command line.
    """
    known = _by_name(settings)
    inside = f"{file}: " if file is not None else ""
    for name in content:
        if name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(settings)}"
            raise UserError(f"{inside}unknown setting {name[:40]!r}; {hint}")
    seen: dict[tuple[str, str], str] = {}
    # A whole mapping goes before the options that set one of its keys.
    for name in sorted(content, key=lambda name: bool(known[name][1].key)):
        one, option = known[name]
        if (other := seen.setdefault((one.name, option.key), name)) != name:
            raise UserError(f"{inside}{other} and {name} are the same setting; give one of them")
        where = f"{inside}{name}" if file is not None else option.flag
        value = checked(one, {option.key: content[name]} if option.key else content[name], where)
        values[one.name] = {**values.get(one.name, {}), **value} if one.about.options else value


def _by_name(settings: Mapping[str, Setting]) -> dict[str, tuple[Setting, Option]]:
    """Every name that a setting goes by, with the option that sets it."""
    known = {option.name: (one, option) for one in settings.values() for option in one.options}
    for name, one in settings.items():
        whole = Option(name, None, "") if one.about.file_only or one.about.options else one.options[0]
        known.setdefault(name, (one, whole))
    return known
