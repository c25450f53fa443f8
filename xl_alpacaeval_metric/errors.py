"""Errors that the user can act on: a command shows each as one line and ends with exit code 2."""

import errno
from collections.abc import Mapping

LONGEST_LINE = 200
"""Characters of another library's message that a message of ours quotes at most."""


class UserError(Exception):
    """Wrong use or bad input. The message is one line: the item, the problem, what is needed."""


class ModelUnavailable(UserError):
    """The model cannot answer any request: unknown model, refused key, unreachable endpoint."""


class MissingExtra(UserError):
    """An optional dependency is not installed. The message names the command that installs it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: {_install_command(extra)}")


def _install_command(extra: str) -> str:
    """How to install xl-suite with this extra from where it was installed before.

    A package index, a repository, a folder: pip records it in `direct_url.json` (PEP 610).
    """
    import json
    import shlex
    from importlib import metadata
    from urllib.parse import unquote, urlparse

    try:
        recorded = metadata.distribution("xl-suite").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return f"pip install -e '.[{extra}]' in the checkout"
    if not recorded:
        return f"pip install 'xl-suite[{extra}]'"
    found = json.loads(recorded)
    url = str(found["url"])
    if "dir_info" in found:
        folder = unquote(urlparse(url).path)
        flag = "-e " if found["dir_info"].get("editable") else ""
        return f"pip install {flag}{shlex.quote(f'{folder}[{extra}]')}"
    if "vcs_info" in found:
        url = f"{found['vcs_info']['vcs']}+{url}"
    return f"pip install {shlex.quote(f'xl-suite[{extra}] @ {url}')}"


def first_line(error: BaseException) -> str:
    """The first non-blank line of an error's message, cut to LONGEST_LINE; else its class name."""
    lines = (line.strip() for line in str(error).splitlines())
    return next((line[:LONGEST_LINE] for line in lines if line), type(error).__name__)


_NEEDS: Mapping[int, str] = {
    errno.ENOSPC: "make room there, and run the same command again",
    errno.EDQUOT: "make room there, and run the same command again",
    errno.EACCES: "give another path, or get the right to this one",
    errno.EPERM: "give another path, or get the right to this one",
    errno.EROFS: "give another path",
    errno.EEXIST: "a file is there; give another path",
    errno.ENOTDIR: "a part of the path is a file; give another path",
    errno.EISDIR: "it is a folder; give a file",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.EMFILE: "allow more open files (ulimit -n)",
}
"""Error of the operating system -> what the user can do about it."""


def need(error: OSError) -> str:
    """What the user can do about the error, after a semicolon; empty where that is not known."""
    found = _NEEDS.get(error.errno or 0)
    return f"; {found}" if found else ""


def in_words(error: OSError) -> str:
    """The file, what is wrong with it, and what the user can do, as far as each is known."""
    return ": ".join(filter(None, (str(error.filename or ""), error.strerror or str(error)))) + need(error)
