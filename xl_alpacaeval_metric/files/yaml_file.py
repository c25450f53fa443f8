"""YAML files from users: read as plain values, or refused in one line."""

from functools import cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from xl_alpacaeval_metric.errors import UserError, need


class NotYaml(ValueError):
    """A text is not YAML that is read here; `line` is None where that is not known."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.line = line


def parse(text: str, *, scalars_as_text: bool = False) -> Any:
    """The value of a YAML text, as plain Python values.

    Raises NotYaml, also for a key that is there twice in one mapping, for aliases (a few lines of
    them unfold to gigabytes), and for values that Python does not have, such as 2024-13-45.
    """
    import yaml

    try:
        return yaml.load(text, Loader=_loader(scalars_as_text))
    except RecursionError:
        raise NotYaml("nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date, or 5,000 digits.
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        raise NotYaml(f"not valid YAML ({problem or type(error).__name__})", mark.line + 1 if mark else None) from None


def read_mapping(file: Path | Traversable, *, scalars_as_text: bool = False) -> dict[str, Any]:
    """The mapping in a YAML file, with its keys as text; an empty file holds none.

    With `scalars_as_text` every scalar is its text: `yes` stays "yes" and 1 is "1".

    Raises UserError, in one line, for a file that cannot be read, is no YAML, holds something else
    than a mapping, or has a key twice in one mapping.
    """
    try:
        found = parse(file.read_text(encoding="utf-8-sig"), scalars_as_text=scalars_as_text)
    except FileNotFoundError:
        raise UserError(f"{file}: no such file") from None
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}){need(error)}") from None
    except UnicodeDecodeError:
        raise UserError(f"{file}: not UTF-8 text") from None
    except NotYaml as error:
        line = f" line {error.line}" if error.line else ""
        raise UserError(f"{file}{line}: {error}") from None
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise UserError(f"{file}: holds a {type(found).__name__}; needs a mapping, as in NAME: VALUE")
    return {str(key): value for key, value in found.items()}


@cache
def _loader(scalars_as_text: bool) -> Any:
    """A safe loader of PyYAML's, which by itself lets the later of two equal keys win."""
    import yaml

    base: Any = yaml.BaseLoader if scalars_as_text else yaml.SafeLoader

    class UniqueKeyLoader(base):  # type: ignore[misc]
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark
                raise yaml.MarkedYAMLError(problem="aliases (*name) are not read", problem_mark=mark)
            return super().compose_node(parent, index)

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            seen = set()
            for key, _ in node.value:
                name = (key.tag, str(key.value))
                if name in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"the key {key.value} is there twice", problem_mark=key.start_mark
                    )
                seen.add(name)
            found: dict[Any, Any] = super().construct_mapping(node, deep)
            return found

    return UniqueKeyLoader
