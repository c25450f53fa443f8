"""Records packed into a page in parts, which the page's script inflates when it needs them.

A part is a JSON list, compressed by zlib (RFC 1950) and written in base64.
"""

import base64
import json
import zlib
from collections.abc import Callable

PART_CHARACTERS = 250_000
"""From which on a part is full: so much is inflated to show one of its records."""


def packed(content: object) -> str:
    """The content as JSON, compressed, in base64: it ends no script element."""
    # Halves of characters become escapes of JSON, and a browser shows each as one sign.
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(zlib.compress(text.encode("utf-8", "backslashreplace"), 6)).decode()


class Parts:
    """Records, numbered from 0, in parts named `prefix` and a number.

    `write` gets each part's name and content as soon as it is full. `starts` has the number of the
    first record of each part.
    """

    def __init__(self, prefix: str, write: Callable[[str, str], None]) -> None:
        self._prefix, self._write = prefix, write
        self._records: list[object] = []
        self._characters = 0
        self._count = 0
        self.starts: list[int] = []

    def add(self, record: object, characters: int) -> int:
        """Add a record of about so many characters; returns its number."""
        if self._records and self._characters + characters > PART_CHARACTERS:
            self.close()
        self._records.append(record)
        self._characters += characters
        self._count += 1
        return self._count - 1

    def close(self) -> None:
        """Write what is left."""
        if self._records:
            self._write(f"{self._prefix}{len(self.starts)}", packed(self._records))
            self.starts.append(self._count - len(self._records))
        self._records, self._characters = [], 0
