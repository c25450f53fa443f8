"""The bodies of Hub cards, from the templates under `cards/`.

That folder is beside the packages in a checkout, and inside this package in a wheel.
"""

from collections.abc import Mapping
from pathlib import Path

from xl_alpacaeval_metric import templates


def body(name: str, values: Mapping[str, str]) -> str:
    """The text of `cards/NAME/README.md` with its slots filled.

    Raises TemplateError unless `values` are those of the slots.
    """
    package = Path(__file__).parents[1]
    folder = package / "cards" if (package / "cards").is_dir() else package.parent / "cards"
    return templates.fill_text(name, (folder / name / "README.md").read_text(encoding="utf-8"), values)


def cell(text: str) -> str:
    """Text for a cell of a Markdown table: in one line, with Markdown escaped."""
    flat = " ".join(text.split())
    for mark in "\\|`*_<>[]":
        flat = flat.replace(mark, f"\\{mark}")
    return flat
