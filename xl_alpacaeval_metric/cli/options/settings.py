"""Options of a command from a settings dataclass."""

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from xl_alpacaeval_metric.cli.options.arguments import arguments
from xl_alpacaeval_metric.cli.options.records import with_parameters
from xl_alpacaeval_metric.settings.fields import Option, Setting, settings_of

NAME = "settings"
_TYPES = (bool, int, float)


def with_settings(record: type, panel: str | None = None) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for every setting of the dataclass `record`.

    The options take the place of the command's parameter `settings`. It gets a dictionary, for
    `settings.load`, of those that were given, by the option's name. `panel` is their heading in the
    help.
    """

    options = {option.name: one for one in settings_of(record).values() for option in one.options}
    added = [_parameter(one, option, panel) for one in settings_of(record).values() for option in one.options]

    def given_settings(given: dict[str, Any]) -> dict[str, Any]:
        values = {name: _value(one, given[name]) for name, one in options.items()}
        return {name: value for name, value in values.items() if value is not None}

    return with_parameters(NAME, added, given_settings)


def _parameter(setting: Setting, option: Option, panel: str | None) -> inspect.Parameter:
    kind: Any = list[str] if setting.about.parse else setting.kind if setting.kind in _TYPES else str
    shown = typer.Option(help=option.help, show_default=False, rich_help_panel=panel, metavar=option.metavar)
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, shown]
    )


def _value(setting: Setting, value: Any) -> Any:
    """What was typed, as `settings.load` takes it: K=V,... is a mapping."""
    if value is None or setting.kind is not Mapping or setting.about.options:
        return value
    return (setting.about.parse or arguments)(value) or None
