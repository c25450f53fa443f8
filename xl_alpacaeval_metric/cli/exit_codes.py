"""The end of a command: errors in one line, an exit code, and --version, which ends it.

Exit codes: 0 done; 1 finished, but with too much missing; 2 wrong use or bad input; 129, 130, 143
ended by a hang-up (SIGHUP), by Ctrl-C, by SIGTERM; 141 nothing reads the standard output.
"""

import atexit
import gc
import logging
import os
import sys
from typing import Annotated

import typer
from typer.exceptions import Exit, TyperException

from xl_alpacaeval_metric import __version__
from xl_alpacaeval_metric.errors import UserError, in_words
from xl_alpacaeval_metric.processes import streams
from xl_alpacaeval_metric.processes.signals import Interruption, interrupting_signals
from xl_alpacaeval_metric.terminal import PrintableFormatter, say

NOTHING_READS = 141


def _print_version(wanted: bool) -> None:
    if wanted:
        say(f"xl-suite {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version of xl-suite"),
]
"""The option that both commands have."""


def run(app: typer.Typer, name: str) -> int:
    """Run the command line of the program `name`; returns the exit code."""
    # Python collects garbage once more as it ends: up to half a second with torch loaded.
    atexit.register(gc.freeze)
    streams.prepare()
    if logging.lastResort is not None:  # What prints the warnings of a program without log handlers.
        logging.lastResort.setFormatter(PrintableFormatter())
    try:
        with interrupting_signals():
            code = app(standalone_mode=False)
            sys.stdout.flush()  # While a closed pipe or a full disk can still be reported.
    except Interruption as stop:
        return stop.exit_code
    except UserError as error:
        return _complain(name, str(error))
    except Exit as stop:
        return stop.exit_code
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            return 2
        return _complain(name, f"{error.format_message().rstrip('.')}; see --help")
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return _nothing_reads()
    except SystemExit as stop:
        # typer ends the process with code 1 where nothing reads the output.
        if isinstance(stop.__context__, BrokenPipeError):
            return _nothing_reads()
        raise
    except OSError as error:  # Such as a full disk or an unreadable folder.
        return _complain(name, in_words(error))
    return code if isinstance(code, int) else 0


def _nothing_reads() -> int:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return NOTHING_READS


def _complain(name: str, message: str) -> int:
    say(f"{name}: " + " ".join(message.split()), error=True)
    return 2
