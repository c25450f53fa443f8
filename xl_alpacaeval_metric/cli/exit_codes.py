"""The end of a command: errors in one line, and an exit code.

Exit codes: 0 done; 1 finished, but with too much missing; 2 wrong use or bad input; 130
interrupted; 141 nothing reads the standard output.
"""

import atexit
import gc
import os
import sys

import typer
from typer.exceptions import Exit, TyperException

from xl_alpacaeval_metric.errors import UserError


def run(app: typer.Typer, name: str) -> int:
    """Run the command line of the program `name`; returns the exit code."""
    # Python collects garbage once more as it ends: up to half a second with torch loaded.
    atexit.register(gc.freeze)
    try:
        code = app(standalone_mode=False)
        sys.stdout.flush()  # While a closed pipe or a full disk can still be reported.
    except UserError as error:
        return _complain(name, str(error))
    except Exit as stop:
        return stop.exit_code
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            return 2
        return _complain(name, f"{error.format_message()}; see --help")
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except OSError as error:  # Such as a full disk or an unreadable folder.
        return _complain(name, ": ".join(filter(None, (str(error.filename or ""), error.strerror or str(error)))))
    return code if isinstance(code, int) else 0


def _complain(name: str, message: str) -> int:
    print(f"{name}: " + " ".join(message.split()), file=sys.stderr)
    return 2
