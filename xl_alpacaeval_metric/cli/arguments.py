"""Arguments of a backend, `k=v,k=v` in one option."""

from typing import Any

from xl_alpacaeval_metric.errors import UserError


def arguments(text: str) -> dict[str, Any]:
    """`k=v,k=v` as a dictionary, its values as text, numbers or booleans; raises UserError."""
    from xl_alpacaeval_metric.files import yaml_file

    found = {}
    for part in filter(None, text.split(",")):
        key, equals, value = part.partition("=")
        if not equals or not key.strip():
            raise UserError(f"argument {part!r} is not of the form key=value")
        try:
            # YAML reads 10:00:00 as 36,000.
            parsed = value if ":" in value else yaml_file.parse(value) if value else ""
        except yaml_file.NotYaml:  # Such as "[" and 2024-13-45, which are text here.
            parsed = value
        found[key.strip()] = parsed if isinstance(parsed, str | int | float | bool) else value
    return found
