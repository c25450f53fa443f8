"""Options of a command from a dataclass whose fields are typed as options."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import MISSING, Field, fields
from typing import Any


def with_options(record: type, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the fields of the dataclass `record` as options.

    They take the place of the command's parameter `name`, which gets the record. A field's type is
    what typer takes for a parameter, and its default the option's.
    """
    added = [
        inspect.Parameter(one.name, inspect.Parameter.KEYWORD_ONLY, default=_default(one), annotation=one.type)
        for one in fields(record)
    ]

    return with_parameters(name, added, lambda given: record(**given))


def with_parameters(
    name: str, added: Sequence[inspect.Parameter], value_of: Callable[[dict[str, Any]], object]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the parameters `added` in the place of its parameter `name`.

    That one gets what `value_of` makes of their values, by name.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        def translated(**given: Any) -> None:
            values = {one.name: given.pop(one.name) for one in added}
            command(**given, **{name: value_of(values)})

        parameters: list[inspect.Parameter] = []
        for one in inspect.signature(command).parameters.values():
            parameters += added if one.name == name else [one.replace(kind=inspect.Parameter.KEYWORD_ONLY)]
        translated.__doc__, translated.__name__ = command.__doc__, command.__name__
        translated.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        translated.__annotations__ = {one.name: one.annotation for one in parameters}
        return translated

    return decorated


def _default(one: Field[Any]) -> Any:
    return inspect.Parameter.empty if one.default is MISSING else one.default
