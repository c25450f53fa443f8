"""Which texts have a hash: an index on disk, whose cost grows slowly with their number."""

import mmap
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np

RECENT = 1024
"""Texts whose hashes are kept in memory, before they are sorted into a run."""
RATIO = 4
"""A run is merged with the one before it, unless that is more than so many times as long."""
SLICE = 2**18
"""Hashes that are merged at a time, at most about; their memory is bounded."""
Run = tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.uint32]]]
"""Hashes in ascending order, and the numbers of the texts that have them."""


class BandIndex:
    """Hashes of 64 bits, each with the number of a text that has it.

    New ones lie in memory; RECENT texts' are sorted into a run on disk, and runs are merged with
    those before, so that there are few: a log-structured merge tree (O'Neil et al. 1996). Hashes
    are never changed or taken out, so a run is a sorted table that is read as mapped memory. Runs
    are files without a name in the folder for temporary files; they end with the process.
    """

    def __init__(self) -> None:
        self._recent: dict[int, list[int]] = {}
        self._texts = 0
        self._runs: list[Run] = []

    def numbers(self, hashes: Sequence[int]) -> list[int]:
        """The numbers of the texts that have one of the hashes, in ascending order."""
        found = {number for one in hashes for number in self._recent.get(one, ())}
        wanted = np.array(hashes, np.int64)
        for keys, numbers in self._runs:
            places = keys.searchsorted(wanted)
            places[places == len(keys)] = 0
            for start in places[keys[places] == wanted].tolist():
                end = keys.searchsorted(keys[start], "right")
                found.update(numbers[start:end].tolist())
        return sorted(found)

    def add(self, hashes: Sequence[int], number: int) -> None:
        """Keep the hashes of a text; raises OSError where the disk has no room."""
        for one in hashes:
            self._recent.setdefault(one, []).append(number)
        self._texts += 1
        if self._texts == RECENT:
            self._sort_into_run()

    def close(self) -> None:
        """Remove the files; the object is of no use afterwards."""
        self._runs.clear()

    def _sort_into_run(self) -> None:
        pairs = [(one, number) for one, numbers in self._recent.items() for number in numbers]
        new = np.array([one for one, _ in pairs], np.int64), np.array([number for _, number in pairs], np.uint32)
        order = new[0].argsort()
        parts = [(new[0][order], new[1][order])]
        while self._runs and len(self._runs[-1][0]) <= RATIO * sum(len(keys) for keys, _ in parts):
            parts.append(self._runs.pop())
        self._runs.append(_merged(parts))
        self._recent, self._texts = {}, 0


def _merged(parts: Sequence[Run]) -> Run:
    """One run of several, in a file; a slice of the range of all hashes is merged at a time."""
    total = sum(len(keys) for keys, _ in parts)
    slices = -(-total // SLICE)
    bounds = np.array([2**64 * number // slices - 2**63 for number in range(1, slices)], np.int64)
    cuts = [[0, *keys.searchsorted(bounds).tolist(), len(keys)] for keys, _ in parts]
    with tempfile.TemporaryFile() as file:
        at = 0
        for number in range(slices):
            of_slice = [slice(cut[number], cut[number + 1]) for cut in cuts]
            hashes = np.concatenate([keys[one] for (keys, _), one in zip(parts, of_slice, strict=True)])
            numbers = np.concatenate([values[one] for (_, values), one in zip(parts, of_slice, strict=True)])
            order = hashes.argsort()
            for start, column in ((8 * at, hashes), (8 * total + 4 * at, numbers)):
                file.seek(start)
                file.write(column[order].tobytes())
            at += len(hashes)
        file.flush()
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)  # It lasts without the file object.
    return np.frombuffer(mapped, np.int64, total), np.frombuffer(mapped, np.uint32, total, 8 * total)
