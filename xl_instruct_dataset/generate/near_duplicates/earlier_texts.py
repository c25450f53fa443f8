"""The first earlier text that a text nearly repeats, for texts in their order."""

import shutil
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import suppress
from itertools import accumulate

import numpy as np

from xl_instruct_dataset.generate.config.work_folder import SIGNATURES
from xl_instruct_dataset.generate.near_duplicates import shared_bands
from xl_instruct_dataset.generate.near_duplicates.signatures import Array, Compared
from xl_instruct_dataset.quality import minhash
from xl_instruct_dataset.quality.minhash import BANDS, Signature, SignatureCache


class EarlierTexts:
    """Finds near-duplicates among the texts of one name, as `quality.near_duplicates` does.

    A text is held against the texts that were kept before it and share a band with it. Of texts
    that share none, which are most, nothing is remembered; of the others 16 bytes for each band,
    and the signature of those that are kept.
    """

    def __init__(self, compared: Compared, name: str) -> None:
        self._compared, self._name = compared, name
        self._starts = [0, *accumulate(compared.signatures(name, one).shape[1] for one in range(compared.shards))]
        self._shard, self._signatures = -1, np.empty((0, 0, 0), np.uint32)
        self._texts, self._groups, groups = _by_text([shared_bands.find(compared, name, band) for band in range(BANDS)])
        # The kept texts of each group, from the last to the first: linked places in `_texts`.
        self._last = np.full(groups, -1, np.int64)
        self._before = np.full(len(self._texts), -1, np.int64)
        self._kept: dict[int, tuple[str, Signature]] = {}

    def seen(self, number: int, id: str) -> str | None:
        """The id of the first earlier text that this one nearly repeats; or None, and it is kept.

        `number` is that of its draft through all shards, and must be larger than those before.
        """
        start, end = self._texts.searchsorted(np.array([number, number + 1], self._texts.dtype)).tolist()
        if start == end:
            return None
        ours = self._signature(number)
        for earlier in sorted(set(self._candidates(start, end))):
            its_id, signature = self._kept[earlier]
            if minhash.repeats(signature, ours):
                return its_id
        self._kept[number] = id, ours
        places, groups = np.arange(start, end), self._groups[start:end]
        self._before[places] = self._last[groups]
        self._last[groups] = places
        return None

    def _candidates(self, start: int, end: int) -> Iterator[int]:
        """The kept texts in the groups of these places."""
        for place in self._last[self._groups[start:end]].tolist():
            while place >= 0:
                yield int(self._texts[place])
                place = int(self._before[place])

    def _signature(self, number: int) -> Signature:
        shard = bisect_right(self._starts, number) - 1
        if shard != self._shard:
            self._shard, self._signatures = shard, self._compared.signatures(self._name, shard)
        return self._signatures[:, number - self._starts[shard]].reshape(-1)


def sign_all(compared: Compared, ahead: SignatureCache | None) -> None:
    """Sign the texts of all shards where no task has, with what was computed `ahead`."""
    for shard in range(compared.shards):
        compared.sign(shard, ahead.take if ahead else minhash.signature)


def forget(compared: Compared) -> None:
    """Remove what was kept of texts that have been compared."""
    for name in compared.names:
        shutil.rmtree(compared.folder(name), ignore_errors=True)
    with suppress(OSError):  # It does not exist, or holds other texts'.
        (compared.work / SIGNATURES).rmdir()


def _by_text(bands: list[Array]) -> tuple[Array, Array, int]:
    """Texts in ascending order, the group of each, and how many groups of all bands there are."""
    counts = [int(groups[-1]) + 1 if len(groups) else 0 for _, groups in bands]
    firsts = accumulate(counts, initial=0)
    texts = np.concatenate([texts for texts, _ in bands])
    groups = np.concatenate([groups + np.uint32(first) for (_, groups), first in zip(bands, firsts, strict=False)])
    order = texts.argsort(kind="stable")
    return texts[order], groups[order], sum(counts)
