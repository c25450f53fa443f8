"""Errors that the user can act on: a command shows each as one line and ends with exit code 2."""

LONGEST_LINE = 200
"""Characters of another library's message that a message of ours quotes at most."""


class UserError(Exception):
    """Wrong use or bad input. The message is one line: the item, the problem, what is needed."""


class ModelUnavailable(UserError):
    """The model cannot answer any request: unknown model, refused key, unreachable endpoint."""


class MissingExtra(UserError):
    """An optional dependency is not installed. The message names the command that installs it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: pip install 'xl-suite[{extra}]'")


def first_line(error: BaseException) -> str:
    """The first non-blank line of an error's message, cut to LONGEST_LINE; else its class name."""
    lines = (line.strip() for line in str(error).splitlines())
    return next((line[:LONGEST_LINE] for line in lines if line), type(error).__name__)
