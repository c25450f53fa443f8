"""Numbers by 64-bit hash, looked up many at once."""

import numpy as np
import numpy.typing as npt

_FEWEST, _FULL = 1 << 12, 0.5
_FACTOR = np.uint64(0x9FB21C651E98DF25)


class HashTable:
    """Hash -> number, with open addressing and linear probing.

    0 stands for an empty slot; a hash of 0 is taken for 1.
    """

    def __init__(self) -> None:
        self._length = 0
        self._clear(_FEWEST)

    def _clear(self, size: int) -> None:
        self._hashes = np.zeros(size, np.uint64)
        self._numbers = np.zeros(size, np.int32)
        self._shift = np.uint64(64 - size.bit_length() + 1)

    def get(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
        """The number of each hash; -1 for one that is not there."""
        hashes = np.maximum(hashes, np.uint64(1))
        slots, there = self._slots(hashes)
        found = self._numbers.take(slots)
        found[there != hashes] = -1
        return found

    def add(self, hashes: npt.NDArray[np.uint64], numbers: npt.NDArray[np.int32]) -> None:
        """Add hashes that are not there, each once, with their numbers."""
        hashes = np.maximum(hashes, np.uint64(1))
        self._length += len(hashes)
        if self._length > _FULL * len(self._hashes):
            there = np.flatnonzero(self._hashes)
            hashes = np.concatenate([self._hashes[there], hashes])
            numbers = np.concatenate([self._numbers[there], numbers])
            self._clear(2 << (int(self._length / _FULL)).bit_length())
        while len(hashes):
            slots, _ = self._slots(hashes)
            self._hashes[slots] = hashes  # Of several for one slot the last stays.
            stays = self._hashes[slots] == hashes
            self._numbers[slots[stays]] = numbers[stays]
            hashes, numbers = hashes[~stays], numbers[~stays]

    def _slots(self, hashes: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.uint64]]:
        """The slot that each hash is in, or the empty one where it belongs, and what is in it."""
        last = np.intp(len(self._hashes) - 1)
        slots = ((hashes * _FACTOR) >> self._shift).astype(np.intp)
        found = self._hashes.take(slots)
        taken = np.flatnonzero(found != hashes)
        taken = taken[found[taken] != 0]
        while len(taken):
            slots[taken] = (slots[taken] + 1) & last
            found[taken] = there = self._hashes.take(slots[taken])
            taken = taken[(there != hashes[taken]) & (there != 0)]
        return slots, found
