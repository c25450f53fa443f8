"""Which texts share a band of hashes with another one: found by sorting, one band at a time."""

from pathlib import Path

import numpy as np

from xl_instruct_dataset.generate.near_duplicates import signatures
from xl_instruct_dataset.generate.near_duplicates.signatures import NONE, Array, Compared
from xl_instruct_dataset.quality.minhash import ROWS

_ODD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: a multiplier that spreads (Knuth, volume 3, section 6.4)."""


def find(compared: Compared, name: str, band: int) -> Array:
    """Two rows: numbers of texts, and for each the number of its group.

    Texts of one group have the same hashes in the band; those that have them alone are left out.
    Texts are numbered from 0 through all shards, groups from 0. Read from its file where another
    task has written it.
    """
    file = _file(compared, name, band)
    if file.exists():
        return signatures.read(file)
    # Copies, so that one file is mapped at a time.
    parts = [np.array(compared.signatures(name, shard)[band]) for shard in range(compared.shards)]
    return _groups(np.concatenate(parts))


def keep(compared: Compared, band: int) -> None:
    """Write what `find` finds in the texts of each name, for a process that asks for it later."""
    for name in compared.names:
        file = _file(compared, name, band)
        if not file.exists():
            signatures.write(file, find(compared, name, band))


def _groups(hashes: Array) -> Array:
    """As `find`, of texts x ROWS hashes."""
    mixed = np.zeros(len(hashes), np.uint64)
    for row in range(ROWS):
        # Two bands that are mixed into one number by chance cost a comparison.
        mixed = (mixed ^ hashes[:, row]) * _ODD
        mixed ^= mixed >> np.uint64(29)
    texts = np.flatnonzero((hashes != NONE).any(axis=1)).astype(np.uint32)
    order = mixed[texts].argsort(kind="stable")
    texts, mixed = texts[order], mixed[texts[order]]
    as_before = np.zeros(len(texts), bool)
    as_before[1:] = mixed[1:] == mixed[:-1]
    shared = as_before.copy()
    shared[:-1] |= as_before[1:]
    groups = np.cumsum(~as_before[shared], dtype=np.uint32) - np.uint32(1)
    return np.stack([texts[shared], groups])


def _file(compared: Compared, name: str, band: int) -> Path:
    return compared.folder(name) / f"band-{band:02d}-{compared.state[:16]}.npy"
