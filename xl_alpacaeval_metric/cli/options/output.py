"""Where results are written: files and folders that can be, which is found out before the work."""

import os
from pathlib import Path
from typing import Annotated

import typer

from xl_alpacaeval_metric.errors import UserError


def writable(path: Path | None) -> Path | None:
    """The path, as typer's callback; raises UserError where nothing can be written there.

    Makes nothing: of a path that is not there yet, the folder is asked that it would be made in.
    """
    if path is None:
        return None
    place = path.expanduser().absolute()
    if place.exists() and not (place.is_file() or place.is_dir()):
        raise UserError(f"{path}: is neither a file nor a folder, so nothing can be kept there")
    folder = next(one for one in (place, *place.parents) if one.exists() and (one != place or place.is_dir()))
    if not folder.is_dir():
        raise UserError(f"{path}: cannot be written, since {folder} is a file")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{path}: cannot be written, since {folder} is not writable for you")
    return path


Output = Annotated[
    Path | None,
    typer.Option("--output", metavar="FILE", dir_okay=False, callback=writable, help="Write the figures there as JSON"),
]


def write(content: dict[str, object], output: Path | None) -> None:
    """Write figures as JSON, unless `output` is None; raises UserError if it cannot be written."""
    from xl_alpacaeval_metric.files import jsonl

    if output is None:
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        jsonl.write_json(output, content)
    except OSError as error:
        raise UserError(f"{output}: cannot be written ({error.strerror})") from None
