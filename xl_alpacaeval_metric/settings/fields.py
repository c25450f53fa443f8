"""How the fields of a settings dataclass are declared: type, default, help, range, options."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from types import UnionType
from typing import Any, get_args, get_origin

_ABOUT = "setting"
_METAVARS: dict[Any, str] = {int: "N", float: "X", str: "TEXT", Mapping: "K=V,..."}


@dataclass(frozen=True, slots=True)
class Option:
    """A command-line option: its name as a Python identifier, what it takes, and its help.

    `key` is set where the setting is a mapping with an option a key: the key that it sets.
    """

    name: str
    metavar: str | None
    help: str
    key: str = ""

    @property
    def flag(self) -> str:
        """The option as it is typed, such as `--max-tokens`."""
        return f"--{self.name.replace('_', '-')}"


@dataclass(frozen=True, slots=True)
class About:
    """What `setting` was told of a field; see there."""

    help: str
    metavar: str | None
    option: str
    default_text: str
    at_least: float | None
    above: float | None
    at_most: float | None
    choices: tuple[str, ...]
    affects_result: bool
    file_only: bool
    options: tuple[Option, ...]
    parse: Callable[[Sequence[str]], Mapping[str, Any]] | None


def setting(
    help: str,
    *,
    default: Any = MISSING,
    metavar: str | None = None,
    option: str = "",
    default_text: str = "",
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    choices: Sequence[str] = (),
    affects_result: bool = True,
    file_only: bool = False,
    options: Sequence[Option] = (),
    parse: Callable[[Sequence[str]], Mapping[str, Any]] | None = None,
) -> Any:
    """A field of a settings dataclass; without a default it must be given, and not be empty.

    `option` is the option's name where it is another than the field's; a settings file may use
    either. `default_text` is what the help says of the default where the value says too little.
    A number, or each number of a list, must be `at_least` that, `above` that, and `at_most` that; a
    text must be one of `choices`. `affects_result` is False for what decides where and how fast the
    work is done and leaves the result the same. A `file_only` setting has no option. A mapping
    whose keys are fixed has `options`, one a key. A mapping with `parse` may be given several
    times; `parse` reads what was typed.
    """
    about = About(
        help=help,
        metavar=metavar,
        option=option,
        default_text=default_text,
        at_least=at_least,
        above=above,
        at_most=at_most,
        choices=tuple(choices),
        affects_result=affects_result,
        file_only=file_only,
        options=tuple(options),
        parse=parse,
    )
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata={_ABOUT: about})
    return field(default=default, metadata={_ABOUT: about})


@dataclass(frozen=True, slots=True)
class Setting:
    """A declared field with its type taken apart.

    `kind` is bool, int, float, str, tuple or Mapping, `element` the type of a tuple's members.
    """

    name: str
    kind: Any
    element: Any
    may_be_none: bool
    required: bool
    default: Any
    about: About

    @property
    def options(self) -> tuple[Option, ...]:
        """The options of the command line that set it."""
        about = self.about
        if about.file_only or about.options:
            return about.options
        metavar = about.metavar or _METAVARS.get(self.kind)
        limits = _limits(about) if self.kind in (int, float) else ""
        return (Option(about.option or self.name, f"{metavar}{limits}" if metavar else None, self._help()),)

    def _help(self) -> str:
        about = self.about
        text = about.help + (f": {', '.join(about.choices)}" if about.choices else "")
        default = about.default_text or _shown(self.default)
        return f"{text} (default {default})" if default else text


def _limits(about: About) -> str:
    """The range as command-line help usually has it, such as ` [x>=1]` or ` [1<=x<=5]`."""
    low, sign = (about.above, ("<", ">")) if about.above is not None else (about.at_least, ("<=", ">="))
    if about.at_most is None:
        return "" if low is None else f" [x{sign[1]}{low:g}]"
    return f" [{'' if low is None else f'{low:g}{sign[0]}'}x<={about.at_most:g}]"


def _shown(default: Any) -> str:
    if default is MISSING or default is None or isinstance(default, tuple | Mapping):
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def settings_of(record: type) -> Mapping[str, Setting]:
    """The settings that a dataclass declares, by name, in their order."""
    return {one.name: _setting(one) for one in fields(record)}


def _setting(one: Field[Any]) -> Setting:
    kind: Any = one.type
    may_be_none = isinstance(kind, UnionType)
    if may_be_none:
        kind = next(part for part in get_args(kind) if part is not type(None))
    element = get_args(kind)[0] if get_origin(kind) is tuple else None
    factory = one.default_factory
    return Setting(
        name=one.name,
        kind=get_origin(kind) or kind,
        element=element,
        may_be_none=may_be_none,
        required=one.default is MISSING and factory is MISSING,
        default=factory() if factory is not MISSING else one.default,
        about=one.metadata[_ABOUT],
    )
