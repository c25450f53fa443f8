"""The order in which the judge sees the two answers: half of each language candidate-first."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from xl_alpacaeval_metric import templates
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Order

ORDERS: tuple[Order, Order] = ("candidate_first", "reference_first")

SMALL = ("mini", "context")
"""Benchmarks that are judged in both orders unless one is asked for: they are small."""


def both_by_default(benchmarks: Iterable[str]) -> bool:
    """Whether answers to these benchmarks are judged in both orders where nothing is said."""
    return all(name in SMALL for name in benchmarks)


def balanced(
    comparisons: Sequence[Comparison], seed: int, judged: Mapping[ItemKey, Collection[Order]] | None = None
) -> dict[ItemKey, Order]:
    """One order for each item: in each language half are candidate-first, or one more or less.

    A language's prompts are put into an order drawn by the seed, and alternate in it; the languages
    of a prompt alternate, too. Only the seed and the names of prompts and languages count, not the
    order of the comparisons.

    `judged` are the orders in which items have been judged already, and stay. Where they are not
    those of this draw (an earlier version's coin, or fewer items), the other items of the language
    are given the orders that are missing for balance.
    """
    drawn = _drawn(comparisons, seed)
    kept = {key: _kept(orders, drawn[key]) for key, orders in (judged or {}).items() if key in drawn and orders}
    others = {key[1] for key, order in kept.items() if order != drawn[key]}
    counts = {code: Counter(order for key, order in kept.items() if key[1] == code) for code in others}
    for key, order in drawn.items():
        if key in kept:
            drawn[key] = kept[key]
        elif key[1] in others:
            count = counts[key[1]]
            fewer = min(ORDERS, key=lambda one: (count[one], one != order))
            count[fewer] += 1
            drawn[key] = fewer
    return drawn


def is_balanced(orders: Mapping[ItemKey, Order]) -> bool:
    """Whether the orders of each language are equally frequent, or differ by one."""
    first: Counter[str] = Counter()
    for (_, code), order in orders.items():
        first[code] += 1 if order == "candidate_first" else -1
    return all(abs(difference) <= 1 for difference in first.values())


def _drawn(comparisons: Sequence[Comparison], seed: int) -> dict[ItemKey, Order]:
    """The orders by the seed and the names alone, language by language."""
    languages: dict[str, list[Comparison]] = defaultdict(list)
    for item in comparisons:
        languages[item.language].append(item)
    found: dict[ItemKey, Order] = {}
    for shift, code in enumerate(sorted(languages, key=lambda code: templates.digest(str(seed), code))):
        some = sorted(languages[code], key=lambda item: (templates.digest(str(seed), item.cluster), item.id))
        for place, item in enumerate(some):
            found[item.key] = ORDERS[(place + shift) % 2]
    return found


def _kept(orders: Collection[Order], drawn: Order) -> Order:
    return drawn if drawn in orders else next(iter(sorted(orders)))
