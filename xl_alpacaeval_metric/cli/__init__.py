"""`xl-alpacaeval`: translates the command line into calls, and errors into one line and an exit code.

Exit codes: 0 done; 1 finished, but with too many missing verdicts; 2 wrong use or bad input; 130 interrupted.
Nothing heavy is imported before a command needs it.
"""

import os
import sys

from typer.exceptions import Exit, TyperException

from xl_alpacaeval_metric.cli import analysis, material  # noqa: F401  (they register their commands)
from xl_alpacaeval_metric.cli.commands import app
from xl_alpacaeval_metric.errors import UserError

__all__ = ["app", "main"]


def main() -> None:
    """The console command."""
    sys.exit(_run())


def _run() -> int:
    try:
        code = app(standalone_mode=False)
    except UserError as error:
        return _complain(str(error))
    except Exit as stop:
        return stop.exit_code
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            return 2
        return _complain(f"{error.format_message()}; see --help")
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except OSError as error:  # A full disk, a folder that may not be read: nothing a command can foresee everywhere.
        return _complain(": ".join(filter(None, (str(error.filename or ""), error.strerror or str(error)))))
    return code if isinstance(code, int) else 0


def _complain(message: str) -> int:
    print("xl-alpacaeval: " + " ".join(message.split()), file=sys.stderr)
    return 2
