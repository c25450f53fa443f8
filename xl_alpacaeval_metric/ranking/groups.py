"""Rank sets and significance groups, from the pairs of models that are told apart."""

from collections.abc import Sequence

import numpy as np

from xl_alpacaeval_metric.stats.clusters import Codes

MOST_COLUMNS = 200
"""Groups that are searched for exactly; with more, groups are of neighbours in the order alone."""


def rank_sets(better: Codes) -> list[tuple[int, int]]:
    """The best and the worst rank that each model may have, from 1.

    `better[i, j]` is 1 where model i is significantly better than j, -1 where it is worse. If these
    statements hold together with probability 1 - alpha, all true ranks lie in their sets with at
    least that probability. Source: Mogstad, Romano, Shaikh & Wilhelm 2024,
    doi:10.1093/restud/rdad006.
    """
    models = len(better)
    return [(1 + int((row == -1).sum()), models - int((row == 1).sum())) for row in better]


def letters(better: Codes, order: Sequence[int]) -> list[str]:
    """The significance groups of each model: two models that share a letter are not told apart.

    `order` lists the models from best to worst; the groups are named along it, a to z; with more
    than 26 they are a to z, aa and so on, with commas between them. Every two models that are not
    told apart share a letter (Piepho 2004, doi:10.1198/1061860043515), unless there would be more
    than MOST_COLUMNS groups: then groups are the longest runs of neighbours in the order without a
    significant pair.
    """
    different = better[np.ix_(order, order)] != 0
    columns = _absorbed(different)
    if columns is None:
        columns = _neighbours(different)
    found: list[list[str]] = [[] for _ in order]
    for number, column in enumerate(sorted(columns, key=_members)):
        for place in _members(column):
            found[order[place]].append(_name(number))
    return [("," if len(columns) > 26 else "").join(names) for names in found]


def _absorbed(different: Codes) -> list[int] | None:
    """Piepho's insert and absorb; a column is a bit set of places. None if there are too many."""
    columns = {(1 << len(different)) - 1}
    for i, j in zip(*np.nonzero(np.triu(different)), strict=True):
        both = 1 << int(i) | 1 << int(j)
        split = [column for column in columns if column & both == both]
        columns -= set(split)
        for part in sorted({column & ~(1 << int(k)) for column in split for k in (i, j)}, key=int.bit_count)[::-1]:
            if not any(part & other == part for other in columns):
                columns.add(part)
        if len(columns) > MOST_COLUMNS:
            return None
    return list(columns)


def _neighbours(different: Codes) -> list[int]:
    found: list[int] = []
    reached = 0
    for start in range(len(different)):
        end = start
        while end < len(different) and not different[start:end, end].any():
            end += 1
        if end > reached:
            found.append(((1 << end) - 1) & ~((1 << start) - 1))
            reached = end
    return found


def _members(column: int) -> list[int]:
    return [place for place in range(column.bit_length()) if column >> place & 1]


def _name(number: int) -> str:
    name = ""
    number += 1
    while number:
        number, letter = divmod(number - 1, 26)
        name = chr(ord("a") + letter) + name
    return name
