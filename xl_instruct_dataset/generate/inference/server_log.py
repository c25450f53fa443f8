"""What a server that was started has written: why it ended, in one line."""

import re
from pathlib import Path

TAIL = 200_000
"""Characters that are looked at: the end of a log."""
_ERROR = re.compile(r"(?:\b\w*(?:Error|Exception): |\berror: )\s*\S.*")
_NOT_THE_CAUSE = ("Engine core initialization failed", "Engine process failed to start")
"""Errors that follow from another one, further up."""


def reason(file: Path) -> str:
    """The last error in the log that has a cause of its own; "" where there is none, or no log."""
    try:
        text = file.read_text("utf-8", errors="replace")[-TAIL:]
    except OSError:
        return ""
    found = [match[0].strip() for match in map(_ERROR.search, text.splitlines()) if match]
    return next((line[:300] for line in reversed(found) if not any(part in line for part in _NOT_THE_CAUSE)), "")
