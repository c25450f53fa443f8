"""What the user did or has that keeps the work from going on: shown as one line, exit code 2."""


class UserError(Exception):
    """Wrong use or bad input. The message is one line: the item, the problem, what is needed."""


class ModelUnavailable(UserError):
    """The judge cannot be asked at all: unknown model, refused key, address that does not answer."""


class MissingExtra(UserError):
    """An optional part is not installed. The message names the command that installs it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: pip install 'xl-suite[{extra}]'")
