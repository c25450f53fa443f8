"""Looking up near-duplicates: processor time a text, and memory, by how many there were before.

    python perf/near_duplicates.py [--texts 1000000]

Signatures are drawn at random in the place of those of texts, which take the same time at any
number. No two are near-duplicates: every text is looked up, and kept.
"""

import argparse
import resource

import numpy as np

from xl_instruct_dataset.quality.near_duplicates import BANDS, ROWS, NearDuplicates, SignatureCache

BLOCK = 10_000


class Drawn(SignatureCache):
    """Signatures of texts that are not there."""

    def __init__(self) -> None:
        super().__init__()
        self._chance = np.random.default_rng(0)
        self._left: list[bytes] = []

    def take(self, text: str) -> bytes:
        if not self._left:
            block = self._chance.integers(0, 2**32, (BLOCK, BANDS * ROWS), np.uint32)
            self._left = [row.tobytes() for row in block]
        return self._left.pop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=1_000_000)
    wanted = parser.parse_args().texts
    used = resource.getrusage(resource.RUSAGE_SELF)
    before, first, size = used.ru_utime + used.ru_stime, 0, BLOCK
    with NearDuplicates(signatures=Drawn()) as seen:
        for number in range(1, wanted + 1):
            seen.seen(str(number), "")
            if number in (size, wanted):
                used = resource.getrusage(resource.RUSAGE_SELF)
                now = used.ru_utime + used.ru_stime
                print(
                    f"{number:>10,} texts: {1000 * (now - before) / (number - first):.3f} ms of processor time each "
                    f"since {first:,}, {used.ru_maxrss / 1024:.0f} MB at most",
                    flush=True,
                )
                before, first, size = now, number, size * 10 if size < 100_000 else size * 2


if __name__ == "__main__":
    main()
