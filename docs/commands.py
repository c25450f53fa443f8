"""A hook of the site's generator: writes the reference of a command line from the command itself.

On a page, the line `<!-- commands: MODULE PROGRAM -->` becomes a section for each command of the
typer application `app` in MODULE, so that the page always says what `PROGRAM --help` says.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

MARKER = re.compile(r"^<!-- commands: (\S+) (\S+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Called by the generator with the text of each page."""
    return MARKER.sub(lambda found: "\n".join(reference(found[1], found[2])), markdown)


def reference(module: str, program: str) -> Iterator[str]:
    """The lines of the reference of one program."""
    import typer

    group: Any = typer.main.get_command(import_module(module).app)
    for name, command in group.commands.items():
        yield f"## {program} {name} {{ #{name} }}\n"
        yield f"{_plain(command.help)}\n"
        arguments = [one for one in command.params if one.param_type_name == "argument"]
        options = [one for one in command.params if one.param_type_name == "option" and not one.hidden]
        yield f"```text\n{' '.join([program, name, *map(_usage, arguments), '[OPTIONS]'])}\n```\n"
        yield "| option | default | what it does |\n|---|---|---|"
        for one in (*arguments, *options):
            yield f"| {_names(one)} | {_default(one)} | {_about(one)} |"
        yield ""


def _usage(argument: Any) -> str:
    name = str(argument.metavar or argument.name.upper()).strip("{}")
    return name if argument.required else f"[{name}]"


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"<code>{_cell(_usage(parameter))}</code>"
    names = [*parameter.opts, *parameter.secondary_opts]
    value = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    return ", ".join(f"<code>{_cell(name + value)}</code>" for name in names if name != "-h")


def _default(parameter: Any) -> str:
    if parameter.required:
        return "(required)"
    if parameter.default is None or parameter.default == "" or parameter.is_flag or callable(parameter.default):
        return ""
    return f"<code>{_cell(str(parameter.default))}</code>"


def _about(parameter: Any) -> str:
    text = _plain(getattr(parameter, "help", None))
    variable = getattr(parameter, "envvar", None)
    return _cell(text) + (f" (environment: `{variable}`)" if variable else "")


def _plain(text: str | None) -> str:
    return " ".join((text or "").split())


def _cell(text: str) -> str:
    return text.replace("<", "&lt;").replace("|", "&#124;")
