"""The rubric's file: YAML in, a checked rubric out."""

import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError
from xl_alpacaeval_metric.files.yaml_file import read_mapping
from xl_alpacaeval_metric.judge.rubric import LEVELS, Criterion, Rubric


def load(path: str | Path | None = None) -> Rubric:
    """The rubric in a YAML file, by default the bundled one.

    The bundled rubric has precision, informativeness, naturalness and objectivity. A file has a
    list `criteria`, each with `name` (an identifier), `definition` and `levels` (1 to 5, a text
    each). Raises UserError with the file and the problem for anything else.
    """
    bundled = resources.files("xl_alpacaeval_metric") / "data" / "criteria.yaml"
    source = bundled if path is None else Path(os.path.expanduser(path))
    return _rubric(read_mapping(source, scalars_as_text=True), str(path))


def _rubric(content: object, file: str) -> Rubric:
    entries = content.get("criteria") if isinstance(content, dict) else None
    if not isinstance(entries, list) or not entries:
        raise UserError(f'{file}: no criteria; need a list "criteria", each with name, definition and levels')
    if isinstance(content, dict) and (unknown := content.keys() - {"criteria"}):
        raise UserError(f"{file}: unknown key {sorted(unknown)[0]!r} beside criteria")
    criteria = tuple(_criterion(entry, f"{file}: criterion {number}") for number, entry in enumerate(entries, 1))
    names = [criterion.name for criterion in criteria]
    for name in names:
        if names.count(name) > 1:
            raise UserError(f"{file}: criterion {name!r} is there {names.count(name)} times")
    return Rubric(criteria)


def _criterion(entry: object, where: str) -> Criterion:
    if not isinstance(entry, Mapping):
        raise UserError(f"{where}: is not name, definition and levels")
    name = entry.get("name")
    if not isinstance(name, str) or not name.isidentifier():
        raise UserError(f"{where}: name {name!r} is no identifier (letters, digits and _ only), such as precision")
    where = f"{where} ({name})"
    if unknown := entry.keys() - {"name", "definition", "levels"}:
        raise UserError(f"{where}: unknown key {sorted(unknown)[0]!r}; there are name, definition and levels")
    levels = entry.get("levels")
    levels = levels if isinstance(levels, Mapping) else {}
    wanted = [str(level) for level in LEVELS]
    if missing := [level for level in wanted if level not in levels]:
        raise UserError(f"{where}: no level {', '.join(missing)}; need a text for each of 1 to 5 under levels")
    if unknown := levels.keys() - set(wanted):
        raise UserError(f"{where}: unknown level {sorted(unknown)[0]!r}; there are 1 to 5")
    anchors = tuple(_text(levels[level], f"{where}: level {level}") for level in wanted)
    return Criterion(name, _text(entry.get("definition"), f"{where}: definition"), anchors)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str | None):
        raise UserError(f"{where} is no text; need a sentence")
    if not value or value.isspace():
        raise UserError(f"{where} is empty; need a sentence")
    return " ".join(value.split())
