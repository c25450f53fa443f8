"""Ratings: each answer rated by itself, by all criteria of a rubric in one request."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache

from xl_alpacaeval_metric.clients.base import Client, Completion, Failure, Reply, Request
from xl_alpacaeval_metric.judge.rubric import LEVELS, Rubric
from xl_alpacaeval_metric.records.judgements import Comparison, ItemKey, Rating
from xl_alpacaeval_metric.records.result import CriterionScore
from xl_alpacaeval_metric.stats.intervals import mean_interval
from xl_alpacaeval_metric.stats.missing import as_floats, none_if_nan, none_if_undefined
from xl_alpacaeval_metric.stats.strata import Labels, Strata


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


def summary(
    ratings: Sequence[Rating], rubric: Rubric, prompts: Labels, languages: Labels | None = None
) -> dict[str, CriterionScore]:
    """For each criterion the mean level and its 95% interval over whole prompts.

    `prompts` and `languages`: the prompt and the language of each rating's item. Over several
    languages the mean is that of the languages' means. Ratings without scores are left out and
    counted.
    """
    found = {}
    for name in rubric.names:
        levels = [None if rating.scores is None else float(rating.scores[name]) for rating in ratings]
        strata = Strata.of(as_floats(levels, "level"), prompts, languages)
        found[name] = CriterionScore(
            mean=none_if_nan(strata.mean),
            ci95=none_if_undefined(mean_interval(levels, prompts, languages, bounds=(LEVELS[0], LEVELS[-1]))),
            n=strata.n,
            n_missing=len(ratings) - strata.n,
        )
    return found


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
