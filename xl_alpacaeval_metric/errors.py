"""What the user did or has that keeps the work from going on: shown as one line, exit code 2."""


class UserError(Exception):
    """Wrong use or bad input. The message is one line: the item, the problem, what is needed."""


class ModelUnavailable(UserError):
    """The judge cannot be asked at all: unknown model, refused key, address that does not answer."""


class MissingExtra(UserError):
    """An optional part is not installed. The message names the command that installs it."""

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
