"""The votes of a judge that is asked several times: their mean is its verdict."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from xl_alpacaeval_metric.records.judgements import Order, Verdict
from xl_alpacaeval_metric.terminal import counted_of


def averaged(verdicts: Iterable[Verdict]) -> list[Verdict]:
    """One verdict for each item, order and judge: the mean preference of its votes.

    A vote without a preference is left out; the verdict is missing where all of its votes are. The
    mean of votes sampled at temperature 1 estimates the probability that the judge's verdict is for
    the candidate (Wang et al. 2023, self-consistency, arXiv:2203.11171, with 1/n weights).
    """
    votes: dict[tuple[str, str, Order, str], list[Verdict]] = {}
    for verdict in verdicts:
        votes.setdefault((verdict.id, verdict.language, verdict.order, verdict.judge), []).append(verdict)
    return [_mean(given) for given in votes.values()]


def left_out(verdicts: Sequence[Verdict]) -> list[str]:
    """A warning about votes that are missing; none where there are no votes, or all came."""
    votes = [verdict for verdict in verdicts if verdict.vote]
    missing = sum(verdict.preference is None for verdict in votes)
    if not missing:
        return []
    return [f"{counted_of(missing, len(votes), 'vote')} missing; the mean is that of the others"]


def _mean(votes: Sequence[Verdict]) -> Verdict:
    if len(votes) == 1:
        return votes[0]
    present = [vote.preference for vote in votes if vote.preference is not None]
    return replace(
        votes[0],
        preference=sum(present) / len(present) if present else None,
        reason=None if present else votes[0].reason,
        raw=votes[0].raw,
        prompt_tokens=sum(vote.prompt_tokens for vote in votes),
        completion_tokens=sum(vote.completion_tokens for vote in votes),
        retries=sum(vote.retries for vote in votes),
        cached=all(vote.cached for vote in votes),
        vote=0,
    )
