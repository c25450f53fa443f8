"""The bodies of Hub cards, from the templates under `cards/`.

That folder is beside the packages in a checkout, and inside this package in a wheel.
"""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from xl_alpacaeval_metric import templates
from xl_alpacaeval_metric.terminal import printable

BIBTEX = """@inproceedings{xl-suite,
  title = {{XL-Suite: Cross-Lingual Synthetic Training and Evaluation Data for Open-Ended Generation}},
  author = {Iyer, Vivek and Rei, Ricardo and Chen, Pinzhen and Birch, Alexandra},
  booktitle = {Findings of the Association for Computational Linguistics: EMNLP 2025},
  year = {2025},
  pages = {10418--10432},
  doi = {10.18653/v1/2025.findings-emnlp.550}
}"""
"""The paper, as every card cites it."""


def body(name: str, values: Mapping[str, str]) -> str:
    """The text of `cards/NAME/README.md` with its slots filled.

    Control characters in the values are left out. Raises TemplateError unless `values` are those of
    the slots.
    """
    cleaned = {slot: printable(value) for slot, value in values.items()}
    package = Path(__file__).parents[1]
    folder = package / "cards" if (package / "cards").is_dir() else package.parent / "cards"
    return templates.fill_text(name, (folder / name / "README.md").read_text(encoding="utf-8"), cleaned)


def cell(text: str) -> str:
    """Text of others for a line or a cell of a table: in one line, with Markdown escaped."""
    flat = " ".join(printable(text).split())
    for mark in "\\|`*_<>[]":
        flat = flat.replace(mark, f"\\{mark}")
    return flat


def code(text: str) -> str:
    """Text of others as code in a line or a cell; its backticks become apostrophes."""
    return "`" + " ".join(printable(text).split()).replace("`", "'").replace("|", "\\|") + "`"


def quoted(text: str) -> str:
    """Text of others as a string in a code example: no quote, backtick or line end."""
    return re.sub(r"[\"'`\\\n\t]+", "-", printable(text))


def shell_path(name: str) -> str:
    """A folder of others, in the working folder, as a word of a command in a code block."""
    return shlex.quote("./" + " ".join(printable(name).split()).replace("`", "'"))
