"""The selection of one translation among the usable candidates."""

from collections.abc import Sequence

from xl_instruct_dataset.generate.documents import Candidate
from xl_instruct_dataset.records import Selection
from xl_instruct_dataset.stages import chrf


def usable(candidates: Sequence[Candidate]) -> list[int]:
    """The indices of the candidates without a fault."""
    return [index for index, candidate in enumerate(candidates) if not candidate.fault]


def by_index(method: str, candidates: Sequence[Candidate], chosen: int | None) -> Selection:
    """The selection of the candidate at this index, without scores."""
    return Selection(method, len(candidates), chosen, None)


def the_only(candidates: Sequence[Candidate]) -> Selection:
    """The selection where at most one candidate is usable, so that nothing is compared."""
    return by_index("only", candidates, next(iter(usable(candidates)), None))


def by_scores(method: str, candidates: Sequence[Candidate], scores: Sequence[float]) -> Selection:
    """The selection of the highest score, the first of equal ones.

    `scores` are those of the usable candidates, in their order.
    """
    indices = usable(candidates)
    score_of = dict(zip(indices, scores, strict=True))
    chosen = max(indices, key=score_of.__getitem__, default=None)
    return Selection(method, len(candidates), chosen, [score_of.get(index) for index in range(len(candidates))])


def by_chrf(candidates: Sequence[Candidate]) -> Selection:
    """The selection of the usable candidate that the other usable ones agree with most."""
    indices = usable(candidates)
    if len(indices) < 2:
        return the_only(candidates)
    return by_scores("chrf", candidates, chrf.agreement([candidates[index].text for index in indices]))
