"""Places for results: what cannot be written is found before the work, and named in every error."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xl_alpacaeval_metric.errors import UserError, first_line, need

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""Errors of a full disk: no space on it, or none for this user."""


def writable(path: Path) -> Path:
    """The path; raises UserError where nothing can be written there.

    Makes nothing: of a path that is not there yet, the folder is asked that it would be made in.
    """
    place = path.expanduser().absolute()
    if place.exists() and not (place.is_file() or place.is_dir()):
        raise UserError(f"{path}: is neither a file nor a folder, so nothing can be kept there; give another path")
    folder = next(one for one in (place, *place.parents) if one.exists() and (one != place or place.is_dir()))
    if not folder.is_dir():
        raise UserError(f"{path}: cannot be written, since {folder} is a file; give another path")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"{path}: cannot be written, since {folder} is not writable for you; give another path")
    return path


def writable_folder(path: Path) -> Path:
    """As `writable`, for a folder; raises UserError for a file, too."""
    if path.expanduser().is_file():
        raise UserError(f"{path}: is a file; give a folder")
    return writable(path)


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """In the block, an OSError becomes a UserError which says that `path` cannot be written."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> UserError:
    """The error for the user where writing `path` has failed with an error of the system."""
    reason = os.strerror(error.errno) if error.errno else first_line(error)
    return UserError(f"{path}: cannot be written ({reason}){need(error)}")
