"""Looking up near-duplicates: processor time a text, and memory, by how many there were before.

    python perf/near_duplicates.py [--texts 1000000]

Signatures are drawn at random in the place of those of texts, which take the same time at any
number. No two are near-duplicates: every text is looked up, and kept.
"""

import argparse
import resource
from collections.abc import Iterator
from itertools import islice

import numpy as np

from xl_instruct_dataset.quality.minhash import BANDS, ROWS, Signature
from xl_instruct_dataset.quality.near_duplicates import NearDuplicates

BLOCK = 10_000


def drawn() -> Iterator[Signature]:
    """Signatures of texts that are not there."""
    chance = np.random.default_rng(0)
    while True:
        yield from chance.integers(0, 2**32, (BLOCK, BANDS * ROWS), np.uint32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=1_000_000)
    wanted = parser.parse_args().texts
    used = resource.getrusage(resource.RUSAGE_SELF)
    before, first, size = used.ru_utime + used.ru_stime, 0, BLOCK
    with NearDuplicates() as seen:
        for number, signature in enumerate(islice(drawn(), wanted), 1):
            seen.seen_signature(str(number), signature)
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
