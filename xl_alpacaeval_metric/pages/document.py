"""The page itself: one HTML file with its own styles and script, which loads nothing."""

import base64
import hashlib
import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TextIO

from xl_alpacaeval_metric.files.destinations import write_errors
from xl_alpacaeval_metric.pages.section import Section

Put = Callable[[str, str], None]
"""Takes the name and the packed content of a part of the page's data."""
_DATA = "<!--data-->"


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the sections of a page, and below them.

    `signatures` are names of runs with their signatures.
    """

    title: str
    subtitle: Sequence[str]
    notices: Sequence[str]
    footer: str
    signatures: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class RecordList:
    """The list at the end of a page.

    `script` is a file in data/report that shows it, `search` says what is searched in. `put` packs
    the records into the page, and returns their number.
    """

    title: str
    search: str
    script: str
    put: Callable[[Put], int]


def write(file: Path, head: Head, sections: Sequence[Section], records: RecordList) -> int:
    """Write the page completely, or not at all; returns the number of records.

    All texts are escaped. The page's script is the only one that can run, by its hash, and no
    connection can be opened (Content-Security-Policy). Raises UserError where the file cannot be
    written.
    """
    before, after = _page(head, sections, records)
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with write_errors(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            with unfinished.open("w", encoding="utf-8", errors="replace") as opened:
                opened.write(before)
                found = records.put(lambda name, packed: _put(opened, name, packed))
                opened.write(after)
            unfinished.replace(file)
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
    return found


def _put(file: TextIO, name: str, packed: str) -> None:
    file.write(f'<script type="text/plain" id="data-{name}">{packed}</script>\n')


def _sized(svg: str) -> str:
    """The picture with its width as a property for the style: so far it may be made smaller."""
    return re.sub(r'<svg (?=[^>]*width="([\d.]+)")', r'<svg style="--wide: \1px" ', svg, count=1)


def _page(head: Head, sections: Sequence[Section], records: RecordList) -> tuple[str, str]:
    """The page before its data, and after."""
    from jinja2 import Environment
    from markupsafe import Markup

    folder = resources.files("xl_alpacaeval_metric") / "data" / "report"
    names = ("page.html", "page.css", "list.js", records.script)
    template, style, *scripts = ((folder / name).read_text("utf-8") for name in names)
    script = "\n".join(scripts)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; base-uri 'none'"
    page = (
        Environment(autoescape=True)
        .from_string(template)
        .render(
            title=head.title,
            subtitle=head.subtitle,
            notices=head.notices,
            footer=head.footer,
            signatures=head.signatures,
            sections=[section.drawn([Markup(_sized(svg)) for svg in section.pictures]) for section in sections],
            list=records,
            policy=policy,
            css=Markup(style),
            data=Markup(_DATA),
            script=Markup(script),
        )
    )
    before, _, after = page.partition(_DATA)
    return before, after
