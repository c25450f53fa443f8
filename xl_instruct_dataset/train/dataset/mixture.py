"""How many rows each group gives, and which: shares by a rule, drawn by a seed."""

import hashlib
import random
from collections.abc import Mapping, Sequence
from math import floor
from typing import TypeVar

T = TypeVar("T")


def shares(available: Mapping[str, int], total: int, mixture: str, temperature: float) -> dict[str, int]:
    """How many of `total` rows each group gives; the numbers add up to `total`.

    A group of n rows gets a share in proportion to n (`proportional`), to 1 (`uniform`), or to
    n ** (1 / temperature) (`temperature`), which lies between the two (Arivazhagan et al. 2019,
    arXiv:1907.05019). A share may be more than the group has.
    """
    power = {"proportional": 1.0, "uniform": 0.0}.get(mixture, 1 / temperature)
    weights = {group: float(count) ** power for group, count in available.items() if count}
    whole = sum(weights.values())
    exact = {group: total * weight / whole for group, weight in weights.items()}
    counts = {group: floor(share) for group, share in exact.items()}
    for group in sorted(exact, key=lambda group: (counts[group] - exact[group], group))[: total - sum(counts.values())]:
        counts[group] += 1
    return counts


def draw(rows: Sequence[T], count: int, seed: str) -> list[T]:
    """`count` rows at random.

    Where there are fewer, every row is repeated as often as all of them fit into `count`, and the
    rest is drawn at random.
    """
    rounds, rest = divmod(count, len(rows)) if rows else (0, 0)
    return [*rows] * rounds + random.Random(seed).sample(list(rows), rest)


def held_out_items(items: Sequence[str], share: float, seed: int) -> frozenset[str]:
    """A share of the distinct items, by a hash, so that more items change few of the others.

    Of two or more items at least one is taken and at least one is left, unless the share is 0.
    """
    distinct = sorted(set(items), key=lambda item: hashlib.sha256(f"{seed}:{item}".encode()).digest())
    if not share or len(distinct) < 2:
        return frozenset()
    return frozenset(distinct[: min(len(distinct) - 1, max(1, round(share * len(distinct))))])
