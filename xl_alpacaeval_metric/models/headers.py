"""The headers of files of weights: which tensors are in them, and how long the files must be."""

import json
import math
import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SUFFIXES = (".safetensors", ".gguf")
_MOST = 100 * 2**20
"""Bytes of a header of safetensors, at most."""
_GGUF, _STRING, _ARRAY = b"GGUF", 8, 9
_VALUES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
"""The types of GGUF's metadata, but texts and lists, as `struct` calls them."""
GGUF_TYPES: Mapping[int, tuple[int, int]] = {
    **{0: (1, 4), 1: (1, 2), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 30: (1, 2)},
    **{2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40), 20: (32, 18), 39: (32, 17)},
    **{10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292)},
    **{16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 21: (256, 110), 22: (256, 82), 23: (256, 136)},
    **{29: (256, 56), 34: (256, 54), 35: (256, 66), 40: (64, 36), 41: (128, 18)},
}
"""Types of GGUF's tensors -> the numbers of a block, and its bytes (ggml-common.h of llama.cpp)."""


def is_cut_short(file: Path) -> bool:
    """Whether a file of safetensors, or GGUF, is shorter than its header says."""
    try:
        return file.stat().st_size < (_length_of_gguf(file) if file.suffix == ".gguf" else _length(file))
    except (struct.error, IndexError):  # It ends inside its header.
        return True
    except (ValueError, KeyError, TypeError, AttributeError):
        return False  # Loading says best what is wrong with it.


def tensors(file: Path) -> Mapping[str, Any]:
    """What the header of a file of safetensors says of each tensor; empty for a damaged one."""
    try:
        if is_cut_short(file):
            return {}
        found = _header(file)[0]
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _header(file: Path) -> tuple[Any, int]:
    """The header of a file of safetensors, and where the tensors begin."""
    with file.open("rb") as content:
        (length,) = struct.unpack("<Q", content.read(8))
        if length > min(file.stat().st_size - 8, _MOST):
            raise struct.error("longer than the file")
        return json.loads(content.read(length)), 8 + length


def _length(file: Path) -> int:
    """The bytes that a file of safetensors must have."""
    found, start = _header(file)
    ends = [int(entry["data_offsets"][1]) for name, entry in found.items() if name != "__metadata__"]
    return start + max(ends, default=0)


def _length_of_gguf(file: Path) -> int:
    """The bytes that a GGUF file must have; 0 for the big-endian and the first ones.

    https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
    """
    with file.open("rb") as content, mmap.mmap(content.fileno(), 0, access=mmap.ACCESS_READ) as header:
        if header[:4] != _GGUF:
            raise ValueError("no GGUF file")
        reader = _Reader(header)
        if reader.one("I") not in (2, 3):
            return 0
        count, entries = reader.one("Q"), reader.one("Q")
        alignment = 32
        for _ in range(entries):
            key = reader.text()
            value = reader.value(reader.one("I"))
            if key == b"general.alignment":
                alignment = int(value)
        end = 0
        for _ in range(count):
            reader.text()
            shape = reader.many("Q", reader.one("I"))
            numbers, size = GGUF_TYPES.get(reader.one("I"), (1, 0))
            end = max(end, reader.one("Q") + math.prod(shape) // numbers * size)
        return -(-reader.position // alignment) * alignment + end if count else reader.position


class _Reader:
    """Reads a header's values one after the other; raises struct.error at its end."""

    def __init__(self, header: mmap.mmap) -> None:
        self._header, self.position = header, 4

    def one(self, kind: str) -> Any:
        return self.many(kind, 1)[0]

    def many(self, kind: str, count: int) -> tuple[Any, ...]:
        form = f"<{count}{kind}"
        found = struct.unpack_from(form, self._header, self.position)
        self.position += struct.calcsize(form)
        return found

    def text(self) -> bytes:
        (length,) = struct.unpack_from("<Q", self._header, self.position)
        start, self.position = self.position + 8, self.position + 8 + length
        return self._header[start : self.position]

    def value(self, kind: int) -> Any:
        """A value of the metadata; of a list nothing, but that it is read over."""
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY:
            return self.one(_VALUES[kind])
        of, count = self.one("I"), self.one("Q")
        if of in _VALUES:
            self.position += count * struct.calcsize(f"<{_VALUES[of]}")
            return None
        for _ in range(count):
            self.value(of)
        return None
