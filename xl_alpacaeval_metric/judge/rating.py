"""Ratings: each answer rated by itself, by all criteria of a rubric in one request."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from xl_alpacaeval_metric.clients.base import Client, Completion, Failure, Reply, Request
from xl_alpacaeval_metric.judge.rubric import LEVELS, Rubric
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Rating
from xl_alpacaeval_metric.records.result import CriterionScore
from xl_alpacaeval_metric.stats.clusters import Clusters
from xl_alpacaeval_metric.stats.missing import none_if_undefined
from xl_alpacaeval_metric.stats.win_rates import bootstrap_interval

_SPAN = LEVELS[-1] - LEVELS[0]


def rate(comparisons: Sequence[Comparison], client: Client, rubric: Rubric) -> Iterator[Rating]:
    """One rating for the prediction of each comparison, as the replies come in.

    Raises what the client's `complete` raises.
    """
    reader = RatingReader(rubric)
    requests = [reader.request(item) for item in comparisons]
    for index, reply in client.complete(requests, reader.is_usable):
        yield reader.judgement(comparisons[index], requests[index], reply)


class RatingReader:
    """Turns a comparison into a request for a rating, and the reply into the rating."""

    def __init__(self, rubric: Rubric) -> None:
        self._rubric = rubric
        # A client asks whether a reply is usable before it hands it on; it is parsed once for both.
        self._parse = lru_cache(maxsize=1024)(rubric.parse)

    def request(self, comparison: Comparison) -> Request:
        return self._rubric.request(comparison.instruction, comparison.prediction, comparison.language)

    def is_usable(self, completion: Completion) -> bool:
        """Whether the reply holds a level of every criterion."""
        return self._parse(completion.text) is not None

    def judgement(self, comparison: Comparison, _request: Request, reply: Reply) -> Rating:
        """The rating in the reply."""
        return _rating(comparison, reply, self._rubric, self._parse)


def finished(ratings: Iterable[Rating], rubric: Rubric) -> dict[ItemKey, Rating]:
    """Those of the ratings that are by this rubric and have scores, by item."""
    return {(r.id, r.language): r for r in ratings if r.scores is not None and r.rubric == rubric.sha}


def summary(ratings: Sequence[Rating], rubric: Rubric, clusters: Clusters) -> dict[str, CriterionScore]:
    """For each criterion the mean level and its 95% bootstrap interval over whole prompts.

    `clusters`: the ratings' items by prompt. Ratings without scores are left out and counted.
    """
    found = {}
    for name in rubric.names:
        levels = [rating.scores[name] for rating in ratings if rating.scores is not None]
        # `bootstrap_interval` is for values in [0, 1] and returns percent: levels are scaled to
        # that and back.
        shares = [None if rating.scores is None else (rating.scores[name] - LEVELS[0]) / _SPAN for rating in ratings]
        interval = none_if_undefined(bootstrap_interval(shares, clusters, seed=0))
        found[name] = CriterionScore(
            mean=sum(levels) / len(levels) if levels else None,
            ci95=None if interval is None else (_level(interval[0]), _level(interval[1])),
            n=len(levels),
            n_missing=len(ratings) - len(levels),
        )
    return found


def _level(percent: float) -> float:
    return LEVELS[0] + _SPAN * percent / 100


def _rating(
    comparison: Comparison, reply: Reply, rubric: Rubric, parse: Callable[[str], dict[str, int] | None]
) -> Rating:
    if isinstance(reply, Failure):
        return Rating(*comparison.key, None, reason=reply.reason, retries=reply.retries, rubric=rubric.sha)
    scores = parse(reply.text)
    return Rating(
        *comparison.key,
        scores,
        reason=f"no levels in the reply {reply.text[:40]!r}" if scores is None else None,
        raw=reply.text,
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=reply.completion_tokens,
        retries=reply.retries,
        cached=reply.cached,
        rubric=rubric.sha,
    )
