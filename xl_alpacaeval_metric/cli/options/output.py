"""The option that names where a command writes its figures."""

from pathlib import Path
from typing import Annotated

import typer

from xl_alpacaeval_metric.files import destinations


def writable(path: Path | None) -> Path | None:
    """`destinations.writable` as typer's callback."""
    return None if path is None else destinations.writable(path)


def writable_folder(path: Path | None) -> Path | None:
    """`destinations.writable_folder` as typer's callback."""
    return None if path is None else destinations.writable_folder(path)


Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", dir_okay=False, callback=writable, help="Write the figures there as JSON"),
]


def write(content: dict[str, object], output: Path | None) -> None:
    """Write figures as JSON, unless `output` is None; raises UserError if it cannot be written."""
    from xl_alpacaeval_metric.files import jsonl

    if output is None:
        return
    with destinations.write_errors(output):
        output.parent.mkdir(parents=True, exist_ok=True)
        jsonl.write_json(output, content)
