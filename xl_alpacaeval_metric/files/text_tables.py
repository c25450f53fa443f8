"""Tables as text for papers and pages: Markdown and LaTeX."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

_TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    character: f"\\{character}" for character in "&%$#_{}"
}
_TEX |= {"<": r"\textless{}", ">": r"\textgreater{}"}


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of text.

    `columns`: their heads. `left`: the numbers of the columns that are aligned to the left; the
    others hold figures. `rows`: cells, as many as there are columns.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: frozenset[int] = frozenset()


def markdown(tables: Sequence[TextTable], notes: Sequence[str] = ()) -> str:
    """The tables in Markdown, then the notes as a list; characters of Markdown are escaped."""
    lines: list[str] = []
    for table in tables:
        lines += [f"**{_markdown_cell(table.title)}**", "", _markdown_row(table.columns)]
        lines.append("|" + "|".join("---" if k in table.left else "---:" for k in range(len(table.columns))) + "|")
        lines += [_markdown_row(row) for row in table.rows]
        lines.append("")
    return "\n".join([*lines, *(f"- {_markdown_cell(note)}" for note in notes)]).rstrip("\n")


def latex(tables: Sequence[TextTable], notes: Sequence[str] = ()) -> str:
    """The tables in LaTeX, for the package booktabs, with titles and notes as comments."""
    lines = [f"% {_one_line(note)}" for note in notes]
    for table in tables:
        alignment = "".join("l" if k in table.left else "r" for k in range(len(table.columns)))
        lines += [f"% {_one_line(table.title)}; needs \\usepackage{{booktabs}}"]
        lines += [rf"\begin{{tabular}}{{{alignment}}}", r"\toprule", _latex_row(table.columns, table.left), r"\midrule"]
        lines += [_latex_row(row, table.left) for row in table.rows]
        lines += [r"\bottomrule", r"\end{tabular}", ""]
    return "\n".join(lines).rstrip("\n")


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_markdown_cell, cells))} |"


def _markdown_cell(value: str) -> str:
    flat = _one_line(value)
    for mark in "\\|`*_<>[]":
        flat = flat.replace(mark, f"\\{mark}")
    return flat


def _latex_row(cells: Sequence[str], left: frozenset[int]) -> str:
    found = []
    for number, cell in enumerate(cells):
        escaped = "".join(_TEX.get(character, character) for character in _one_line(cell))
        found.append(escaped if number in left else _figures(escaped))
    return " & ".join(found) + r" \\"


def _figures(cell: str) -> str:
    """Figures as LaTeX sets them: signs in mathematics, a dash between bounds without signs."""
    if re.search(r"[-+]\d", cell):
        return re.sub(r"[-+](?=\d)", lambda sign: f"${sign[0]}$", cell)
    return cell.replace(" to ", "--")


def _one_line(value: str) -> str:
    return " ".join(value.split())
