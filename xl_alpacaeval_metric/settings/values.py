"""Checks of single values: of the type that the setting has, and in its range or choices."""

from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from typing import Any

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.settings.fields import About, Setting


def checked(setting: Setting, value: object, where: str) -> Any:
    """The value as the setting's type; `where` names the setting as the user gave it.

    A list may be a text with commas. Raises UserError that says what is needed instead.
    """
    if value is None and setting.may_be_none:
        return None
    if setting.kind is tuple:
        return _list(setting, value, where)
    if setting.kind is Mapping:
        return _mapping(setting, value, where)
    return _scalar(setting.kind, setting.about, value, where)


def _list(setting: Setting, value: object, where: str) -> tuple[Any, ...]:
    parts: object = value.split(",") if isinstance(value, str) else value
    if isinstance(parts, int | float) and not isinstance(parts, bool) and setting.element is float:
        parts = [parts]
    if not isinstance(parts, list | tuple):
        raise UserError(_message(where, value, "a list"))
    stripped = [part.strip() if isinstance(part, str) else part for part in parts]
    if "" in stripped and any(part != "" for part in stripped):
        raise UserError(f"{where} is {str(value)[:40]!r}: item {stripped.index('') + 1} is empty; leave it out")
    return tuple(_scalar(setting.element, setting.about, part, where) for part in stripped if part != "")


def _mapping(setting: Setting, value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise UserError(_message(where, value, "a mapping"))
    keys = [option.key for option in setting.about.options]
    for key, part in value.items():
        if keys and key not in keys:
            raise UserError(f"{where}: unknown key {str(key)[:40]!r}; there are {', '.join(keys)}")
        if keys and not isinstance(part, str):
            raise UserError(_message(f"{where}: {key}", part, "text"))
    return {str(key): part for key, part in value.items()}


def _scalar(kind: Any, about: About, value: object, where: str) -> object:
    if kind is float and not isinstance(value, bool | float):
        with suppress(TypeError, ValueError):
            value = float(value)  # type: ignore[arg-type]  # YAML reads 2e-4 as text.
    if type(value) is not kind:
        raise UserError(_message(where, value, _needed(kind, about)))
    if isinstance(value, int | float) and not isinstance(value, bool) and not _in_range(about, value):
        raise UserError(_message(where, value, _needed(kind, about)))
    if about.choices and value not in about.choices:
        raise UserError(f"{where} is {str(value)[:40]!r}; there are {', '.join(about.choices)}")
    return value


def _in_range(about: About, value: float) -> bool:
    return (
        isfinite(value)
        and (about.at_least is None or value >= about.at_least)
        and (about.above is None or value > about.above)
        and (about.at_most is None or value <= about.at_most)
    )


def _needed(kind: Any, about: About) -> str:
    found = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[kind]
    if kind in (int, float):
        found += f" from {about.at_least:g}" if about.at_least is not None else ""
        found += f" above {about.above:g}" if about.above is not None else ""
        found += (
            f"{' to' if about.at_least is not None else ' up to'} {about.at_most:g}"
            if about.at_most is not None
            else ""
        )
    return found


def _message(where: str, value: object, needed: str) -> str:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    shown = "empty" if value is None else str(value) if number else repr(str(value)[:40])
    # YAML 1.1 reads the code of Norwegian as false.
    hint = '; write "no" in quotes' if value is False and needed == "text" else ""
    return f"{where} is {shown}; need {needed}{hint}"
