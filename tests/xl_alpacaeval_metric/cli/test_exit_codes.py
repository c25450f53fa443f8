"""How a command ends: one line, and an exit code."""

import errno

import pytest
import typer

from xl_alpacaeval_metric.cli import exit_codes
from xl_alpacaeval_metric.errors import MissingExtra, UserError


def ending(monkeypatch: pytest.MonkeyPatch, error: BaseException | int | None, *arguments: str) -> int:
    """The exit code of a command that ends so."""
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def work() -> int | None:
        if isinstance(error, BaseException):
            raise error
        return error

    monkeypatch.setattr("sys.argv", ["program", *arguments])
    return exit_codes.run(app, "program")


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (None, 0, ""),
        (1, 1, ""),
        (typer.Exit(3), 3, ""),
        (KeyboardInterrupt(), 130, ""),
        (UserError("file: no such\n  file; give one"), 2, "program: file: no such file; give one\n"),
        (MissingExtra("trl", "train"), 2, f"program: {MissingExtra('trl', 'train')}\n"),
        (
            OSError(errno.ENOSPC, "No space left on device", "out/x"),
            2,
            "program: out/x: No space left on device; make room there, and run the same command again\n",
        ),
        (OSError(errno.EIO, "Input/output error", "out/x"), 2, "program: out/x: Input/output error\n"),
        (PermissionError("not allowed"), 2, "program: not allowed\n"),
    ],
)
def test_an_ending_is_a_code_and_at_most_a_line(
    error: BaseException | int | None,
    code: int,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ending(monkeypatch, error) == code
    assert capsys.readouterr() == ("", line)


def test_wrong_options_point_to_the_help(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ending(monkeypatch, None, "--nothing") == 2
    assert (errors := capsys.readouterr().err).endswith("; see --help\n")
    assert len(errors.splitlines()) == 1


def test_an_error_of_the_program_itself_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ZeroDivisionError):
        ending(monkeypatch, ZeroDivisionError())
